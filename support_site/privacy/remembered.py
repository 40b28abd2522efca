"""What is kept about an account, in the words of its page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.text import Truncator

from agents.memory import Memory, instant, with_older
from agents.screening import is_suspicious
from agents.shop import wording
from agents.shop.facts import order_total
from agents.shop.money import dollars
from support_site.accounts.models import Account
from support_site.chat.models import Conversation, Message
from support_site.memory.customers import memories_of
from support_site.memory.models import Record

QUOTE_LENGTH = 160

KINDS = {
    "name": "What to call you",
    "preference": "What you prefer",
    "fact": "About you",
    "situation": "Your situation",
    "promise": "What we promised",
    "order_mention": "An order you spoke of",
}
TRUST = {
    "customer": "You told us",
    "inferred": "We understood it from what you wrote",
    "staff": "Our team noted it",
    "record": "From our records",
}
#: Why a memory is not used. An active one has no line here.
UNUSED = {
    "quarantined": "Set aside: it reads like an instruction or a claim, so it is not used unless our team releases it.",
    "by_staff": "Set aside by our team: it is not used.",
    "needs_review": "Set aside: it is not used until our team has looked at it.",
    "contradicts": "Set aside: our team noted something else, and looks at this first. If this is what is right, "
    "choose “Correct” and save it, and it counts at once.",
    "expired": "No longer used: its time has run out.",
    "superseded": "No longer used: something newer took its place.",
}


@dataclass(frozen=True, kw_only=True)
class Noted:
    """One memory as its owner reads it. ``earlier`` are the texts it replaced, newest first."""

    key: str
    text: str
    kind: str
    told: str
    when: datetime
    #: Why it is not used; empty if it is.
    unused: str = ""
    expires: datetime | None = None
    earlier: list[Memory] = field(default_factory=list)
    #: Where it was said: None where that was not in a conversation, or the conversation is deleted.
    conversation: Conversation | None = None
    quote: str = ""


def noted_by(account: Account, search: str = "") -> list[Noted]:
    """The memories of the account that hold ``search``, those in use first, then newest first."""
    known = memories_of(account.pk)
    replaced = {memory.superseded_by for memory in known} - {None}
    newer = {memory.key for memory in known}
    shown = [memory for memory in known if memory.superseded_by not in newer]
    origins = _Origins(account, shown)
    found = [_noted(memory, known if memory.key in replaced else [], origins) for memory in shown]
    words = search.casefold().split()
    return sorted((each for each in found if _holds(each, words)), key=lambda each: bool(each.unused))


def orders_of(account: Account) -> list[dict[str, str]]:
    """The orders on file, newest number first: ``{"id", "status", "items", "total"}`` in words."""
    records = _records(account, "orders")
    return sorted((_order(record.key, record.value or {}) for record in records), key=lambda each: each["id"])[::-1]


def profile_of(account: Account) -> list[tuple[str, str]]:
    """The profile the shop's system keeps, as (term, words); [] if there is none."""
    record = _records(account, "profile").first()
    value = (record.value if record else None) or {}
    name, address = value.get("name") or {}, value.get("address")
    methods = value.get("payment_methods") or {}
    lines = [
        ("Name", " ".join(str(part) for part in name.values()) if isinstance(name, Mapping) else str(name)),
        ("E-mail", str(value.get("email") or "")),
        ("Address", wording.address(address) if address else ""),
        ("Payment methods", ", ".join(wording.method(method) for method in methods.values())),
    ]
    return [(term, words) for term, words in lines if words]


def unused_because(memory: Memory) -> str:
    """Why a memory is not recalled, as a sentence; empty if it is."""
    if memory.superseded_by:
        return UNUSED["superseded"]
    if memory.status == "active" and not memory.is_recalled(instant()):
        return UNUSED["expired"]
    if memory.status == "needs_review" and memory.contradicts:
        return UNUSED["contradicts"]
    if memory.status == "quarantined" and not is_suspicious(memory.text):
        return UNUSED["by_staff"]
    return UNUSED.get(memory.status, "")


class _Origins:
    """The conversations and messages that memories came from, as far as they are the account's and still there."""

    def __init__(self, account: Account, memories: Iterable[Memory]) -> None:
        sources = [memory.source for memory in memories]
        own = Message.objects.filter(conversation__account=account).select_related("conversation")
        self._messages = {str(each.pk): each for each in own.filter(pk__in=_ids(sources, "message"))}
        conversations = account.conversations.filter(pk__in=_ids(sources, "conversation"))
        self._conversations = {str(each.pk): each for each in conversations}

    def of(self, memory: Memory) -> tuple[Conversation | None, str]:
        """The conversation, and the beginning of what was said there."""
        message = self._messages.get(memory.source.get("message", ""))
        conversation = self._conversations.get(memory.source.get("conversation", ""))
        quote = Truncator(message.text).chars(QUOTE_LENGTH) if message else ""
        return conversation or (message.conversation if message else None), quote


def _ids(sources: Iterable[Mapping[str, str]], name: str) -> set[UUID]:
    ids = set()
    for source in sources:
        try:
            ids.add(UUID(source.get(name, "")))
        except ValueError:
            continue  # made by staff, or imported: there is no message
    return ids


def _noted(memory: Memory, known: Sequence[Memory], origins: _Origins) -> Noted:
    conversation, quote = origins.of(memory)
    return Noted(
        key=memory.key,
        text=memory.text,
        kind=KINDS.get(memory.kind, "About you"),
        told="You wrote it yourself" if memory.source.get("request") else TRUST.get(memory.trust, ""),
        when=datetime.fromisoformat(memory.valid_from),
        unused=unused_because(memory),
        expires=datetime.fromisoformat(memory.expires) if memory.expires else None,
        earlier=with_older(known, memory.key)[1:],
        conversation=conversation,
        quote=quote,
    )


def _holds(noted: Noted, words: Sequence[str]) -> bool:
    text = " ".join([noted.text, noted.kind, noted.quote, *(old.text for old in noted.earlier)]).casefold()
    return all(word in text for word in words)


def _records(account: Account, kind: str) -> Any:
    return Record.objects.live().filter(account=account, kind=kind).defer("vectors")


def _order(order_id: str, value: Mapping[str, Any]) -> dict[str, str]:
    items = value.get("items") or []
    return {
        "id": order_id,
        "status": str(value.get("status", "")),
        "items": ", ".join(str(item.get("name", "")) for item in items),
        "total": dollars(order_total({"items": items})) if items else "",
    }
