"""Whoever reads while others write the same records again and again is answered."""

import itertools

import pytest
from langgraph.store.base import PutOp

from agents.store import ChromaStore
from support_site.memory.ledger import LedgerStore
from tests.memory.conftest import DIMS

pytestmark = pytest.mark.django_db(transaction=True)


class Overtaken(ChromaStore):
    """Before each read somebody writes."""

    def write(self):
        """Nobody yet."""

    def snapshot(self, namespace_prefix):
        self.write()
        return super().snapshot(namespace_prefix)

    def batch(self, ops):
        self.write()
        return super().batch(ops)


@pytest.fixture
def chroma(client_of_chroma, letters):
    index = {"embed": letters, "dims": DIMS, "fields": ["text"]}
    return Overtaken(client_of_chroma, index=index, embedder_name="letters")


@pytest.fixture
def busy(store, chroma, a):
    """A store with "quiet", and "busy" that is written whenever somebody reads: each time with the next number."""
    numbers = itertools.count()

    def write():
        store.keep([PutOp(a.memories, "busy", {"text": "new", "number": next(numbers)})])

    store.put(a.memories, "quiet", {"text": "as it was"})
    write()
    chroma.write = write
    return LedgerStore(lambda: chroma)


def test_a_search_is_answered_while_one_of_its_records_is_written_all_the_time(busy, a):
    found = {item.key: item.value for item in busy.search(a.memories)}
    assert found["quiet"] == {"text": "as it was"}
    first = found["busy"]["number"]
    assert {item.key: item.value for item in busy.search(a.memories)}["busy"]["number"] > first, "and never older"


def test_a_get_is_answered_while_its_record_is_written_all_the_time(busy, a):
    first = busy.get(a.memories, "busy").value["number"]
    assert busy.get(a.memories, "busy").value["number"] > first
