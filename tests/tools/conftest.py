"""The small shop in a store, and its two customers signed in at the tools."""

import pytest
from langgraph.store.memory import InMemoryStore

from agents import namespaces
from tests.shop.small_shop import ALICE, BOB, stock
from tests.tools.signed_in import Call, build


@pytest.fixture
async def store():
    return await stock(InMemoryStore())


@pytest.fixture
def as_alice(store):
    """``await as_alice(tool, **arguments)`` is the started call."""
    graph = build(store)

    async def start(tool, *, limit=None, **arguments) -> Call:
        return await Call(graph, ALICE, tool, arguments, limit).start()

    return start


@pytest.fixture
def as_bob(store):
    graph = build(store)

    async def start(tool, *, limit=None, **arguments) -> Call:
        return await Call(graph, BOB, tool, arguments, limit).start()

    return start


@pytest.fixture
def everything(store):
    """``await everything()`` is all that is stored, by namespace and key."""

    async def snapshot():
        return {(item.namespace, item.key): item.value for item in await store.asearch((), limit=1_000)}

    return snapshot


@pytest.fixture
def order(store):
    async def read(order_id, account=ALICE):
        return (await store.aget(namespaces.orders(account), order_id)).value

    return read


@pytest.fixture
def profile(store):
    async def read(account=ALICE):
        return (await store.aget(namespaces.profile(account), namespaces.PROFILE_KEY)).value

    return read
