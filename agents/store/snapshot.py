"""Everything under one namespace at one moment, answering gets and searches from memory."""

import time
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

import numpy as np
from langgraph.store.base import Item, SearchItem, SearchOp

from .encoding import Entry, id_of
from .filters import matches
from .indexing import Indexer
from .ranking import Lexicon, Neighbours, Ranking, Scores, neighbours, similarities
from .records import Namespace, Vectors
from .words import words

_MICROSECONDS_A_DAY = 86_400e6


class Snapshot:
    """Made by ``ChromaStore.snapshot(namespace_prefix)``; holds no connection and never changes.

    It does not know of later writes, so whoever keeps one must know a version of what it covers, and it
    refreshes no time to live. Values are handed out as copies.
    """

    def __init__(
        self, prefix: Namespace, entries: Iterable[Entry], indexer: Indexer, ranking: Ranking, *, omit_expired: bool
    ) -> None:
        self.namespace_prefix = prefix
        self._entries = sorted(entries, key=lambda entry: (-entry.updated, entry.id))
        self._by_id = {entry.id: entry for entry in self._entries}
        self._indexer = indexer
        self._ranking = ranking
        self._omit_expired = omit_expired

    def __len__(self) -> int:
        return len(self._entries)

    def written(self) -> dict[tuple[Namespace, str], datetime]:
        """When each record, expired or not, was written last, by (namespace, key)."""
        return {entry.address: entry.updated_at for entry in self._entries}

    def get(self, namespace: Namespace, key: str) -> Item | None:
        """The item, or None. Raises ValueError for a namespace the snapshot does not cover."""
        self._must_cover(tuple(namespace))
        entry = self._by_id.get(id_of(namespace, key))
        return entry.item() if entry and self._is_alive(entry, time.time()) else None

    def search(self, op: SearchOp, query_vector: Vectors | None = None) -> list[SearchItem]:
        """The page of ``op``: best first for a query vector (see ``ChromaStore.query_vectors``), else newest first.

        Items that are not indexed come after all that are, with ``score`` None. Raises ValueError for a
        namespace the snapshot does not cover and for an unknown filter operator.
        """
        page = self.found(op, query_vector)[op.offset : op.offset + op.limit]
        return [SearchItem(**entry.fields(), score=score) for entry, score in page]

    def found(self, op: SearchOp, query_vector: Vectors | None) -> list[tuple[Entry, float | None]]:
        """Every match in order, with its score."""
        prefix = tuple(op.namespace_prefix)
        self._must_cover(prefix)
        at = time.time()
        chosen = [
            place
            for place, entry in enumerate(self._entries)
            if entry.namespace[: len(prefix)] == prefix
            and self._is_alive(entry, at)
            and (not op.filter or matches(entry.value, op.filter))
        ]
        if query_vector is None or not op.query:
            return [(self._entries[place], None) for place in chosen]
        return self._ranked(chosen, op.query, query_vector, at)

    def _ranked(
        self, chosen: list[int], query: str, query_vector: Vectors, at: float
    ) -> list[tuple[Entry, float | None]]:
        indexed = np.array([place for place in chosen if self._entries[place].vector_count], dtype=np.intp)
        unindexed = [place for place in chosen if not self._entries[place].vector_count]
        scores = self._scores(query, query_vector, at)[indexed]
        best_first = np.argsort(-scores, kind="stable")
        ranked: list[tuple[Entry, float | None]] = [
            (self._entries[indexed[place]], float(scores[place])) for place in best_first
        ]
        return ranked + [(self._entries[place], None) for place in unindexed]

    def _scores(self, query: str, query_vector: Vectors, at: float) -> Scores:
        """One score an entry, also for those that are not indexed."""
        vectors, owners = self._matrix
        best = np.full(len(self._entries), -1.0 if self._ranking.is_blend else -np.inf)
        np.maximum.at(best, owners, similarities(vectors, query_vector, self._indexer.metric))
        if not self._ranking.is_blend:
            return best
        lexical = self._lexicon.scores(words(query)) if self._ranking.lexical else np.zeros(len(best))
        return self._ranking.blend(best, lexical, self._neighbours, self._age_days(at))

    @cached_property
    def _matrix(self) -> tuple[Vectors, "np.ndarray"]:
        """All vectors in one array, and for each the place of its entry."""
        none = np.zeros((0, self._indexer.dims), dtype=np.float32)
        parts = [entry.vectors for entry in self._entries]
        owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        return np.concatenate([none, *parts]), owners

    @cached_property
    def _lexicon(self) -> Lexicon:
        return Lexicon([words("\n".join(self._indexer.texts(entry.value, entry.index))) for entry in self._entries])

    @cached_property
    def _neighbours(self) -> Neighbours:
        return neighbours([(entry.namespace, (entry.created, entry.id)) for entry in self._entries])

    def _age_days(self, at: float) -> Scores:
        return (at * 1e6 - np.array([entry.updated for entry in self._entries])) / _MICROSECONDS_A_DAY

    def _is_alive(self, entry: Entry, at: float) -> bool:
        return not (self._omit_expired and entry.is_expired(at))

    def _must_cover(self, namespace: Namespace) -> None:
        if namespace[: len(self.namespace_prefix)] != self.namespace_prefix:
            raise ValueError(f"This snapshot covers {self.namespace_prefix}, not {namespace}.")
