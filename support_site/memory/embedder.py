"""The embedder that the settings name, with what goes wrong told in the store's words."""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from langchain_core.embeddings import Embeddings

from agents.embeddings import LexicalEmbeddings, openai_embeddings
from agents.store import StoreUnavailable

T = TypeVar("T")

#: Dimensions of OpenAI's own models; another model is asked for a vector once.
OPENAI_DIMS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}


def site_embedder() -> tuple[Embeddings, int]:
    """The embedder and the length of its vectors. Raises StoreUnavailable if it must be asked and does not answer."""
    if settings.EMBEDDER == "lexical":
        lexical = LexicalEmbeddings()
        return lexical, lexical.dims
    model = settings.OPENAI_EMBEDDING_MODEL
    remote = RemoteEmbeddings(
        openai_embeddings(api_key=settings.OPENAI_API_KEY, base_url=settings.OPENAI_BASE_URL, model=model),
        name=f"openai:{model}",
    )
    return remote, OPENAI_DIMS.get(model) or len(remote.embed_query("How long are your vectors?"))


class RemoteEmbeddings(Embeddings):
    """An embedder over the network. Raises StoreUnavailable when it does not answer: what was written waits for it."""

    def __init__(self, embeddings: Embeddings, *, name: str) -> None:
        self.name = name
        self._embeddings = embeddings

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return self._ask(lambda: self._embeddings.embed_documents(texts))

    def embed_query(self, text: str) -> list[float]:
        return self._ask(lambda: self._embeddings.embed_query(text))

    def _ask(self, ask: Callable[[], T]) -> T:
        from openai import OpenAIError

        try:
            return ask()
        except OpenAIError as error:
            raise StoreUnavailable(
                f"The embedder {self.name} does not answer ({type(error).__name__}). Nothing is lost: what was "
                "written waits until it does. Check OPENAI_BASE_URL, OPENAI_API_KEY and OPENAI_EMBEDDING_MODEL."
            ) from error
