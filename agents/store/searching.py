"""Finding records: exactly among an account's few, by Chroma's index among many."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from langgraph.store.base import SearchOp

from .encoding import Entry, address_of, primary_of
from .records import Namespace, Vectors
from .snapshot import Snapshot
from .table import Table

#: Up to so many rows are fetched in the first call, with their vectors.
FEW_ROWS = 300
#: Up to so many rows are fetched and scored here: 50 take 3 ms, 1,000 about 50.
EXACT_ROWS = 1_500
#: Up to so many rows the index lists all by distance, and only the nearest are fetched: 70 ms of CPU for 5,000, 92 for
#: 10,000, where fetching them would take 400 and 900. Asked for a few it is quicker and misses one in three of the
#: records that are near to nothing else: such a node of its graph has few ways to it. Those it misses even then are
#: told by their ids and scored as well.
LISTED_ROWS = 20_000
#: Beyond that the index is asked for so many, and may miss some.
_MOST_CANDIDATES = 4_000
_CANDIDATES = 200
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
        self._huge: set[Namespace] = set()

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
        for row_ids in self._circles(query_vector, prefix, max(_CANDIDATES, 4 * wanted)):
            entries = self._records.fetch((primary_of(row_id) for row_id in row_ids), vectors=True).values()
            candidates = (entry for entry in entries if entry.namespace[: len(prefix)] == prefix)
            found = self._snapshot_of(prefix, candidates, whole=False).found(op, query_vector)
            scored = sum(1 for _, score in found if score is not None)  # they come before all others
            if scored >= wanted:
                return found[op.offset : wanted]
        self._large.discard(prefix)
        self._huge.discard(prefix)
        return self._page(op, query_vector, self._records.under(prefix, vectors=True))

    def _circles(self, query: Vectors, prefix: Namespace, size: int) -> Iterator[Sequence[str]]:
        """Ids of the nearest rows, each time four times as many."""
        for missed, near in self._listings(query, prefix):
            circle = size
            while circle < 4 * len(near):
                yield [*missed, *near[:circle]]
                circle *= 4

    def _listings(self, query: Vectors, prefix: Namespace) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
        """Row ids that the index has no way to, and others by distance: if they are few enough, all there are."""
        rows = () if prefix in self._huge else tuple(self._records.ids_under(prefix, LISTED_ROWS + 1))
        if 0 < len(rows) <= LISTED_ROWS:
            near = self._records.nearest(query, len(rows), prefix)
            yield sorted(set(rows).difference(near)), near
            return
        if len(self._huge) < _REMEMBERED:
            self._huge.add(prefix)
        everywhere = self._records.nearest(query, _MOST_CANDIDATES, ())  # many times as quick as below a prefix
        yield (), [row_id for row_id in everywhere if address_of(primary_of(row_id))[0][: len(prefix)] == prefix]
        if prefix:
            yield (), self._records.nearest(query, _MOST_CANDIDATES, prefix)

    def _page(self, op: SearchOp, query_vector: Vectors | None, entries: Iterable[Entry]) -> Found:
        snapshot = self._snapshot_of(tuple(op.namespace_prefix), entries)
        return snapshot.found(op, query_vector)[op.offset : op.offset + op.limit]
