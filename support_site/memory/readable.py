"""Records for people: a line that says what it is, the value as a list of terms, a change as what differs.

A value may hold half a character, which JSON can write and no page can show: ``readable`` replaces it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from agents.screening import readable
from support_site.memory.models import Record, RecordChange

NOTHING = "(nothing)"
SUMMARY_LENGTH = 120

#: Fields that say what a record is, the first one found is shown.
_TELLING = ("text", "title", "name", "status")


def summary(record: Record) -> str:
    """One line, at most 120 characters: a memory's text, an article's title, an order's status and items."""
    value = record.value
    if value is None:
        return "(deleted)"
    parts = [_words(value[field]) for field in _TELLING if value.get(field)][:1]
    items = value.get("items")
    if isinstance(items, list):
        parts += [str(item["name"]) for item in items if isinstance(item, dict) and item.get("name")]
    line = readable(" · ".join(parts) or json.dumps(value, ensure_ascii=False))
    return line if len(line) <= SUMMARY_LENGTH else f"{line[: SUMMARY_LENGTH - 1]}…"


def definition_list(value: Any) -> SafeString:
    """Any JSON value as HTML: objects as terms with their definitions, lists as lists."""
    if isinstance(value, Mapping) and value:
        return format_html(
            "<dl>{}</dl>",
            format_html_join(
                "", "<dt>{}</dt><dd>{}</dd>", ((_label(name), definition_list(each)) for name, each in value.items())
            ),
        )
    if isinstance(value, list) and value:
        return format_html("<ol>{}</ol>", format_html_join("", "<li>{}</li>", ((definition_list(v),) for v in value)))
    return format_html("{}", _plain(value))


def as_json(value: Any) -> SafeString:
    """The value as JSON, folded away until it is asked for."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return format_html("<details><summary>Show as JSON</summary><pre>{}</pre></details>", readable(text))


def difference(change: RecordChange) -> SafeString:
    """What a change changed, field by field; nothing where old values are not kept."""
    if change.before_text is None or change.after_text is None:
        return format_html("{}", NOTHING)
    lines = tuple(_differences(json.loads(change.before_text), json.loads(change.after_text), ""))
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: <del>{}</del> <ins>{}</ins></li>", lines))


def _differences(before: Any, after: Any, place: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {**before, **after}:
            inner = f"{place} → {_label(name)}" if place else _label(name)
            yield from _differences(before.get(name), after.get(name), inner)
    elif before != after:
        yield place, _plain(before), _plain(after)


def _label(name: Any) -> str:
    text = readable(str(name))
    return text.replace("_", " ").capitalize() if text.isidentifier() else text


def _plain(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return readable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(str(each) for each in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return str(value)
