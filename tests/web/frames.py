"""Frames of the site, as docs/protocol.md describes them, for tests of the page."""

from itertools import count
from typing import Any

Frame = dict[str, Any]
TURN, OTHER = "turn-1", "turn-2"


def kept(
    message_id: str, position: int, role: str = "agent", *, text: str = "", turn: str | None = None, **more: Any
) -> Frame:
    told = {"id": message_id, "position": position, "role": role, "text": text, "html": f"<p>{text}</p>", "turn": turn}
    default = {
        "cards": [],
        "client_id": None,
        "stopped": False,
        "created_at": "2026-03-01T12:00:00+00:00",
        "author": None,
    }
    return default | told | more


def message(*args: Any, **more: Any) -> Frame:
    return {"type": "message", "message": kept(*args, **more)}


def ready() -> Frame:
    return {
        "type": "ready",
        "v": 1,
        "conversation": "c",
        "model": {"name": "offline", "offline": True},
        "max_length": 8000,
    }


def memory(*, paused: bool = False, leaves_none: bool = False) -> Frame:
    return {"type": "memory", "memory": {"paused": paused, "leaves_none": leaves_none}}


def snapshot(*messages: Frame, turns: tuple[Frame, ...] = (), title: str = "", needs_person: bool = False) -> Frame:
    return {
        "type": "snapshot",
        "messages": list(messages),
        "turns": list(turns),
        "needs_person": needs_person,
        "memory": memory()["memory"],
        "title": title,
    }


def turn(turn_id: str, status: str, *, seq: int | None = None, error: Frame | None = None) -> Frame:
    shape = {"id": turn_id, "status": status, "error": error}
    return shape if seq is None else shape | {"seq": seq}


def turn_changed(turn_id: str, status: str, error: Frame | None = None) -> Frame:
    return {"type": "turn", "turn": turn(turn_id, status, error=error)}


def log(*events: Frame, turn: str = TURN, first: int = 1) -> list[Frame]:
    """Event frames numbered from ``first``."""
    numbers = count(first)
    return [{"type": "event", "turn": turn, "seq": next(numbers), "event": event} for event in events]


def started(attempt: int = 1) -> Frame:
    return {"type": "turn.started", "attempt": attempt}


def begun(message_id: str = "m1") -> Frame:
    return {"type": "message.start", "message": message_id}


def delta(*blocks: str, start: int = 0, message_id: str = "m1") -> Frame:
    return {"type": "message.delta", "message": message_id, "start": start, "blocks": list(blocks)}


def done(text: str, message_id: str = "m1", cards: tuple[Frame, ...] = ()) -> Frame:
    return {"type": "message.done", "message": message_id, "text": text, "html": f"<p>{text}</p>", "cards": list(cards)}


def tool_start(label: str, call: str = "call-1") -> Frame:
    return {"type": "tool.start", "call": call, "tool": "get_order_details", "label": label}


def tool_done(call: str = "call-1", card: Frame | None = None) -> Frame:
    return {"type": "tool.done", "call": call, "tool": "get_order_details", "ok": True, "card": card}


def proposed(digest: str = "d1", approver: str = "customer", turn: str = TURN) -> Frame:
    preview = {
        "title": "Cancel order #W1",
        "lines": [{"label": "Desk lamp", "value": "$47.84"}],
        "amount": "47.84",
        "note": "",
    }
    told = {"action": f"{turn}:call-1", "tool": "cancel_pending_order", "preview": preview, "digest": digest}
    return {"type": "action.proposed", "approver": approver} | told


RECEIPT = {"title": "Order #W1 is cancelled", "lines": [], "amount": "47.84", "note": ""} | {
    "order_id": "#W1",
    "at": "2026-03-01T12:00:00+00:00",
}


def decided(status: str, turn: str = TURN) -> Frame:
    receipt = RECEIPT if status == "applied" else None
    return {"type": "action.decided", "action": f"{turn}:call-1", "status": status, "receipt": receipt}


def turn_done(status: str = "done", error: Frame | None = None) -> Frame:
    return {"type": "turn.done", "status": status, "error": error}
