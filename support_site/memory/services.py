"""What is done with the store as a whole: compare and repair, rebuild, re-index, erase."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from django.db import transaction

from agents import namespaces
from agents.namespaces import Namespace
from agents.store import BrokenCollection, pack, unpack
from agents.store import Record as ChromaRecord
from support_site.memory import cards
from support_site.memory.drafts import address_of, digest_of, scope_of
from support_site.memory.events import tell
from support_site.memory.mending import mend, rebuild
from support_site.memory.models import Record, RecordChange, RecordQuerySet, Scope, StoreEvent, Tombstone

if TYPE_CHECKING:
    from support_site.memory.applying import Progress
    from support_site.memory.ledger import LedgerStore

Address = tuple[Namespace, str]


@dataclass(kw_only=True)
class Findings:
    """Where Chroma differs from the ledger; with nothing in the lists they agree."""

    checked: int = 0
    #: The ledger has it and Chroma does not.
    missing: list[Address] = field(default_factory=list)
    #: Another value, time or vector than the ledger's.
    different: list[Address] = field(default_factory=list)
    #: Chroma has it and the ledger does not.
    orphans: list[Address] = field(default_factory=list)
    #: Orphans that say the same as a record of another account.
    foreign: list[Address] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.missing) + len(self.different) + len(self.orphans) + len(self.foreign)


def check(store: LedgerStore, *, progress: Progress | None = None) -> Findings:
    """Compare every record of Chroma with the ledger's; a broken Chroma is mended first. Raises StoreUnavailable."""
    try:
        return _compared(store, progress)
    except BrokenCollection as error:
        mend(store.chroma(), str(error))
        return _compared(store, progress)


def _compared(store: LedgerStore, progress: Progress | None) -> Findings:
    findings = Findings()
    seen: set[str] = set()
    for found in _in_batches(store.chroma().scan()):
        by_address = {address_of(record.namespace, record.key): record for record in found}
        known = Record.objects.live().filter(address__in=by_address).in_bulk(field_name="address")
        for address, record in by_address.items():
            _compare(record, known.get(address), findings)
        seen |= by_address.keys()
        if progress:
            progress(len(found))
    told = Record.objects.live().filter(in_store=True).only("address", "namespace", "key_text")
    findings.missing += [(card.labels, card.key) for card in told.iterator() if card.address not in seen]
    findings.checked = len(seen)
    return findings


def repair(store: LedgerStore, findings: Findings, *, progress: Progress | None = None) -> int:
    """Make Chroma say again what the ledger says. Returns how many records were put right."""
    if not findings.count:
        return 0
    wrong = [address_of(*address) for address in findings.missing + findings.different]
    for chunk in cards.in_chunks(wrong):
        Record.objects.filter(address__in=chunk).update(in_store=False)
    store.chroma().apply([], findings.orphans + findings.foreign)
    store.reconcile(progress=progress)
    tell(StoreEvent.Kind.MENDED, f"{findings.count} records differed from the ledger and were put right.")
    return findings.count


def rebuild_store(store: LedgerStore, *, progress: Progress | None = None) -> int:
    """Make Chroma anew from the ledger, without the embedder. Returns how many records it then has."""
    count = rebuild(store.chroma())
    return count + store.reconcile(progress=progress)


def reindex(store: LedgerStore, *, progress: Progress | None = None) -> int:
    """Make Chroma and all vectors anew with the embedder of the settings. Returns how many records."""
    Record.objects.live().update(vectors=None, embedder="", in_store=False)
    store.chroma().rebuild([])
    return store.reconcile(progress=progress)


@dataclass(frozen=True, kw_only=True)
class Erased:
    """The receipt of an erasure. ``from_disk``: Chroma's files hold no byte of it (a server needs a vacuum)."""

    records: int
    changes: int
    from_disk: bool


def erase_account(store: LedgerStore, account_id: str, *, reason: str) -> Erased:
    """Take everything of an account out of ledger and Chroma, for good; late writes are refused.

    May be repeated after a failure. Raises StoreUnavailable when Chroma cannot be reached: then nothing is readable
    any more, and it has to be called again.
    """
    scope = scope_of(namespaces.account(account_id))
    return _erase(store, Record.objects.filter(scope=scope), [Tombstone(scope=scope, reason=reason[:500])])


def erase_records(store: LedgerStore, records: Iterable[Record], *, reason: str) -> Erased:
    """The same for single records, with their history."""
    ids, stones = [], []
    for record in records:
        ids.append(record.pk)
        stones.append(Tombstone(scope=record.scope_id, address=record.address, reason=reason[:500]))
    return _erase(store, Record.objects.filter(pk__in=ids), stones)


def _erase(store: LedgerStore, records: RecordQuerySet, stones: list[Tombstone]) -> Erased:
    with transaction.atomic():
        cards.lock({stone.scope for stone in stones})
        Tombstone.objects.bulk_create(stones, ignore_conflicts=True)
        records.update(
            value_text=None, search_text="", digest="", vectors=None, status=Record.Status.DELETED, in_store=False
        )
        changes, _ = RecordChange.objects.filter(record__in=records).delete()
    from_disk = store.chroma().erase((card.labels, card.key) for card in records)
    count, _ = records.delete()
    whole = [stone.scope for stone in stones if not stone.address]
    Scope.objects.filter(pk__in=whole).delete()
    tell(StoreEvent.Kind.ERASED, f"{count} records and {changes} changes were erased.")
    return Erased(records=count, changes=changes, from_disk=from_disk)


def _in_batches(records: Iterator[ChromaRecord]) -> Iterator[list[ChromaRecord]]:
    while batch := list(islice(records, cards.CHUNK)):
        yield batch


def _compare(record: ChromaRecord, card: Record | None, findings: Findings) -> None:
    address = (tuple(record.namespace), record.key)
    if card is None:
        copied = Record.objects.live().filter(digest=digest_of(record.value)).exclude(scope=scope_of(record.namespace))
        (findings.foreign if copied.exists() else findings.orphans).append(address)
    elif not _is_same(record, card):
        findings.different.append(address)


def _is_same(record: ChromaRecord, card: Record) -> bool:
    if not card.in_store:
        return True  # Chroma has not been told yet; reconcile will.
    if (digest_of(record.value), record.updated_at) != (card.digest, card.updated_at):
        return False
    kept = bytes(card.vectors or b"")
    same_size = len(kept) == len(pack(record.vectors))
    return same_size and np.allclose(unpack(kept, record.vectors.shape[1]), record.vectors, atol=1e-5)
