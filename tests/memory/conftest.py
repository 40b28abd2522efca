"""A ledger before a real embedded Chroma of its own, and stores that fail when they are told to."""

import time

import chromadb
import pytest

from agents.namespaces import memories, orders, profile
from agents.store import ChromaStore, StoreUnavailable
from support_site.memory.ledger import LedgerStore

DIMS = 16


class Letters:
    """An embedder of the tests: counts letters, and counts how often it is asked."""

    name = "letters"

    def __init__(self):
        self.asked = 0
        #: A word that it does not take.
        self.refuses = ""

    def __call__(self, texts):
        self.asked += 1
        if self.refuses and any(self.refuses in text for text in texts):
            raise StoreUnavailable("The embedder does not take this text (test).")
        return [self.vector(text) for text in texts]

    @staticmethod
    def vector(text):
        vector = [0.01] * DIMS
        for letter in text.lower():
            vector[ord(letter) % DIMS] += 1.0
        return vector


class Faulty(ChromaStore):
    """A ChromaStore that is down ("before" it writes) or goes away "after" it wrote, while it is told to.

    It takes no record with the key ``refuses``. ``meanwhile`` is called once, just before a write: what somebody
    else does at that moment.
    """

    fails: str = ""
    refuses: str | None = None
    meanwhile = None

    def apply(self, records, removals=()):
        self._require_up()
        somebody, self.meanwhile = self.meanwhile, None
        if somebody:
            somebody()
        if any(record.key == self.refuses for record in records):
            raise StoreUnavailable("Chroma does not take this record (test).")
        super().apply(records, removals)
        if self.fails == "after":
            raise StoreUnavailable("Chroma went away after the write (test).")

    def snapshot(self, namespace_prefix):
        self._require_up()
        return super().snapshot(namespace_prefix)

    def batch(self, ops):
        self._require_up()
        return super().batch(ops)

    def erase(self, items):
        self._require_up()
        return super().erase(items)

    def _require_up(self):
        if self.fails == "before":
            raise StoreUnavailable("Chroma is down (test).")


def answer_in_the_end(ask):
    """What is answered once the store is no longer unavailable."""
    until = time.monotonic() + 60
    while True:
        try:
            return ask()
        except StoreUnavailable:
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.fixture
def letters():
    return Letters()


@pytest.fixture
def client_of_chroma(tmp_path):
    return chromadb.PersistentClient(str(tmp_path / "chroma"), chromadb.Settings(anonymized_telemetry=False))


@pytest.fixture
def chroma(client_of_chroma, letters):
    index = {"embed": letters, "dims": DIMS, "fields": ["text", "status"]}
    return Faulty(client_of_chroma, index=index, embedder_name="letters")


@pytest.fixture
def store(chroma):
    return LedgerStore(lambda: chroma)


@pytest.fixture
def a(alice):
    """Namespaces of alice's account."""
    return Of(str(alice.account_id))


@pytest.fixture
def b(bob):
    return Of(str(bob.account_id))


class Of:
    def __init__(self, account_id):
        self.id = account_id
        self.account = ("accounts", account_id)
        self.memories = memories(account_id)
        self.orders = orders(account_id)
        self.profile = profile(account_id)
