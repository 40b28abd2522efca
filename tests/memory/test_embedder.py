"""The embedder that the settings name."""

import httpx
import openai
import pytest
from langchain_core.embeddings import Embeddings

from agents.store import StoreUnavailable
from support_site.memory.embedder import RemoteEmbeddings, site_embedder
from support_site.memory.ledger import LedgerStore


class Silent(Embeddings):
    """Does not answer until it is told to."""

    answers = False

    def embed_documents(self, texts):
        if not self.answers:
            raise openai.APIConnectionError(request=httpx.Request("POST", "http://localhost/v1/embeddings"))
        return [[1.0] * 16 for _ in texts]

    def embed_query(self, text):
        return self.embed_documents([text])[0]


def test_without_a_key_the_lexical_embedder_is_used(settings):
    embedder, dims = site_embedder()
    assert embedder.name.startswith("lexical")
    assert len(embedder.embed_query("tea")) == dims


def test_openais_models_are_not_asked_for_their_dimensions(settings):
    settings.EMBEDDER, settings.OPENAI_API_KEY = "openai", "not-a-key"
    settings.OPENAI_EMBEDDING_MODEL = "text-embedding-3-large"
    embedder, dims = site_embedder()
    assert (embedder.name, dims) == ("openai:text-embedding-3-large", 3072)


@pytest.mark.django_db(transaction=True)
def test_what_is_written_while_the_embedder_is_silent_waits_for_it(client_of_chroma, a):
    from agents.store import ChromaStore

    silent = Silent()
    chroma = ChromaStore(
        client_of_chroma, index={"embed": RemoteEmbeddings(silent, name="silent"), "dims": 16, "fields": ["text"]}
    )
    store = LedgerStore(lambda: chroma)
    store.put(a.memories, "m1", {"text": "tea"})
    assert store.pending_count() == 1
    with pytest.raises(StoreUnavailable, match="embedder silent does not answer"):
        store.get(a.memories, "m1")
    silent.answers = True
    assert store.get(a.memories, "m1").value == {"text": "tea"}
