"""The ledger before a Chroma server: it may be killed, may hang, and serves several writers at once."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import chromadb
import pytest
from django.db import connection
from langgraph.store.base import PutOp

from agents.store import ChromaStore, StoreUnavailable
from agents.store.table import SYNC_EVERY
from bench._chroma import free_port, launched_server, started_server
from support_site.memory import services, stores
from support_site.memory.ledger import LedgerStore
from support_site.memory.models import Record, StoreEvent
from tests.memory.conftest import DIMS, Letters, answer_in_the_end
from tests.store.kills import MOST_KILLS, is_torn, killer, tear

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.service, pytest.mark.fault]


class Server:
    """A Chroma server that can be killed and started again."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.clients = []
        self.start()

    def start(self):
        self.process = started_server(str(self.folder), self.port)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def client(self):
        made = chromadb.HttpClient(port=self.port, settings=chromadb.Settings(anonymized_telemetry=False))
        self.clients.append(made)
        return made

    def close(self):
        """Chroma's client leaves its connections to the garbage collector, which warns."""
        for client in self.clients:
            client._server._session.close()
        self.kill()


@pytest.fixture
def server(tmp_path):
    started = Server(tmp_path / "server")
    yield started
    started.close()


@pytest.fixture
def store(server, letters):
    index = {"embed": letters, "dims": DIMS, "fields": ["text"]}
    chroma = ChromaStore(server.client, index=index, embedder_name="letters")
    return LedgerStore(lambda: chroma)


def batch_of(namespace, first, count):
    return [PutOp(namespace, f"m{n:05}", {"text": f"memory number {n}"}) for n in range(first, first + count)]


def test_a_server_killed_while_it_saves_its_index_until_it_breaks_is_mended(store, server, letters, a, caplog):
    store.batch(batch_of(a.memories, 0, 2 * SYNC_EVERY + 50))
    for _ in range(MOST_KILLS):
        with killer(server.folder, server.process.pid) as killing, Writing(store, a.memories):
            killing.wait()
        server.kill()
        if is_torn(server.folder):
            break
        server.start()
    else:
        server.kill()
        tear(server.folder)
    kept = Record.objects.live().count()
    server.start()
    asked = letters.asked
    assert len(store.search(a.memories, limit=10_000)) == kept
    assert list(StoreEvent.objects.order_by("id").values_list("kind", flat=True)) == ["broken", "rebuilt"]
    assert "Chroma was broken" in caplog.text
    assert letters.asked - asked <= 2  # for the batch whose write the kill cut off
    assert (store.pending_count(), services.check(store).count) == (0, 0)


@pytest.fixture
def site(server, settings, monkeypatch):
    """The site's own store before the server, with little patience."""
    settings.CHROMA_URL = f"http://127.0.0.1:{server.port}"
    monkeypatch.setattr(stores, "CHROMA_TIMEOUT_SECONDS", 1.0)
    stores.reset_site_store()
    yield stores.site_store()
    server.clients.append(stores.site_store().chroma()._connection.client())
    stores.reset_site_store()


@pytest.mark.parametrize("opened", [True, False], ids=["while it is used", "before it is opened"])
def test_a_server_that_hangs_is_unavailable_in_time_and_used_again_when_it_goes_on(site, server, a, opened):
    if opened:
        site.put(a.memories, "m1", {"text": "tea"})
    os.kill(server.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    site.put(a.memories, "m2", {"text": "kept by the ledger"})
    with pytest.raises(StoreUnavailable, match="try again"):
        site.search(a.account, query="tea")
    assert time.monotonic() - began < 10
    os.kill(server.process.pid, signal.SIGCONT)
    assert len(site.search(a.account, query="tea")) == 1 + opened
    assert site.pending_count() == 0


def test_a_server_that_dies_of_its_index_at_every_start_is_mended(store, server, letters, a):
    store.batch(batch_of(a.memories, 0, SYNC_EVERY + 50))
    server.kill()
    for file in server.folder.glob("*/index_metadata.pickle"):
        header = file.with_name("header.bin")
        header.write_bytes(header.read_bytes()[:50])
    asked = letters.asked
    with Supervised(server):
        found = answer_in_the_end(lambda: store.search(a.memories, limit=1_000))
    assert len(found) == SYNC_EVERY + 50
    assert letters.asked == asked
    assert list(StoreEvent.objects.order_by("id").values_list("kind", flat=True)) == ["broken", "rebuilt"]


class Supervised:
    """Whenever the server ends it is started again."""

    def __init__(self, server):
        self._server = server
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self._stop.wait(0.05):
            if self._server.process.poll() is not None:
                self._server.process = launched_server(str(self._server.folder), self._server.port)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_error):
        self._stop.set()
        self._thread.join()


def test_several_clients_write_through_one_server_and_all_agree(server, store, a):
    """Each has a client and a memory of its own, as web processes and workers do."""
    index = {"embed": Letters(), "dims": DIMS, "fields": ["text"]}
    others = [ChromaStore(server.client, index=index, embedder_name="letters") for _ in range(3)]
    stores_of_processes = [store, *(LedgerStore(lambda chroma=chroma: chroma) for chroma in others)]

    def write(number):
        own = stores_of_processes[number]
        try:
            for turn in range(6):
                own.put(a.memories, f"m{number}-{turn}", {"text": f"memory {number}"})
                own.put(a.memories, "shared", {"text": f"by {number}", "turn": turn})
                assert own.get(a.memories, f"m{number}-{turn}")
            return len(own.search(a.account, query="memory", limit=100))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert min(threads.map(write, range(4))) > 6
    answers = [sorted((i.key, str(i.value)) for i in own.search(a.account, limit=100)) for own in stores_of_processes]
    assert len(answers[0]) == 4 * 6 + 1
    assert all(answer == answers[0] for answer in answers)
    assert (store.pending_count(), services.check(store).count) == (0, 0)


class Writing:
    """Somebody writes a batch after the other; the ledger takes them all, whether the server is there or not."""

    def __init__(self, store, namespace):
        self._store, self._namespace = store, namespace
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def _write(self):
        try:
            while not self._stop.is_set():
                self._store.batch(batch_of(self._namespace, Record.objects.count(), 50))
        finally:
            connection.close()

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_error):
        self._stop.set()
        self._thread.join()
