"""Where the changes of an order came from: conversations, and what the agent proposed in them.

The chat stands above this room, so it says so itself: it registers one function when it is ready.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, kw_only=True)
class Link:
    """A page of the admin, and what it is called."""

    url: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """A change the agent proposed, whatever came of it."""

    action: Link
    conversation: Link
    outcome: str
    decided_by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Origins:
    """``conversations`` by turn id."""

    conversations: dict[str, Link] = field(default_factory=dict)
    proposed: list[Proposed] = field(default_factory=list)


#: (account id, order id, ids of turns that changed it) -> where that was.
FindOrigins = Callable[[UUID | None, str, Collection[str]], Origins]


def _unknown(account_id: UUID | None, order_id: str, turn_ids: Collection[str]) -> Origins:
    return Origins()


_find: FindOrigins = _unknown


def register(find: FindOrigins) -> None:
    global _find
    _find = find


def origins_of(account_id: UUID | None, order_id: str, turn_ids: Collection[str]) -> Origins:
    """What is known of where an order was spoken of; nothing while no chat is registered."""
    return _find(account_id, order_id, turn_ids)
