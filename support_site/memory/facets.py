"""What lists and counts of memories go by, read out of the value when it is written, so that none reads values."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from agents.screening import MAX_LENGTH, readable

#: The columns of ``Record`` that are filled here; empty for everything that is no memory.
FACETS = ("memory_kind", "trust", "conversation_id", "recalled_until", "reviewed_at", "search_text")


def facets_of(kind: str, value_text: str | None) -> dict[str, Any]:
    """The columns of a record with this value. A value of another shape than a memory's leaves them empty."""
    value = json.loads(value_text) if kind == "memories" and value_text is not None else {}
    source = value.get("source")
    return {
        "memory_kind": _word(value.get("kind"), 20),
        "trust": _word(value.get("trust"), 10),
        "conversation_id": _uuid(source.get("conversation")) if isinstance(source, dict) else None,
        "recalled_until": _time(value.get("expires")),
        "reviewed_at": _time(value.get("reviewed_at")),
        "search_text": search_text(value.get("text")),
    }


def search_text(said: Any) -> str:
    """What a search by words compares: the beginning of ``said``, as long as a memory may be, in small letters."""
    return readable(said).casefold().replace("\0", " ")[:MAX_LENGTH] if isinstance(said, str) else ""


def effect_of(before_text: str | None, after_text: str | None) -> str:
    """What a write did to a memory: "quarantined", "corrected" (other words, or a newer one in its place), or ""."""
    before, after = (json.loads(text) if text else {} for text in (before_text, after_text))
    if after.get("status") == "quarantined" != before.get("status"):
        return "quarantined"
    if not before or not after:
        return ""
    is_superseded = bool(after.get("superseded_by")) and not before.get("superseded_by")
    return "corrected" if is_superseded or before.get("text") != after.get("text") else ""


def _word(said: Any, longest: int) -> str:
    return said[:longest] if isinstance(said, str) and "\0" not in said else ""


def _uuid(said: Any) -> UUID | None:
    try:
        return UUID(said)
    except (AttributeError, TypeError, ValueError):
        return None


def _time(said: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(said).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
