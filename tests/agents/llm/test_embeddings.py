"""OpenAIEmbeddings over real HTTP: no download, no tokenizer, the vectors that the server sent."""

import pytest

from agents import errors
from agents.embeddings import openai_embeddings
from tests.agents.llm.reading import KEY
from tests.openai_server import fails, vector


@pytest.fixture
async def embedder_of():
    """Makes embedders and closes their connections in the end."""
    made = []

    def make(**given):
        made.append(openai_embeddings(**({"api_key": KEY, "model": "test-embedding"} | given)))
        return made[-1]

    yield make
    for embedder in made:
        await embedder.async_client._client.close()
        embedder.client._client.close()


@pytest.fixture
def embedder(embedder_of, server):
    return embedder_of(base_url=server.url)


def test_texts_become_the_vectors_of_the_server_in_their_order(embedder):
    texts = ["my blue mug", "delivery address", "my blue mug"]
    assert embedder.embed_documents(texts) == [pytest.approx(vector(text)) for text in texts]
    assert embedder.embed_query("refund") == pytest.approx(vector("refund"))


async def test_the_async_side_gives_the_same(embedder):
    assert await embedder.aembed_documents(["my blue mug"]) == [pytest.approx(vector("my blue mug"))]
    assert await embedder.aembed_query("refund") == pytest.approx(vector("refund"))


def test_the_texts_are_sent_as_text_to_the_model_that_was_named(embedder, server):
    embedder.embed_documents(["my blue mug"])
    exchange = server.exchanges[-1]
    assert exchange.path == "/v1/embeddings"
    assert exchange.body["input"] == ["my blue mug"]
    assert exchange.body["model"] == "test-embedding"
    assert exchange.headers["authorization"] == f"Bearer {KEY}"


def test_an_empty_text_is_embedded_and_not_an_error(embedder):
    assert len(embedder.embed_documents(["", "my blue mug"])) == 2


def test_the_key_is_not_shown(embedder):
    assert KEY not in repr(embedder)


def test_a_server_without_keys_needs_none(embedder_of, server):
    assert embedder_of(base_url=server.url, api_key="").embed_query("refund") == pytest.approx(vector("refund"))


def test_without_an_address_openai_is_asked(embedder_of):
    assert str(embedder_of(base_url="").client._client.base_url) == "https://api.openai.com/v1/"


def test_a_failing_server_is_a_model_error_at_the_wall(embedder, server):
    server.will_fail_to_embed(fails(400, "Too long."))
    with pytest.raises(errors.ModelRejectedRequest), errors.wrap_model_errors():
        embedder.embed_query("refund")
