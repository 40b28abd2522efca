"""A memory as staff read it: what it says, where it comes from, what was done to it, and which replies used it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.safestring import SafeString

from agents import namespaces
from support_site.chat.lineage import replies_that_used
from support_site.chat.models import Conversation, Message
from support_site.chat.rendering import in_words
from support_site.memory import readable
from support_site.memory.drafts import address_of
from support_site.orders.history import HistoryLine, names_of
from support_site.orders.models import Order
from support_site.orders.origins import Link
from support_site.review.filters import TRUST_IN_WORDS, kind_in_words
from support_site.review.history import history_of, uuid_of
from support_site.review.models import Memory

MOST_REPLIES = 50
QUOTE_LENGTH = 160


@dataclass(frozen=True, kw_only=True)
class Said:
    """Words of a conversation, and the place in it where they stand."""

    text: str
    at: datetime
    url: str
    conversation: str


@dataclass(frozen=True, kw_only=True)
class MemoryPage:
    """``history`` has each line with the id of its change, or None where that cannot be undone."""

    facts: list[tuple[str, str | Link]]
    source: Said | None
    history: list[tuple[HistoryLine, int | None]]
    replies: list[Said]
    has_more_replies: bool
    newer: Memory | None
    older: list[Memory]
    contradicts: Memory | None
    contradicted_by: list[Memory]
    json: SafeString


def memory_page(memory: Memory, *, with_conversations: bool) -> MemoryPage:
    """The page of a memory; words of conversations are left out for those who may not read them."""
    replies = _replies(memory) if with_conversations else []
    return MemoryPage(
        facts=[(name, each) for name, each in _facts(memory) if each],
        source=_source(memory) if with_conversations else None,
        history=history_of(memory, with_conversations=with_conversations),
        replies=replies[:MOST_REPLIES],
        has_more_replies=len(replies) > MOST_REPLIES,
        newer=_named_by(memory, "superseded_by"),
        older=_naming(memory, "superseded_by", Memory.Status.SUPERSEDED),
        contradicts=_named_by(memory, "contradicts"),
        contradicted_by=_naming(memory, "contradicts", Memory.Status.NEEDS_REVIEW),
        json=readable.as_json(memory.value),
    )


def _facts(memory: Memory) -> Iterable[tuple[str, str | Link]]:
    value = memory.value or {}
    yield "Kind", kind_in_words(memory.memory_kind)
    yield "Trust", TRUST_IN_WORDS.get(memory.trust, memory.trust)
    confidence = value.get("confidence")
    yield "Confidence", f"{confidence:.0%}" if isinstance(confidence, float) and confidence < 1 else ""
    yield "About", str(value.get("about") or "")
    yield "Order", _order(memory, str(value.get("order_id") or ""))
    yield "True since", _day(value.get("valid_from"))
    yield "Recalled until", f"{memory.recalled_until:%-d %B %Y, %H:%M} UTC" if memory.recalled_until else "for good"
    if memory.expires_at:
        yield "Deleted after", f"{memory.expires_at:%-d %B %Y, %H:%M} UTC"
    yield "Reviewed", f"{memory.reviewed_at:%-d %B %Y, %H:%M} UTC" if memory.reviewed_at else "not yet"
    by = _source_of(memory).get("staff")
    yield "Added by", names_of([f"staff:{by}"])[f"staff:{by}"] if by else ""


def _order(memory: Memory, order_id: str) -> str | Link:
    if not order_id:
        return ""
    address = address_of(namespaces.orders(str(memory.account_id)), order_id)
    pk = Order.objects.filter(address=address).values_list("pk", flat=True).first()
    return (
        Link(url=reverse("admin:orders_order_change", args=[pk]), text=order_id) if pk else f"{order_id} (not on file)"
    )


def _day(instant: str | None) -> str:
    try:
        return f"{datetime.fromisoformat(instant or ''):%-d %B %Y, %H:%M} UTC"
    except ValueError:
        return ""


def _source(memory: Memory) -> Said | None:
    message_id = uuid_of(_source_of(memory).get("message"))
    if message_id is None:
        return None
    found = Message.objects.filter(pk=message_id, conversation__account=memory.account_id)
    message = found.select_related("conversation").first()
    return _said(message) if message else None


def _source_of(memory: Memory) -> dict[str, str]:
    source = (memory.value or {}).get("source")
    return source if isinstance(source, dict) else {}


def _said(message: Message) -> Said:
    return Said(
        text=in_words(message.html, QUOTE_LENGTH) if message.html else message.text,
        at=message.created_at,
        url=f"{_page_of(message.conversation)}#message-{message.pk}",
        conversation=str(message.conversation),
    )


def _page_of(conversation: Conversation) -> str:
    return reverse("admin:chat_conversation_change", args=[conversation.pk])


def _replies(memory: Memory) -> list[Said]:
    """The last message of each turn that used the memory, newest first."""
    if memory.account_id is None:
        return []
    turns = list(replies_that_used(memory.account_id, memory.kind, memory.key)[: MOST_REPLIES + 1])
    told = Message.objects.filter(turn__in=turns, role=Message.Role.AGENT).select_related("conversation")
    last = {message.turn_id: message for message in told.order_by("position")}
    return [_said(last[turn.pk]) for turn in turns if turn.pk in last]


def _named_by(memory: Memory, field: str) -> Memory | None:
    """The memory whose key stands in that field."""
    key = (memory.value or {}).get(field)
    return Memory.objects.filter(address=address_of(memory.labels, str(key))).first() if key else None


def _naming(memory: Memory, field: str, status: str) -> list[Memory]:
    """Those of that status that name this one in that field."""
    some = Memory.objects.filter(scope=memory.scope_id, status=status).defer("vectors")
    return [each for each in some if (each.value or {}).get(field) == memory.key]
