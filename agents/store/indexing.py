"""From values to texts to vectors, as LangGraph's ``IndexConfig`` says."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal, cast

import numpy as np
from langchain_core.embeddings import Embeddings
from langgraph.store.base import IndexConfig, PutOp, ensure_embeddings, get_text_at_path, tokenize_path

from .ranking import Metric
from .records import Record, Vectors, expiry, now

Paths = Literal[False] | list[str] | None


class Indexer:
    """Knows which texts of a value are searched and makes their vectors; without a config there are none."""

    def __init__(self, config: IndexConfig | None, name: str | None = None) -> None:
        self.embeddings: Embeddings | None = ensure_embeddings(config.get("embed")) if config else None
        self.dims = config["dims"] if config else 1
        given = cast(dict[str, Any], config or {})
        self.metric: Metric = given.get("distance_type", "cosine")
        # SqliteStore calls them text_fields.
        self._fields = cast(list[str], given.get("fields") or given.get("text_fields") or ["$"])
        self.name = name or (_name_of(self.embeddings) if self.embeddings else "none")

    def texts(self, value: Mapping[str, Any], index: Paths) -> list[str]:
        """The searched texts of a value; each has a vector."""
        if self.embeddings is None or index is False:
            return []
        fields = self._fields if index is None else index
        return [text for field in fields for text in get_text_at_path(value, _tokens(field))]

    def prepare(self, puts: Sequence[PutOp]) -> list[Record]:
        texts = [self.texts(put.value or {}, put.index) for put in puts]
        return self._records(puts, texts, self.vectors({text for each in texts for text in each}))

    async def aprepare(self, puts: Sequence[PutOp]) -> list[Record]:
        texts = [self.texts(put.value or {}, put.index) for put in puts]
        return self._records(puts, texts, await self.avectors({text for each in texts for text in each}))

    def vectors(self, texts: Collection[str]) -> dict[str, Vectors]:
        """The vector of each distinct text."""
        distinct = sorted(texts)
        if not distinct or self.embeddings is None:
            return {}
        return self._checked(distinct, self.embeddings.embed_documents(distinct))

    async def avectors(self, texts: Collection[str]) -> dict[str, Vectors]:
        distinct = sorted(texts)
        if not distinct or self.embeddings is None:
            return {}
        return self._checked(distinct, await self.embeddings.aembed_documents(distinct))

    def query_vectors(self, queries: Iterable[str | None]) -> dict[str, Vectors]:
        """The vector of each distinct query that is neither None nor empty."""
        distinct = sorted({query for query in queries if query})
        if self.embeddings is None:
            return {}
        return self._checked(distinct, [self.embeddings.embed_query(query) for query in distinct])

    async def aquery_vectors(self, queries: Iterable[str | None]) -> dict[str, Vectors]:
        distinct = sorted({query for query in queries if query})
        if self.embeddings is None:
            return {}
        return self._checked(distinct, [await self.embeddings.aembed_query(query) for query in distinct])

    def _checked(self, texts: Sequence[str], vectors: Sequence[Any]) -> dict[str, Vectors]:
        if len(vectors) != len(texts):
            raise ValueError(f"The embedder gave {len(vectors)} vectors for {len(texts)} texts.")
        arrays = [np.asarray(vector, dtype=np.float32) for vector in vectors]
        for array in arrays:
            if array.shape != (self.dims,) or not np.isfinite(array).all():
                raise ValueError(
                    f"The embedder {self.name} gave a vector of shape {array.shape}; the index is configured with"
                    f" dims={self.dims}, and every number must be finite."
                )
        return dict(zip(texts, arrays, strict=True))

    def _records(
        self, puts: Sequence[PutOp], texts: Sequence[Sequence[str]], vectors: Mapping[str, Vectors]
    ) -> list[Record]:
        # A microsecond apart, so that the order of a batch can be told from the times.
        first = now()
        moments = [first + timedelta(microseconds=place) for place in range(len(puts))]
        empty = np.zeros((0, self.dims), dtype=np.float32)
        return [
            Record(
                namespace=tuple(put.namespace),
                key=put.key,
                value=dict(put.value or {}),
                vectors=np.stack([vectors[text] for text in each]) if each else empty,
                index=put.index,
                created_at=at,
                updated_at=at,
                ttl=put.ttl,
                expires_at=expiry(put.ttl, at),
            )
            for put, each, at in zip(puts, texts, moments, strict=True)
        ]


@lru_cache(maxsize=256)
def _tokens(field: str) -> Any:
    return field if field == "$" else tokenize_path(field)


def _name_of(embeddings: Embeddings) -> str:
    """What distinguishes an embedder across restarts: its own name or model, else where its code is."""
    for attribute in ("name", "model", "model_name"):
        if isinstance(own := getattr(embeddings, attribute, None), str):
            return own
    code = getattr(embeddings, "func", None) or getattr(embeddings, "afunc", None) or type(embeddings)
    return f"{code.__module__}.{code.__qualname__}"
