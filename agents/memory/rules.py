"""What becomes of the memories of an account when something is noted, corrected or taken back: pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from agents import screening
from agents.memory.values import Memory, MemoryDraft, NotKept, Source, instant

#: Active memories of one account; beyond it nothing is kept until something is forgotten.
MAX_MEMORIES = 200
#: The shop answers for it.
_VOUCHED = ("record", "staff")


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
    if firmer := next((old for old in rivals if _outranks(old, new)), None):
        new, rivals = replace(new, superseded_by=firmer.key), []
    elif vouched := next((old for old in rivals if _must_be_asked(new, old)), None):
        new, rivals = _held_back(new, vouched), []
    if sum(_stands(old) for old in known) - len(rivals) >= MAX_MEMORIES:
        raise NotKept(f"I already keep {MAX_MEMORIES} notes. Something has to be forgotten before I can note more.")
    return new, [new, *(replace(old, superseded_by=new.key) for old in rivals)]


def corrected(old: Memory, text: str, source: Source) -> tuple[Memory, list[Memory]]:
    """How ``revise`` does it: the memory that says ``text``, and all that has to be written. Raises ``NotKept``."""
    kind: Any = "fact" if old.kind == "promise" else old.kind  # a promise in other words is not the shop's
    draft = MemoryDraft(text=text, kind=kind, about=old.about, order_id=old.order_id, expires=old.expires)
    new = _memory(draft, source, instant())
    says_the_same = _normal(new.text) == _normal(old.text)
    if new.key == old.key or (says_the_same and not (old.contradicts and source.request)):
        return old, []
    if _stands(new) and _must_be_asked(new, old):
        return (new := _held_back(new, old)), [new]
    return new, [new, replace(old, superseded_by=new.key)] if _stands(new) else [new]


def overruled(memory: Memory, key: str | None, known: Sequence[Memory]) -> list[Memory]:
    """What ``memory``, once it is in force, takes the place of if it contradicted memory ``key``: to be written."""
    rival = newest(known, key)
    is_overruled = rival is not None and rival.key != memory.key and _stands(rival) and _stands(memory)
    return [replace(rival, superseded_by=memory.key)] if rival and is_overruled else []


def newest(known: Sequence[Memory], key: str | None) -> Memory | None:
    """Memory ``key``, or what took its place meanwhile; None if it is not known."""
    by_key = {memory.key: memory for memory in known}
    found = by_key.pop(key or "", None)
    while found and (newer := by_key.pop(found.superseded_by or "", None)):
        found = newer
    return found


def withdrawn(known: Sequence[Memory], key: str) -> list[Memory]:
    """What takes the place of memory ``key`` when it is taken back: what it had superseded, to be written."""
    newer = {memory.key: memory.superseded_by for memory in known}
    return [replace(old, superseded_by=newer.get(key)) for old in known if old.superseded_by == key]


def with_older(known: Sequence[Memory], key: str) -> list[Memory]:
    """Memory ``key`` and the older ones it superseded, newest first; [] if it is not known."""
    chain = [memory for memory in known if memory.key == key]
    for newer in chain:  # grows while it is walked
        chain += [old for old in known if old.superseded_by == newer.key and old not in chain]
    return chain


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


def _must_be_asked(new: Memory, old: Memory) -> bool:
    """Whether the shop vouches for ``old`` and only the customer's word for ``new``, heard by an agent.

    What customers put right with their own hands (``Source.request``) is theirs to say.
    """
    is_word_of_mouth = new.trust not in _VOUCHED and not new.source.get("request")
    return is_word_of_mouth and old.trust in _VOUCHED and old.is_recalled(new.valid_from)


def _held_back(new: Memory, old: Memory) -> Memory:
    return replace(new, status="needs_review", contradicts=old.key)


def _normal(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!")
