"""What staff do with memories: each verb has a reason, is on record in the ledger and can be undone.

All of them write through the store, one write a memory, so that each can be undone by itself; what belongs together
(a merge, and what it supersedes) is one write and is undone as one. They raise NotDone, and then nothing was changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from agents import namespaces, ops, screening
from agents.memory import TRUSTS, Kind, MemoryDraft, Source, instant, memory_key, noted, overruled, withdrawn
from agents.memory import Memory as Remembered
from support_site.accounts.models import User
from support_site.memory.customers import memories_of
from support_site.memory.drafts import scope_of
from support_site.review.changing import NotDone, keep, now, put, writing
from support_site.review.models import Memory

#: Characters of a memory's text.
LONGEST = screening.MAX_LENGTH
#: A selection larger than this is a job and not a review.
MOST_AT_ONCE = 500

Value = dict[str, Any]


def approve(ids: Collection[int], *, by: User, reason: str) -> int:
    """Let the agent recall these memories, in the place of what they contradict; they leave the queue.

    Returns how many changed.
    """
    with _memories(ids, by=by, reason=reason) as memories:
        oldest_first = memories[::-1]  # of two that contradict the same the newer one has the last word
        return sum(keep(_in_force(each, {"status": "active", "reviewed_at": now()})) > 0 for each in oldest_first)


def quarantine(ids: Collection[int], *, by: User, reason: str) -> int:
    """Keep these memories and let the agent recall them no more. Returns how many changed."""
    return _change_each(ids, {"status": "quarantined"}, by=by, reason=reason)


def expire(ids: Collection[int], *, until: datetime | None, by: User, reason: str) -> int:
    """Let these memories be recalled until then; None: for good. Returns how many changed."""
    return _change_each(ids, {"expires": instant(until) if until else None}, by=by, reason=reason)


def edit(memory_id: int, *, text: str, kind: Kind, seen: str, by: User, reason: str) -> None:
    """Let the memory say ``text``. Staff vouch for it from now on. ``seen`` is the digest of what they looked at."""
    with _memories([memory_id], by=by, reason=reason) as memories:
        memory = _unchanged(memories, {memory_id: seen})[0]
        keep(_in_force(memory, edited(memory.value or {}, text=text, kind=kind)))


def edited(value: Value, *, text: str, kind: str) -> Value:
    """What a memory is after ``edit``. Raises NotDone."""
    about = "name" if kind == "name" else value.get("about", "") if value.get("kind") == kind else ""
    said = {"text": _screened(text), "kind": kind, "about": about, "trust": "staff", "status": "active"}
    return {**value, **said, "reviewed_at": now()}


def delete(ids: Collection[int], *, by: User, reason: str) -> int:
    """Take these memories out of the store; what they had superseded is recalled again. Returns how many."""
    with _memories(ids, by=by, reason=reason) as memories:
        for memory in memories:
            known = _of_account(memory)
            again = withdrawn([Remembered.from_value(key, each.value or {}) for key, each in known.items()], memory.key)
            restored = [_superseded(known[old.key], by=old.superseded_by) for old in again]
            keep([put(memory, None), *restored])
    return len(memories)


def merge(seen: dict[int, str], *, text: str, by: User, reason: str) -> str:
    """Put one memory in the place of several of one account. It has the least trust of theirs. Returns its key.

    ``seen`` has the digest of each as it was looked at.
    """
    with _memories(seen, by=by, reason=reason) as memories:
        _unchanged(memories, seen)
        if len(memories) < 2 or len({memory.namespace for memory in memories}) > 1:
            raise NotDone("Choose two or more memories of one account.")
        value = _merged([memory.value or {} for memory in memories]) | {"text": _screened(text), "reviewed_at": now()}
        key = memory_key(" ".join(sorted(memory.key for memory in memories)), value.get("kind", ""), text)
        new = ops.Put(memories[0].labels, key, value, index=["text"])
        keep([new, *(_superseded(memory, by=key) for memory in memories)])
    return key


def add(
    account_id: UUID, *, text: str, kind: Kind, until: datetime | None, form_id: UUID, by: User, reason: str
) -> str:
    """Remember something for the customer, by hand. Returns its key; the same ``form_id`` adds it once.

    What it contradicts is superseded, as if the customer had said it. A text that is kept already is not kept again.
    """
    namespace = namespaces.memories(str(account_id))
    with writing([scope_of(namespace)], by=by, reason=reason):
        draft = MemoryDraft(text=_screened(text), kind=kind, trust="staff", expires=instant(until) if until else None)
        memory, changed = noted(memories_of(account_id), draft, Source(turn=f"staff:{form_id}"))
        source = {"source": {"staff": str(by.pk)}, "reviewed_at": now()}
        values = {each.key: each.value() | (source if each.key == memory.key else {}) for each in changed}
        keep(ops.Put(namespace, key, value, index=["text"]) for key, value in values.items())
    return memory.key


def _in_force(memory: Memory, fields: Value) -> list[ops.Put]:
    """The memory with these fields, and what it had contradicted superseded by it."""
    value = {**(memory.value or {}), **fields}
    contradicted = value.get("contradicts")
    if not contradicted:
        return [put(memory, value)]
    records = _of_account(memory)
    known = [Remembered.from_value(key, each.value or {}) for key, each in records.items()]
    overruling = overruled(Remembered.from_value(memory.key, value), contradicted, known)
    return [
        put(memory, value | {"contradicts": None}),
        *(_superseded(records[each.key], by=each.superseded_by) for each in overruling),
    ]


def _change_each(ids: Collection[int], fields: Value, *, by: User, reason: str) -> int:
    with _memories(ids, by=by, reason=reason) as memories:
        return sum(keep([put(each, {**(each.value or {}), **fields, "reviewed_at": now()})]) for each in memories)


@contextmanager
def _memories(ids: Collection[int], *, by: User, reason: str) -> Iterator[list[Memory]]:
    if len(ids) > MOST_AT_ONCE:
        raise NotDone(f"Choose at most {MOST_AT_ONCE} memories at once.")
    chosen = Memory.objects.live().filter(pk__in=ids, kind="memories").order_by("-updated_at", "-pk").defer("vectors")
    with writing(chosen.values_list("scope_id", flat=True), by=by, reason=reason):
        memories = list(chosen)
        if not memories:
            raise NotDone("There is nothing left to change: it was deleted meanwhile.")
        yield memories


def _unchanged(memories: Sequence[Memory], seen: dict[int, str]) -> Sequence[Memory]:
    if {memory.pk: memory.digest for memory in memories} != seen:
        raise NotDone("It was changed meanwhile. Look at what it says now, then try again.")
    return memories


def _of_account(memory: Memory) -> dict[str, Memory]:
    """What the account remembers now, by key."""
    live = Memory.objects.live().filter(scope=memory.scope_id, kind="memories").defer("vectors")
    return {each.key: each for each in live}


def _superseded(memory: Memory, *, by: str | None) -> ops.Put:
    return put(memory, {**(memory.value or {}), "superseded_by": by})


def _merged(values: Sequence[Value]) -> Value:
    """The newest of them, with no more trust, confidence, time or subject than all of them have."""
    expiries = [value["expires"] for value in values if value.get("expires")]
    return {
        **values[0],
        "trust": max((_trust(value) for value in values), key=TRUSTS.index),
        "confidence": min(value.get("confidence", 1.0) for value in values),
        "expires": min(expiries, default=None),
        "about": _common(value.get("about") for value in values) or "",
        "order_id": _common(value.get("order_id") for value in values),
        "status": "active",
        "superseded_by": None,
        "contradicts": None,
    }


def _trust(value: Value) -> str:
    """Nothing is known of a trust that nobody knows."""
    return str(value["trust"]) if value.get("trust") in TRUSTS else TRUSTS[-1]


def _common(each: Iterable[Any]) -> Any:
    """What all of them say, or None."""
    said = list(each)
    return said[0] if all(one == said[0] for one in said) else None


def _screened(text: str) -> str:
    text = screening.tidy(text)
    if not text:
        raise NotDone("Write what is to be remembered.")
    if refused := screening.refusal(text):
        raise NotDone(refused)
    return text
