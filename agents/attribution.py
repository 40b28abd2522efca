"""Who writes to the store, and why: carried beside the call, never inside the value."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Kept by the ledger with every change. ``actor`` is "agent", "customer", "staff:<user id>",
    "import", "shop" or "system"; ``turn_id`` is the turn in which the change was made, if any."""

    actor: str = "system"
    reason: str = ""
    turn_id: str | None = None


NOBODY = Attribution()
_current: ContextVar[Attribution] = ContextVar("attribution")


def current_attribution() -> Attribution:
    """Who writes now; NOBODY in particular ("system", no reason, no turn) outside of ``attributed``."""
    return _current.get(NOBODY)


@contextmanager
def attributed(
    *, actor: str | None = None, reason: str | None = None, turn_id: str | None = None
) -> Iterator[Attribution]:
    """Name the writer of every store write inside the block; what is not named is inherited.

    Context variables travel into asyncio tasks and ``asyncio.to_thread``, so a graph run started inside
    the block is covered as a whole.
    """
    named = {"actor": actor, "reason": reason, "turn_id": turn_id}
    attribution = replace(current_attribution(), **{k: v for k, v in named.items() if v is not None})
    token = _current.set(attribution)
    try:
        yield attribution
    finally:
        _current.reset(token)
