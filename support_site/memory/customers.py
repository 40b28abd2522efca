"""What customers do with the memories of their own account: read, correct, take back, note again, forget.

Everything here is SQL: the store's ledger answers and is written at once, and tells Chroma before its next read.
Doing something twice, or from two tabs, comes to the same as doing it once.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction

from agents import namespaces
from agents.attribution import attributed
from agents.memory import Memory, MemoryDraft, Source, corrected, newest, noted, overruled, with_older, withdrawn
from support_site.memory import cards
from support_site.memory.drafts import scope_of
from support_site.memory.forgetting import forget_in_ledger
from support_site.memory.models import Record
from support_site.memory.stores import site_ledger

#: Characters of a correction that are read; a note keeps 300 of them.
LONGEST_CORRECTION = 1000


def memories_of(account_id: UUID) -> list[Memory]:
    """All memories of the account, newest first; those that are not recalled too."""
    kept = Record.objects.live().filter(account_id=account_id, kind="memories").defer("vectors")
    found = [Memory.from_value(record.key, record.value or {}) for record in kept]
    return sorted(found, key=lambda memory: memory.valid_from, reverse=True)


def correct(account_id: UUID, key: str, text: str, source: Source) -> Memory | None:
    """Put ``text`` in the place of memory ``key``, or of what took its place meanwhile: the memory that says it.

    It takes the place of what ``key`` contradicts, too: what customers write on their own page is not held back.
    None if there is no such memory. Raises agents.memory.NotKept, with a sentence for the customer.
    """
    with _changing(account_id, "corrected by the customer") as known:
        old = newest(known, key)
        if old is None:
            return None
        new, changed = corrected(old, _as_noted(text[:LONGEST_CORRECTION]), source)
        _write(account_id, [*changed, *overruled(new, old.contradicts, known)])
    return new


def take_back(account_id: UUID, key: str) -> bool:
    """Forget memory ``key``, and let what it had superseded be true again; whether there was such a memory."""
    with _changing(account_id, "taken back by the customer") as known:
        gone = [memory for memory in known if memory.key == key]
        _write(account_id, withdrawn(known, key))
        forget_in_ledger(site_ledger(), account_id, gone)
    return bool(gone)


def note_again(account_id: UUID, draft: MemoryDraft, source: Source) -> Memory:
    """Remember something that was forgotten by mistake. Raises agents.memory.NotKept."""
    with _changing(account_id, "noted again by the customer") as known:
        memory, changed = noted(known, draft, source)
        _write(account_id, changed)
    return memory


def forget(account_id: UUID, key: str) -> list[Memory]:
    """Forget memory ``key`` and the older ones it superseded, for good. Gives what is gone; [] if there was none."""
    with _changing(account_id, "forgotten by the customer") as known:
        gone = with_older(known, key)
        forget_in_ledger(site_ledger(), account_id, gone)
    return gone


def _as_noted(text: str) -> str:
    """ "I live in Porto" as notes are written: "The customer lives in Porto."; unchanged where no rule knows it."""
    # Imported when somebody corrects something: it brings a hundred rules along.
    from agents.offline.extraction import extract

    told = [draft.text for draft in extract([text]) if draft.kind != "order_mention"]
    return told[0] if len(told) == 1 else text


@contextmanager
def _changing(account_id: UUID, reason: str) -> Iterator[list[Memory]]:
    """The account's memories, which nobody else changes until the block has ended."""
    with transaction.atomic(), attributed(actor="customer", reason=reason):
        cards.lock([scope_of(namespaces.account(str(account_id)))])
        yield memories_of(account_id)


def _write(account_id: UUID, memories: Sequence[Memory]) -> None:
    site_ledger().keep(memory.put(str(account_id)) for memory in memories)
