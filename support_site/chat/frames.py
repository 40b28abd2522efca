"""Frames from the browser: read strictly, so that what comes further in has exactly the shape it should have."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

MAX_FRAME = 65_536
MAX_CURSORS = 100

Check = Callable[[Any], Any]


class Frame(NamedTuple):
    """A frame that is as docs/protocol.md says; ``fields`` hold UUIDs where it says id of a message or turn."""

    type: str
    fields: dict[str, Any]


class Unreadable(Exception):
    """Not a JSON object in text: the socket is closed."""


class BadFrame(Exception):
    """A JSON object that is no frame: answered with an error, and the socket lives. ``ref`` is the id in it, if any."""

    def __init__(self, ref: str | None = None) -> None:
        super().__init__("bad_frame")
        self.ref = ref


def read_frame(text: str) -> Frame:
    """The frame in ``text``. Raises Unreadable and BadFrame."""
    try:
        told = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Unreadable from error
    if not isinstance(told, dict):
        raise Unreadable
    kind = told.pop("type", None)
    checks = FRAMES.get(kind) if isinstance(kind, str) else None
    if checks is None or told.keys() != checks.keys():
        raise BadFrame(_ref(told))
    try:
        return Frame(str(kind), {name: check(told[name]) for name, check in checks.items()})
    except (ValueError, TypeError) as error:
        raise BadFrame(_ref(told)) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        raise ValueError("a name stands there twice")
    return told


def _ref(told: dict[str, Any]) -> str | None:
    """What the frame seems to be about, so that the page knows which of its frames was refused."""
    named = (told.get(name) for name in ("id", "action", "turn", "message"))
    return next((each for each in named if isinstance(each, str) and len(each) <= 200), None)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _short(value: Any) -> str:
    if len(_text(value)) > 200:
        raise ValueError
    return str(value)


def _uuid(value: Any) -> UUID:
    return UUID(_short(value))


def _decision(value: Any) -> str:
    if value not in ("confirm", "decline"):
        raise ValueError
    return str(value)


def _vote(value: Any) -> str:
    if value not in ("up", "down", ""):
        raise ValueError
    return str(value)


def _note_decision(value: Any) -> str:
    if value not in ("keep", "change", "undo"):
        raise ValueError
    return str(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if not -1e15 < value < 1e15:
        raise ValueError
    return value


def _cursors(value: Any) -> dict[UUID, int]:
    if not isinstance(value, dict) or len(value) > MAX_CURSORS:
        raise TypeError
    if not all(type(seq) is int and 0 <= seq < 2**31 for seq in value.values()):
        raise ValueError
    return {_uuid(turn): seq for turn, seq in value.items()}


#: Every frame type, its fields, and what makes a value of each.
FRAMES: dict[str, dict[str, Check]] = {
    "hello": {"cursors": _cursors},
    "message.send": {"id": _uuid, "text": _text},
    "turn.stop": {"turn": _uuid},
    "turn.retry": {"turn": _uuid},
    "action.decide": {"action": _short, "digest": _short, "decision": _decision},
    "message.rate": {"message": _uuid, "vote": _vote, "reason": _text},
    "memory.decide": {"message": _uuid, "memory": _short, "decision": _note_decision, "text": _text},
    "ping": {"t": _number},
}
