"""How the contract's tests get their stores."""

import asyncio
from collections.abc import Callable, Iterable
from typing import ClassVar

import pytest
from langchain_core.embeddings import Embeddings
from langgraph.store.base import BaseStore, Op, Result

#: The words this embedder knows; each is a direction of its own.
TOPICS = ("tea", "coffee", "dog", "cat", "red", "blue", "north", "south")


class TopicEmbeddings(Embeddings):
    """A text points where the topics it names point; one that names none is the zero vector."""

    name = "topics"
    dims = len(TOPICS)

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded += texts
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        words = text.lower().replace('"', " ").split()
        return [float(words.count(topic)) for topic in TOPICS]


def topics_index(*fields: str) -> dict:
    return {"dims": TopicEmbeddings.dims, "embed": TopicEmbeddings(), "fields": list(fields or ("text",))}


class ThroughAsync(BaseStore):
    """The same store, reached by its async side only."""

    def __init__(self, store: BaseStore) -> None:
        self._store = store
        self.supports_ttl = store.supports_ttl
        self.ttl_config = store.ttl_config

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        return asyncio.run(self._store.abatch(ops))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        return await self._store.abatch(ops)

    def __getattr__(self, name: str):
        return getattr(self._store, name)


class Stage:
    differs: ClassVar[dict[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _differences(self, request):
        if reason := self.differs.get(request.node.originalname):
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    @pytest.fixture(params=["batch", "abatch"])
    def make(self, request, opened) -> Callable[..., BaseStore]:
        """Gives an empty store, reached by one side."""

        def store(**options) -> BaseStore:
            fresh = opened(**options)
            return fresh if request.param == "batch" else ThroughAsync(fresh)

        return store

    @pytest.fixture
    def store(self, make) -> BaseStore:
        """An empty store without an index."""
        return make()

    @pytest.fixture
    def topical(self, make) -> BaseStore:
        """An empty store that indexes the field ``text`` by topics."""
        return make(index=topics_index())


def keys(items) -> list[str]:
    return [item.key for item in items]
