"""How candidates are ordered for a query: by vector, by words, by age, or a blend."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .records import Vectors

Scores = NDArray[np.float64]
#: For each candidate the places of the one before and the one after it; the last place + 1 where there is none.
Neighbours = NDArray[np.intp]
Metric = Literal["cosine", "l2", "inner_product"]


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """What a search score is made of.

    ``lexical`` (0 to 1) is the share of BM25 over the candidates' own texts, the rest is the vector's.
    ``context`` adds so much of the better of a record's two neighbours: those written just before and after
    it in its namespace. What is said about one thing is said in one place, often in answer to a question.
    ``recency`` (0 to 1) is the share given to age, halved every ``half_life_days`` since the last update.
    With all at 0 a score is the metric's own similarity; blended scores lie between 0 and 1, order the
    results of one search, and are no similarities.
    """

    lexical: float = 0.0
    context: float = 0.0
    recency: float = 0.0
    half_life_days: float = 30.0

    def __post_init__(self) -> None:
        shares = (self.lexical, self.context, self.recency)
        if not (all(0 <= share <= 1 for share in shares) and self.half_life_days > 0):
            raise ValueError("lexical, context and recency lie between 0 and 1, half_life_days is above 0")

    @property
    def is_blend(self) -> bool:
        return self.lexical > 0 or self.context > 0 or self.recency > 0

    def blend(self, cosines: Scores, lexical: Scores, neighbours: Neighbours, age_days: Scores) -> Scores:
        """One score a candidate, from its best cosine, its BM25, its neighbours and its age.

        Cosine and BM25 are stretched to the best candidate of this search, from their theoretical least
        (Bruch et al. 2023, "An Analysis of Fusion Functions for Hybrid Retrieval": more robust than ranks).
        """
        scores = (1 - self.lexical) * _stretched(cosines + 1) + self.lexical * _stretched(lexical)
        if self.context:
            least = scores.min(initial=np.inf)  # who has no neighbour is no worse off than who has a poor one
            beside = np.append(scores, least)[neighbours].max(axis=1, initial=0.0)
            scores = (scores + self.context * beside) / (1 + self.context)
        if self.recency:
            fresh = np.exp2(-np.maximum(age_days, 0) / self.half_life_days)
            scores = (1 - self.recency) * scores + self.recency * fresh
        return scores


VECTOR = Ranking()
HYBRID = Ranking(lexical=0.5, context=0.3)


def similarities(vectors: Vectors, query: Vectors, metric: Metric) -> Scores:
    """Higher is nearer: the cosine (0 for a zero vector), the inner product, or minus the L2 distance."""
    if metric == "l2":
        return -np.linalg.norm(vectors - query, axis=1).astype(np.float64)
    products = (vectors @ query).astype(np.float64)
    if metric == "inner_product":
        return products
    lengths = np.linalg.norm(vectors, axis=1).astype(np.float64) * float(np.linalg.norm(query))
    return np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)


class Lexicon:
    """BM25 over a few hundred short texts.

    Written out because it is asked one question about an account's few texts: bm25s builds a sparse matrix of
    the whole vocabulary first, 2 ms for 50 texts and 10 ms for 600, against 0.2 and 2 ms here.
    """

    def __init__(self, texts: Sequence[list[str]], *, k1: float = 0.9, b: float = 0.4) -> None:
        lengths = np.array([len(text) for text in texts], dtype=np.float64)
        self._texts = texts
        self._filled = int(np.count_nonzero(lengths))
        self._k1 = k1
        self._norms = k1 * (1 - b + b * lengths * self._filled / max(float(lengths.sum()), 1.0))

    def scores(self, query: Sequence[str]) -> Scores:
        """The BM25 of every text for the query's words, 0 where none of them occurs."""
        scores = np.zeros(len(self._texts))
        for word in set(query):
            counts = np.array([text.count(word) for text in self._texts], dtype=np.float64)
            having = int(np.count_nonzero(counts))
            rarity = math.log1p((self._filled - having + 0.5) / (having + 0.5))
            scores += rarity * (self._k1 + 1) * counts / (counts + self._norms)
        return scores


def _stretched(scores: Scores) -> Scores:
    best = scores.max(initial=0.0)
    return scores / best if best > 0 else scores


def neighbours(order: Sequence[tuple[Hashable, Any]]) -> Neighbours:
    """Who stands beside whom: ``order`` has for each candidate its group and its sort key within the group."""
    count = len(order)
    sorted_places = sorted(range(count), key=lambda place: order[place])
    beside = np.full((count, 2), count, dtype=np.intp)
    for before, after in pairwise(sorted_places):
        if order[before][0] == order[after][0]:
            beside[before, 1], beside[after, 0] = after, before
    return beside
