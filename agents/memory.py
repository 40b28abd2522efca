"""Memories: what the customer told, kept under the account, each with its source and its trust.

Every write goes through the ``BaseStore`` it is given, in one batch, so that a ledger before the store sees all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, get_args

from agents import namespaces, ops, screening

if TYPE_CHECKING:
    from langgraph.store.base import BaseStore, SearchItem

Kind = Literal["name", "preference", "fact", "situation", "promise", "order_mention"]
Trust = Literal["record", "staff", "customer", "inferred"]
Status = Literal["active", "needs_review", "quarantined"]

KINDS: tuple[str, ...] = get_args(Kind)
#: Firmest first.
TRUSTS: tuple[str, ...] = get_args(Trust)
#: Active memories of one account; beyond it nothing is kept until something is forgotten.
MAX_MEMORIES = 200
#: An account with no more than this many gets all of them recalled, unranked.
RECALL_ALL = 40
#: How long a passing situation is recalled, in days, where a site says nothing else.
SITUATION_DAYS = 180
_PAGE = 500
_PINNED: tuple[str, ...] = ("name", "promise", "order_mention")


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

    def put(self, account_id: str) -> ops.PutOp:
        return ops.PutOp(namespaces.memories(account_id), self.key, self.value(), index=["text"])


def instant(when: datetime | str | None = None) -> str:
    """``when`` (default: now) in the one spelling that memories use, ISO 8601 in UTC: comparable as text."""
    moment = datetime.fromisoformat(when) if isinstance(when, str) else when or datetime.now(UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def passing(draft: MemoryDraft, *, days: int, said_at: str | None = None) -> MemoryDraft:
    """The draft, with an end after so many days if it is about a situation and names none; 0 days keep it."""
    if draft.kind != "situation" or draft.expires or not days:
        return draft
    return replace(draft, expires=instant(datetime.fromisoformat(instant(said_at)) + timedelta(days=days)))


async def remember(
    store: BaseStore, account_id: str, draft: MemoryDraft, source: Source, *, said_at: str | None = None
) -> Memory:
    """Keep ``draft`` and give it back as kept, which may be as an older memory that says the same.

    Doing it again for the same turn writes nothing. What it contradicts (same ``about``) is superseded: both stay,
    the newer is recalled. What reads like an instruction or claims an entitlement is kept as ``quarantined``.
    Raises ``NotKept`` for what must not be stored, and when the account has ``MAX_MEMORIES``.
    """
    memory, changed = noted(await every_memory(store, account_id), draft, source, said_at=said_at)
    await store.abatch([each.put(account_id) for each in changed])
    return memory


def noted(
    known: Sequence[Memory], draft: MemoryDraft, source: Source, *, said_at: str | None = None
) -> tuple[Memory, list[Memory]]:
    """How ``remember`` keeps ``draft`` beside what is ``known``: the memory as it is then, and all that has to be
    written, which may be nothing. Raises as ``remember``.
    """
    new = _memory(draft, source, instant(said_at))
    if same := _said_before(new, known):
        if not _is_spoken_of_again(same, new):
            return same, []
        same = replace(same, valid_from=new.valid_from, source=new.source)
        return same, [same]
    rivals = [old for old in known if new.about and old.about == new.about and _stands(old) and _stands(new)]
    firmer = next((old for old in rivals if _outranks(old, new)), None)
    if firmer:
        new, rivals = replace(new, superseded_by=firmer.key), []
    if sum(_stands(old) for old in known) - len(rivals) >= MAX_MEMORIES:
        raise NotKept(f"I already keep {MAX_MEMORIES} notes. Something has to be forgotten before I can note more.")
    return new, [new, *(replace(old, superseded_by=new.key) for old in rivals)]


async def revise(store: BaseStore, account_id: str, key: str, text: str, source: Source) -> Memory | None:
    """Supersede memory ``key`` by one of the same kind that says ``text``; None if the account has no such memory.

    What reads like an instruction is kept as ``quarantined`` and supersedes nothing. Raises ``NotKept``.
    """
    item = await store.aget(namespaces.memories(account_id), key)
    if item is None:
        return None
    memory, changed = corrected(Memory.from_item(item), text, source)
    await store.abatch([each.put(account_id) for each in changed])
    return memory


def corrected(old: Memory, text: str, source: Source) -> tuple[Memory, list[Memory]]:
    """How ``revise`` does it: the memory that is true now, and all that has to be written. Raises ``NotKept``."""
    kind: Any = "fact" if old.kind == "promise" else old.kind  # a promise in other words is not the shop's
    draft = MemoryDraft(text=text, kind=kind, about=old.about, order_id=old.order_id, expires=old.expires)
    new = _memory(draft, source, instant())
    if new.key == old.key or _normal(new.text) == _normal(old.text):
        return old, []
    return new, [new, replace(old, superseded_by=new.key)] if _stands(new) else [new]


def withdrawn(known: Sequence[Memory], key: str) -> list[Memory]:
    """What takes the place of memory ``key`` when it is taken back: what it had superseded, to be written."""
    newer = {memory.key: memory.superseded_by for memory in known}
    return [replace(old, superseded_by=newer.get(key)) for old in known if old.superseded_by == key]


async def forget(store: BaseStore, account_id: str, key: str) -> list[Memory]:
    """Delete memory ``key`` and the older ones it superseded, so that none of them comes back. Gives what is gone."""
    gone = with_older(await every_memory(store, account_id), key)
    await store.abatch([ops.PutOp(namespaces.memories(account_id), memory.key, None) for memory in gone])
    return gone


def with_older(known: Sequence[Memory], key: str) -> list[Memory]:
    """Memory ``key`` and the older ones it superseded, newest first; [] if it is not known."""
    chain = [memory for memory in known if memory.key == key]
    for newer in chain:  # grows while it is walked
        chain += [old for old in known if old.superseded_by == newer.key and old not in chain]
    return chain


async def recall(store: BaseStore, account_id: str, query: str, *, limit: int = RECALL_ALL) -> list[Memory]:
    """What is known and may be used, most useful first; everything when it is no more than ``limit`` memories.

    Of a larger account: names, promises and order mentions, then what is nearest to ``query``. Never anything
    superseded, quarantined or expired.
    """
    now = instant()
    known = _one_per_subject([memory for memory in await every_memory(store, account_id) if memory.is_recalled(now)])
    if len(known) <= limit:
        return known
    hits = await store.asearch(namespaces.memories(account_id), query=query, limit=3 * limit)
    near = {hit.key: place for place, hit in enumerate(hits)}
    pinned = [memory for memory in known if memory.kind in _PINNED][: limit // 4]
    ranked = sorted(known, key=lambda memory: near.get(memory.key, len(near)))
    return list({memory.key: memory for memory in [*pinned, *ranked]}.values())[:limit]


async def every_memory(store: BaseStore, account_id: str) -> list[Memory]:
    """All memories of the account, superseded and quarantined ones too, newest first."""
    items: list[SearchItem] = []
    while True:
        page = await store.asearch(namespaces.memories(account_id), limit=_PAGE, offset=len(items))
        items += page
        if len(page) < _PAGE:
            break
    return sorted(map(Memory.from_item, items), key=lambda memory: memory.valid_from, reverse=True)


def memory_key(turn: str, kind: str, text: str) -> str:
    """The same words of the same turn always get the same key, so learning twice keeps once."""
    return hashlib.sha256(f"{turn}\0{kind}\0{_normal(text)}".encode()).hexdigest()[:26]


def _memory(draft: MemoryDraft, source: Source, said_at: str) -> Memory:
    text = screening.tidy(draft.text)
    if refused := screening.refusal(draft.text) or screening.refusal(text):
        raise NotKept(refused)
    told_by_customer = draft.trust in ("customer", "inferred")
    suspicious = told_by_customer and (screening.is_suspicious(draft.text) or screening.is_suspicious(text))
    return Memory(
        key=memory_key(source.request or source.turn or source.message, draft.kind, text),
        text=text,
        kind=draft.kind,
        source={name: value for name, value in asdict(source).items() if value or name != "request"},
        trust=draft.trust,
        confidence=draft.confidence,
        valid_from=said_at,
        status="quarantined" if suspicious else "active",
        expires=draft.expires,
        about="name" if draft.kind == "name" else _normal(draft.about),
        order_id=draft.order_id,
    )


def _said_before(new: Memory, known: Sequence[Memory]) -> Memory | None:
    """The memory that makes ``new`` needless: the same key whatever became of it, or the same content in force."""
    for old in known:
        same_order = new.kind == old.kind == "order_mention" and new.order_id == old.order_id
        same_text = new.kind == old.kind and _normal(new.text) == _normal(old.text)
        if old.key == new.key or (old.superseded_by is None and (same_order or same_text)):
            return old
    return None


def _is_spoken_of_again(old: Memory, new: Memory) -> bool:
    """Whether ``new`` mentions the order of ``old`` in a later turn: which order is meant is a matter of when."""
    is_another_turn = old.source.get("turn") != new.source.get("turn")
    return old.kind == "order_mention" and is_another_turn and old.valid_from < new.valid_from


def _stands(memory: Memory) -> bool:
    return memory.status == "active" and memory.superseded_by is None


def _outranks(old: Memory, new: Memory) -> bool:
    """Whether ``old`` stays in force: it was said later, or ``new`` is only inferred and ``old`` is not."""
    return old.valid_from > new.valid_from or (new.trust == "inferred" and old.trust != "inferred")


def _one_per_subject(memories: Sequence[Memory]) -> list[Memory]:
    """Newest first in, one per ``about`` out: two turns at once may each have kept one."""
    subjects: set[str] = set()
    kept = []
    for memory in memories:
        if memory.about not in subjects:
            kept.append(memory)
        subjects |= {memory.about} - {""}
    return kept


def _normal(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!")
