"""What is done with the memories of an account in a store: remember, revise, forget, recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agents import namespaces, ops
from agents.memory.rules import corrected, noted, with_older
from agents.memory.values import Memory, MemoryDraft, Source, instant

if TYPE_CHECKING:
    from langgraph.store.base import BaseStore, SearchItem

#: An account with no more than this many gets all of them recalled, unranked.
RECALL_ALL = 40
_PAGE = 500
_PINNED: tuple[str, ...] = ("name", "promise", "order_mention")


async def remember(
    store: BaseStore, account_id: str, draft: MemoryDraft, source: Source, *, said_at: str | None = None
) -> Memory:
    """Keep ``draft`` and give it back as kept, which may be as an older memory that says the same.

    Doing it again for the same turn writes nothing. What it contradicts (same ``about``) is superseded: both stay,
    the newer is recalled. But where staff vouch for the older one and only the customer's word for the newer, that is
    kept as ``needs_review``. What reads like an instruction or claims an entitlement is kept as ``quarantined``.
    Raises ``NotKept`` for what must not be stored, and when the account has ``MAX_MEMORIES``.
    """
    memory, changed = noted(await every_memory(store, account_id), draft, source, said_at=said_at)
    await store.abatch([each.put(account_id).op() for each in changed])
    return memory


async def revise(store: BaseStore, account_id: str, key: str, text: str, source: Source) -> Memory | None:
    """Supersede memory ``key`` by one of the same kind that says ``text``; None if the account has no such memory.

    What reads like an instruction is kept as ``quarantined``, what contradicts a memory that staff vouch for as
    ``needs_review``: these supersede nothing. Raises ``NotKept``.
    """
    item = await store.aget(namespaces.memories(account_id), key)
    if item is None:
        return None
    memory, changed = corrected(Memory.from_item(item), text, source)
    await store.abatch([each.put(account_id).op() for each in changed])
    return memory


async def forget(store: BaseStore, account_id: str, key: str) -> list[Memory]:
    """Delete memory ``key`` and the older ones it superseded, so that none of them comes back. Gives what is gone."""
    gone = with_older(await every_memory(store, account_id), key)
    await store.abatch([ops.Put(namespaces.memories(account_id), memory.key, None).op() for memory in gone])
    return gone


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


def _one_per_subject(memories: Sequence[Memory]) -> list[Memory]:
    """Newest first in, one per ``about`` out: two turns at once may each have kept one."""
    subjects: set[str] = set()
    kept = []
    for memory in memories:
        if memory.about not in subjects:
            kept.append(memory)
        subjects |= {memory.about} - {""}
    return kept
