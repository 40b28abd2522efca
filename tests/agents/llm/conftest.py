"""A server that answers as it is told, and models that ask it."""

import pytest

from agents.llm import chat_model
from tests.agents.llm.reading import KEY
from tests.openai_server import OpenAIServer


@pytest.fixture
def server():
    with OpenAIServer() as server:
        yield server


@pytest.fixture
async def model_of():
    """Makes models of a server and closes their connections in the end: langchain-openai keeps them open."""
    made = []

    def make(server, **more):
        given = {"api_key": KEY, "base_url": server.url, "model": "test-model", "timeout": 5} | more
        made.append(chat_model(**given))
        return made[-1]

    yield make
    for model in made:
        await model.root_async_client.close()
