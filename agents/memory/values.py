"""What a memory is: its words, kind, source and trust, and when it may be recalled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from agents import namespaces, ops

Kind = Literal["name", "preference", "fact", "situation", "promise", "order_mention"]
Trust = Literal["record", "staff", "customer", "inferred"]
Status = Literal["active", "needs_review", "quarantined"]

KINDS: tuple[str, ...] = get_args(Kind)
#: Firmest first.
TRUSTS: tuple[str, ...] = get_args(Trust)
#: How long a passing situation is recalled, in days, where a site says nothing else.
SITUATION_DAYS = 180


class NotKept(Exception):
    """A memory was refused; ``str()`` is the reason as a sentence for the customer."""


@dataclass(frozen=True, kw_only=True)
class MemoryDraft:
    """Something worth remembering, before it has a source and a key.

    ``text`` is one plain sentence about the customer ("The customer's name is Bob.").
    """

    text: str
    kind: Kind
    trust: Trust = "customer"
    #: 0 to 1: how sure the extractor is that the customer meant this.
    confidence: float = 1.0
    #: What only one memory at a time can be true of ("name", "contact channel"): a newer memory about the
    #: same thing supersedes the older one. Empty: stands beside the others. A ``name`` is always about "name".
    about: str = ""
    #: The order a mention is about, as the shop writes it ("#W2611340", "#12345").
    order_id: str | None = None
    #: ISO 8601 instant after which it is recalled no more; None keeps it.
    expires: str | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a memory comes from: ids of the conversation, the turn and the message.

    ``request`` is the id of what the customer did themselves, with a form and not in a conversation.
    """

    conversation: str = ""
    turn: str = ""
    message: str = ""
    request: str = ""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """One Record of the memories namespace; ``value()`` is what the store holds under ``key``."""

    key: str
    text: str
    kind: str = "fact"
    source: dict[str, str] = field(default_factory=dict)
    trust: str = "inferred"
    confidence: float = 1.0
    #: ISO 8601 instant since when it is true as far as we know.
    valid_from: str = ""
    status: str = "active"
    superseded_by: str | None = None
    #: Key of what the shop vouches for and this one says otherwise. Staff decide which of them is recalled.
    contradicts: str | None = None
    expires: str | None = None
    about: str = ""
    order_id: str | None = None

    @classmethod
    def from_item(cls, item: Any) -> Memory:
        return cls.from_value(item.key, item.value)

    @classmethod
    def from_value(cls, key: str, value: Mapping[str, Any]) -> Memory:
        """The memory that the store holds as ``value`` under ``key``."""
        known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        return cls(**{"text": "", **known, "key": key})

    def value(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "key"}

    def is_recalled(self, now: str) -> bool:
        unexpired = self.expires is None or instant(self.expires) > now
        return self.status == "active" and self.superseded_by is None and unexpired

    def put(self, account_id: str) -> ops.Put:
        return ops.Put(namespaces.memories(account_id), self.key, self.value(), index=["text"])


def instant(when: datetime | str | None = None) -> str:
    """``when`` (default: now) in the one spelling that memories use, ISO 8601 in UTC: comparable as text."""
    moment = datetime.fromisoformat(when) if isinstance(when, str) else when or datetime.now(UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def passing(draft: MemoryDraft, *, days: int, said_at: str | None = None) -> MemoryDraft:
    """The draft, with an end after so many days if it is about a situation and names none; 0 days keep it."""
    if draft.kind != "situation" or draft.expires or not days:
        return draft
    return replace(draft, expires=instant(datetime.fromisoformat(instant(said_at)) + timedelta(days=days)))
