"""One service for all tests that kill its parts."""

import pytest

from tests.faults.service import Service
from tests.faults.stage import CONVERSATIONS, Model, shop
from tests.openai_server import OpenAIServer


@pytest.fixture(scope="session")
def model():
    return Model()


@pytest.fixture(scope="session")
def service(model):
    with OpenAIServer(answer=model) as server:
        service = Service(server.url)
        try:
            yield service.start(shop(), conversations=CONVERSATIONS)
        finally:
            service.stop()
