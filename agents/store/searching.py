"""Finding records: exactly among an account's few, by Chroma's index among many."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from langgraph.store.base import SearchOp

from .encoding import Entry, primary_of
from .records import Namespace, Vectors
from .snapshot import Snapshot
from .table import Table

#: Up to so many rows are fetched in the first call, with their vectors.
FEW_ROWS = 300
#: Up to so many rows are scored exactly: 50 take 3 ms, 1,000 about 50. Beyond that Chroma's index proposes
#: candidates, which costs some 50 ms however many there are (it lists all rows under the prefix first), and may miss a
#: record that is near to nothing else: such a node of the graph has few ways to it.
EXACT_ROWS = 1_500
_CANDIDATES = 200
_MOST_CANDIDATES = 4_000
_REMEMBERED = 1_000

Found = list[tuple[Entry, float | None]]


class SnapshotOf(Protocol):
    """Makes a snapshot; one that is not whole cannot tell who stands beside whom."""

    def __call__(self, prefix: Namespace, entries: Iterable[Entry], *, whole: bool = True) -> Snapshot: ...


class Searcher:
    def __init__(self, records: Table, snapshot_of: SnapshotOf) -> None:
        self._records = records
        self._snapshot_of = snapshot_of
        #: Prefixes that had many rows when last looked at; finding that out costs more than a search by index.
        self._large: set[Namespace] = set()

    def find(self, op: SearchOp, query_vector: Vectors | None) -> Found:
        """The page of results an operation asks for, in order, each with its score or None."""
        prefix = tuple(op.namespace_prefix)
        if query_vector is None:
            return self._page(op, None, self._records.under(prefix, vectors=False))
        entries = self._few_entries(prefix)
        if entries is None:
            return self._find_by_index(op, query_vector, prefix)
        return self._page(op, query_vector, entries)

    def _few_entries(self, prefix: Namespace) -> list[Entry] | None:
        """All entries below a prefix if they can be scored exactly, else None."""
        if prefix in self._large:
            return None
        entries = self._records.under_if_few(prefix, FEW_ROWS)
        if entries is None and sum(1 for _ in self._records.ids_under(prefix, EXACT_ROWS + 1)) <= EXACT_ROWS:
            entries = self._records.under(prefix, vectors=True)
        if entries is None and len(self._large) < _REMEMBERED:
            self._large.add(prefix)
        return entries

    def _find_by_index(self, op: SearchOp, query_vector: Vectors, prefix: Namespace) -> Found:
        """Widen the circle until it holds a full page of matches; score everything if that never happens."""
        wanted = op.offset + op.limit
        for circle, within in self._circles(wanted, prefix):
            near = self._records.nearest(query_vector, circle, within)
            entries = self._records.fetch((primary_of(row_id) for row_id, _ in near), vectors=True).values()
            candidates = (entry for entry in entries if entry.namespace[: len(prefix)] == prefix)
            found = self._snapshot_of(prefix, candidates, whole=False).found(op, query_vector)
            scored = sum(1 for _, score in found if score is not None)  # they come before all others
            if scored >= wanted:
                return found[op.offset : wanted]
        self._large.discard(prefix)
        return self._page(op, query_vector, self._records.under(prefix, vectors=True))

    def _circles(self, wanted: int, prefix: Namespace) -> Iterator[tuple[int, Namespace]]:
        """How many neighbours to ask for and under which prefix: first under none, which is twenty times faster."""
        circle = max(_CANDIDATES, 4 * wanted)
        if prefix and circle <= _MOST_CANDIDATES:
            yield circle, ()
        while circle <= _MOST_CANDIDATES:
            yield circle, prefix
            circle *= 4

    def _page(self, op: SearchOp, query_vector: Vectors | None, entries: Iterable[Entry]) -> Found:
        snapshot = self._snapshot_of(tuple(op.namespace_prefix), entries)
        return snapshot.found(op, query_vector)[op.offset : op.offset + op.limit]
