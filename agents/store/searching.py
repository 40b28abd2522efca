"""Finding records: exactly among an account's few, by Chroma's index among many."""

from collections.abc import Iterable
from typing import Protocol

from langgraph.store.base import SearchOp

from .encoding import Entry, primary_of
from .records import Namespace, Vectors
from .snapshot import Snapshot
from .table import Table

#: Up to so many rows are fetched in the first call, with their vectors.
FEW_ROWS = 300
#: Up to so many rows are scored exactly: 50 take 3 ms, 1,000 about 50. Beyond that Chroma's index proposes
#: candidates, which costs some 50 ms however many there are (it lists all rows under the prefix first).
EXACT_ROWS = 1_500
_CANDIDATES = 200
_MOST_CANDIDATES = 4_000

Found = list[tuple[Entry, float | None]]


class SnapshotOf(Protocol):
    """Makes a snapshot; one that is not whole cannot tell who stands beside whom."""

    def __call__(self, prefix: Namespace, entries: Iterable[Entry], *, whole: bool = True) -> Snapshot: ...


class Searcher:
    def __init__(self, records: Table, snapshot_of: SnapshotOf) -> None:
        self._records = records
        self._snapshot_of = snapshot_of

    def find(self, op: SearchOp, query_vector: Vectors | None) -> Found:
        """The page of results an operation asks for, in order, each with its score or None."""
        prefix = tuple(op.namespace_prefix)
        if query_vector is None:
            return self._page(op, None, self._records.under(prefix, vectors=False))
        entries = self._records.under_if_few(prefix, FEW_ROWS)
        if entries is None and sum(1 for _ in self._records.ids_under(prefix, EXACT_ROWS + 1)) <= EXACT_ROWS:
            entries = self._records.under(prefix, vectors=True)
        if entries is None:
            return self._find_by_index(op, query_vector, prefix)
        return self._page(op, query_vector, entries)

    def _find_by_index(self, op: SearchOp, query_vector: Vectors, prefix: Namespace) -> Found:
        """Widen the circle until it holds a full page of matches; score everything if that never happens."""
        wanted = op.offset + op.limit
        rows = self._records.count()
        circle = max(_CANDIDATES, 4 * wanted)
        while circle < min(rows, _MOST_CANDIDATES):
            near = self._records.nearest(query_vector, circle, prefix)
            candidates = self._records.fetch((primary_of(row_id) for row_id, _ in near), vectors=True)
            found = self._snapshot_of(prefix, candidates.values(), whole=False).found(op, query_vector)
            scored = sum(1 for _, score in found if score is not None)  # they come before all others
            if scored >= wanted:
                return found[op.offset : wanted]
            circle *= 4
        return self._page(op, query_vector, self._records.under(prefix, vectors=True))

    def _page(self, op: SearchOp, query_vector: Vectors | None, entries: Iterable[Entry]) -> Found:
        snapshot = self._snapshot_of(tuple(op.namespace_prefix), entries)
        return snapshot.found(op, query_vector)[op.offset : op.offset + op.limit]
