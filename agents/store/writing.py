"""Putting records into a collection and taking them out."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from .encoding import BODY, EXPIRES, Entry, Metadata, Row, further_ids, id_of, level, rows_of
from .paging import PAGE, pages
from .records import Namespace, Record
from .registry import Registry
from .table import Table

Address = tuple[Namespace, str]

_BLANK = json.dumps({"v": {}, "c": 0, "u": 0, "n": 0})


class Writer:
    """Keeps records, their further vectors and the registry in step. One writer at a time in a process."""

    def __init__(self, records: Table, registry: Registry) -> None:
        self._records = records
        self._registry = registry

    def write(self, records: Iterable[Record]) -> None:
        """Put each record, the last one of an address; ``created_at`` of one that is there is kept."""
        latest = {id_of(record.namespace, record.key): record for record in records}
        for page in pages(list(latest)):
            there = self._records.fetch(page)
            rows = [row for row_id in page for row in self._rows(latest[row_id], there.get(row_id))]
            self._records.upsert(rows)
            self._records.delete(
                left_over
                for row_id, entry in there.items()
                for left_over in further_ids(row_id, len(latest[row_id].vectors), entry.vector_count)
            )
            self._registry.enter({tuple(latest[row_id].namespace) for row_id in page})

    def fill(self, records: Iterable[Record]) -> int:
        """Put records into an empty collection as they are; returns how many."""
        count = 0
        for chunk in _chunks(records):
            self._records.upsert([row for record in chunk for row in rows_of(record, self._records.dims)])
            self._registry.enter({record.namespace for record in chunk})
            count += len(chunk)
        return count

    def remove(self, addresses: Iterable[Address]) -> None:
        there = self._there(addresses)
        self._records.delete(_all_ids(there))
        self._registry.leave({entry.namespace for entry in there})

    def remove_expired(self, at: float) -> int:
        """Remove what has expired, unless a reader or writer prolonged it meanwhile; returns how many records."""
        expired = self._records.expired(at)
        self._records.delete((entry.id for entry in expired), where={EXPIRES: {"$lte": at}})
        prolonged = self._records.present(entry.id for entry in expired)
        gone = [entry for entry in expired if entry.id not in prolonged]
        self._records.delete(_further_ids(gone))
        self._registry.leave({entry.namespace for entry in gone})
        return len(gone)

    def erase(self, addresses: Iterable[Address]) -> None:
        """Overwrite, remove, and have Chroma save its index and drop its log, which both keep what was deleted."""
        there = self._there(addresses)
        blank = np.zeros(self._records.dims, dtype=np.float32)
        self._records.upsert([Row(row_id, blank, _blank(entry)) for entry in there for row_id in _all_ids([entry])])
        self._records.delete(_all_ids(there))
        self._records.flush()
        self._registry.leave({entry.namespace for entry in there})
        self._registry.flush()

    def _there(self, addresses: Iterable[Address]) -> list[Entry]:
        return list(self._records.fetch(id_of(namespace, key) for namespace, key in addresses).values())

    def _rows(self, record: Record, there: Entry | None) -> Iterator[Row]:
        kept = replace(record, created_at=there.created_at) if there else record
        return rows_of(kept, self._records.dims)


def _all_ids(entries: Sequence[Entry]) -> list[str]:
    return [*(entry.id for entry in entries), *_further_ids(entries)]


def _further_ids(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        yield from further_ids(entry.id, 1, entry.vector_count)


def _blank(entry: Entry) -> Metadata:
    levels = {level(depth): None for depth in range(1, len(entry.namespace) + 1)}
    return {**levels, BODY: _BLANK, EXPIRES: None}


def _chunks(records: Iterable[Record]) -> Iterator[list[Record]]:
    rest = iter(records)
    while chunk := list(islice(rest, PAGE)):
        yield chunk
