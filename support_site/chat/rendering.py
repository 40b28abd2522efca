"""Markdown to sanitised HTML, block by block, on the server: a browser gets markup and parses none.

No raw HTML, no images, links to http, https and mailto only. Sanitised is always a whole block made from the
text so far, never a piece of one.
"""

from html import unescape

from django.utils.html import linebreaks, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from markdown_it import MarkdownIt
from markdown_it.token import Token
from nh3 import Cleaner

TAGS = {"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "a"} | {
    *("h1", "h2", "h3", "h4", "h5", "h6"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
LINK_SCHEMES = ("http", "https", "mailto")

_cleaner = Cleaner(
    tags=TAGS,
    attributes={"a": {"href"}, "ol": {"start"}, "*": set()},
    url_schemes=set(LINK_SCHEMES),
    link_rel="noopener nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)
# Without link definitions and underlined headings, nothing that comes later changes an earlier block.
_markdown = (
    MarkdownIt("commonmark", {"html": False})
    .enable(["table", "strikethrough"])
    .disable(["image", "reference", "lheading"])
)
_markdown.validateLink = lambda url: url.lower().startswith(tuple(f"{scheme}:" for scheme in LINK_SCHEMES))  # type: ignore[method-assign]


def blocks(text: str) -> list[str]:
    """The top-level blocks of a Markdown text, each as sanitised HTML."""
    return [html for _, html in _numbered_blocks(text.replace("\r", ""))]


def plain(text: str) -> SafeString:
    """What a person typed: escaped, with its paragraphs and line breaks."""
    return mark_safe(linebreaks(text, autoescape=True))


def in_words(html: str | None, length: int = 140) -> str:
    """The beginning of a message's HTML as plain words, on one line; "" of nothing."""
    return Truncator(" ".join(unescape(strip_tags((html or "").replace("<", " <"))).split())).chars(length)


class StreamingBlocks:
    """The blocks of a text that grows. Only what can still change is parsed again."""

    def __init__(self) -> None:
        self.text = ""
        self._settled = 0
        self._settled_chars = 0
        self._open: list[str] = []

    def extend(self, text: str) -> None:
        self.text += text.replace("\r", "")

    def changes(self) -> tuple[int, list[str]] | None:
        """(start, blocks): from index ``start`` on, the message's blocks become these. None: nothing changed."""
        tail = self.text[self._settled_chars :]
        numbered = _numbered_blocks(tail)
        before, self._open = self._open, [html for _, html in numbered]
        same = _common_start(before, self._open)
        start, changed = self._settled + same, self._open[same:]
        is_same = before == self._open
        self._settle(tail, [line for line, _ in numbered])
        return None if is_same else (start, changed)

    def _settle(self, tail: str, lines: list[int]) -> None:
        """Blocks before the last one that begins with a whole line are final ("2" may yet become "2. ...")."""
        whole_lines = tail.count("\n")
        final = sum(line < whole_lines for line in lines) - 1
        if final > 0:
            self._settled += final
            self._settled_chars += sum(len(line) + 1 for line in tail.split("\n")[: lines[final]])
            self._open = self._open[final:]


def _numbered_blocks(text: str) -> list[tuple[int, str]]:
    """(first line, HTML) of every top-level block."""
    found: list[tuple[int, str]] = []
    block: list[Token] = []
    for token in _markdown.parse(text):
        block.append(token)
        if token.level == 0 and token.nesting <= 0:
            html = _markdown.renderer.render(block, _markdown.options, {})
            found.append(((block[0].map or [0])[0], _cleaner.clean(html).strip()))
            block = []
    return found


def _common_start(one: list[str], other: list[str]) -> int:
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    return same
