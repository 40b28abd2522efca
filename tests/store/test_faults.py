"""When Chroma fails, the store says which of the few things is wrong and what to do, and never shows half of it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import chromadb
import pytest
from chromadb.config import Settings

from agents.store import BrokenCollection, ChromaStore, StoreUnavailable, WrongEmbedder
from agents.store.connection import translated
from bench._chroma import chroma_server, free_port
from tests.store import child
from tests.store.contract.stage import TopicEmbeddings, topics_index
from tests.store.damages import DAMAGES, FILE, cut_in_half

ROOT = Path(__file__).parents[2]
NS = ("accounts", "1")


def in_another_process(folder: Path, work: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.store.child", str(folder), work]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def opened(folder: Path) -> ChromaStore:
    settings = Settings(anonymized_telemetry=False)
    return ChromaStore(lambda: chromadb.PersistentClient(str(folder), settings=settings), index=topics_index())


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder of which Chroma has saved the index."""
    folder = tmp_path_factory.mktemp("filled")
    assert in_another_process(folder, "fill").returncode == 0
    return folder


@pytest.fixture
def copied(filled, tmp_path):
    return Path(shutil.copytree(filled, tmp_path / "copied"))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def require_mended(store: ChromaStore, folder: Path) -> None:
    with pytest.raises(BrokenCollection, match=r"ChromaStore\.rebuild"):
        store.search((), query="tea", limit=child.COUNT)
    assert store.is_broken()
    assert store.rebuild(store.prepare(opened_ops())) == child.COUNT
    assert not store.is_broken()
    assert len(store.search(NS, query="tea", limit=1_000)) == child.COUNT / 10
    assert len(store.list_namespaces()) == 10
    assert len(list(folder.glob("*/index_metadata.pickle"))) <= 2  # the old index is gone from the disk


@pytest.mark.fault
def test_an_index_that_fails_to_be_read_is_noticed_and_a_rebuild_mends_it(copied):
    for file in copied.glob("*/index_metadata.pickle"):
        cut(file)
    require_mended(opened(copied), copied)


@pytest.mark.parametrize(
    "words",
    [
        "Error executing plan: Internal error: Error getting embedding",
        "Error in compaction: Failed to apply logs to the hnsw segment writer",
        "Error creating hnsw segment reader: Error loading hnsw index",
        "Error deserializing pickle file: eval error at offset 8192: EOF while parsing",
        "error returned from database: (code: 11) database disk image is malformed",
    ],
)
def test_what_chroma_says_of_damage_is_a_broken_collection(words):
    assert isinstance(translated(chromadb.errors.InternalError(words), "get"), BrokenCollection)


@pytest.mark.fault
@pytest.mark.parametrize("name", ["header.bin", "link_lists.bin"], ids=["a crash at open", "a write without end"])
def test_an_index_whose_saving_was_cut_short_is_never_opened(copied, name):
    for index in copied.glob("*/index_metadata.pickle"):
        cut(index.with_name(name))
        os.utime(index, (1, 1))  # it is saved last: the kill came before
    require_mended(opened(copied), copied)


@pytest.mark.fault
def test_an_index_that_takes_the_process_along_does_so_once(copied):
    for file in copied.glob("*/header.bin"):
        cut(file)
        os.utime(file, (1, 1))  # nothing tells that it is torn
    assert in_another_process(copied, "read").returncode == -signal.SIGSEGV
    require_mended(opened(copied), copied)


@pytest.mark.fault
def test_without_a_ledger_a_torn_index_is_mended_from_the_values(copied):
    for index in copied.glob("*/index_metadata.pickle"):
        cut(index.with_name("header.bin"))
        os.utime(index, (1, 1))
    store = opened(copied)
    assert store.reindex() == child.COUNT
    assert len(store.search(NS, query="tea", limit=1_000)) == child.COUNT / 10


@pytest.mark.fault
@pytest.mark.parametrize("damage", [name for name in DAMAGES if name not in ("empty", "gone")])
def test_a_damaged_file_is_never_opened_and_a_rebuild_makes_a_new_one(copied, damage):
    DAMAGES[damage](copied)
    store = ChromaStore(copied, index=topics_index())
    require_mended(store, copied)
    assert not (copied / FILE).exists()  # with all it said about anybody
    assert [folder.name.partition("-")[0] for folder in copied.iterdir() if folder.is_dir()] == ["made"]
    assert len(ChromaStore(copied, index=topics_index()).search(NS, query="tea", limit=1_000)) == child.COUNT / 10


@pytest.mark.fault
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_damaged_under_a_running_store_is_noticed_and_a_rebuild_makes_a_new_one(copied, damage):
    store = ChromaStore(copied, index=topics_index())
    assert store.get(NS, "1")
    DAMAGES[damage](copied)
    assert store.is_broken()
    with pytest.raises(BrokenCollection, match=r"ChromaStore\.rebuild"):
        write_on(store)
    assert store.rebuild(store.prepare(opened_ops())) == child.COUNT
    assert not store.is_broken()
    assert len(store.search(NS, query="tea", limit=1_000)) == child.COUNT / 10
    assert not (copied / FILE).exists()


def write_on(store):
    """What Chroma has in memory it goes on answering for a while."""
    for number in range(1_000):
        store.put(NS, str(number), {"text": "tea"})


@pytest.mark.fault
def test_a_file_that_was_left_is_not_answered_from_until_the_new_one_is_filled(copied):
    cut_in_half(copied)
    store = ChromaStore(copied, index=topics_index())

    def killed():
        yield from store.prepare(opened_ops()[:200])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.rebuild(killed())
    for each in (store, ChromaStore(copied, index=topics_index())):
        assert each.is_broken()
        with pytest.raises(BrokenCollection, match="not filled again yet"):
            each.get(NS, "1")
    require_mended(store, copied)


@pytest.mark.fault
def test_who_gave_a_client_is_told_what_to_do_about_a_damaged_file(copied):
    store = opened(copied)
    assert store.get(NS, "1")
    cut_in_half(copied)
    with pytest.raises(StoreUnavailable, match="Stop the process and delete the folder"):
        store.rebuild([])


def opened_ops():
    from langgraph.store.base import PutOp

    return [PutOp(("accounts", str(n % 10)), str(n), {"text": f"tea {n}"}) for n in range(child.COUNT)]


@pytest.mark.fault
def test_a_second_process_is_kept_out_of_an_embedded_folder(tmp_path):
    store = opened(tmp_path)
    store.put(NS, "k", {"text": "tea"})
    refused = in_another_process(tmp_path, "read")
    assert refused.returncode == 3
    assert "Another process uses the Chroma folder" in refused.stderr
    assert store.get(NS, "k").value == {"text": "tea"}


def test_two_stores_of_one_process_share_a_folder(tmp_path):
    opened(tmp_path).put(NS, "k", {"text": "tea"})
    assert opened(tmp_path).get(NS, "k").value == {"text": "tea"}


def test_nobody_answering_is_unavailable_and_a_server_that_comes_up_is_used():
    port = free_port()
    store = ChromaStore(lambda: chromadb.HttpClient(port=port, settings=Settings(anonymized_telemetry=False)))
    for ask in (lambda: store.get(NS, "k"), lambda: store.put(NS, "k", {}), store.is_broken, store.list_namespaces):
        with pytest.raises(StoreUnavailable, match="try again"):
            ask()


@pytest.mark.service
@pytest.mark.fault
def test_a_server_that_goes_and_comes_back_is_used_again(tmp_path):
    port = free_port()
    store = ChromaStore(lambda: chromadb.HttpClient(port=port, settings=Settings(anonymized_telemetry=False)))
    with chroma_server(str(tmp_path), port):
        store.put(NS, "k", {"n": 1})
        identity = store.identity()
    with pytest.raises(StoreUnavailable) as caught:
        store.get(NS, "k")
    assert not isinstance(caught.value, BrokenCollection)
    with chroma_server(str(tmp_path), port):
        assert store.get(NS, "k").value == {"n": 1}
        assert store.identity() == identity


@pytest.mark.service
@pytest.mark.fault
def test_a_server_that_lost_its_data_is_told_by_its_identity(tmp_path):
    port = free_port()
    store = ChromaStore(lambda: chromadb.HttpClient(port=port, settings=Settings(anonymized_telemetry=False)))
    with chroma_server(str(tmp_path / "old"), port):
        store.put(NS, "k", {"n": 1})
        identity = store.identity()
    with chroma_server(str(tmp_path / "new"), port):
        assert store.get(NS, "k") is None
        assert store.identity() != identity


def test_a_collection_replaced_by_another_process_is_found_again(client, name):
    ours, theirs = (ChromaStore(client, collection=name) for _ in range(2))
    ours.put(NS, "k", {"n": 1})
    theirs.rebuild(list(theirs.scan()))
    assert ours.get(NS, "k").value == {"n": 1}
    ours.put(NS, "k", {"n": 2})
    assert theirs.get(NS, "k").value == {"n": 2}


def test_another_embedder_is_refused_with_the_way_out(client, name):
    ChromaStore(client, collection=name, index=topics_index()).put(NS, "k", {"text": "tea"})
    config = topics_index()
    config["embed"].name = "other"
    other = ChromaStore(client, collection=name, index=config)
    for ask in (lambda: other.get(NS, "k"), lambda: other.put(NS, "k", {}), lambda: other.search(NS, query="tea")):
        with pytest.raises(WrongEmbedder, match=r"'topics' with 8 .*'other'.*reindex"):
            ask()
    with pytest.raises(WrongEmbedder):
        ChromaStore(client, collection=name).get(NS, "k")


def test_a_reindex_makes_all_vectors_anew_and_keeps_the_times(client, name):
    old = ChromaStore(client, collection=name, index=topics_index())
    old.put(NS, "k", {"text": "tea"})
    old.put(NS, "plain", {"text": "dog"}, index=False)
    before = old.get(NS, "k")
    config = {"dims": 2, "embed": lambda texts: [[1.0, float("tea" in text)] for text in texts], "fields": ["text"]}
    new = ChromaStore(client, collection=name, index=config)
    assert new.reindex() == 2
    assert new.get(NS, "k") == before
    assert [item.score for item in new.search(NS, query="tea")] == [pytest.approx(1), None]


class Reversing(TopicEmbeddings):
    """Answers with one vector too few."""

    def embed_documents(self, texts):
        return super().embed_documents(texts)[1:]


def test_an_embedder_that_answers_wrongly_is_refused_and_nothing_written(client, name):
    for embed, words in ((Reversing(), "0 vectors for 1"), (lambda texts: [[1.0]] * len(texts), "dims=8")):
        config = {**topics_index(), "embed": embed}
        store = ChromaStore(client, collection=name, index=config, embedder_name="topics")
        with pytest.raises(ValueError, match=words):
            store.put(NS, "k", {"text": "tea"})
        assert store.get(NS, "k") is None


class Flickering:
    """A client whose collections fail their first reads as Chroma does when a read races a write."""

    def __init__(self, client, failures: int) -> None:
        self._client, self.failures = client, failures

    def __getattr__(self, name):
        return getattr(self._client, name)

    def get_collection(self, *arguments, **options):
        return FlickeringCollection(self, self._client.get_collection(*arguments, **options))


class FlickeringCollection:
    def __init__(self, client: Flickering, collection) -> None:
        self._client, self._collection = client, collection

    def __getattr__(self, name):
        return getattr(self._collection, name)

    def get(self, **arguments):
        if self._client.failures:
            self._client.failures -= 1
            raise chromadb.errors.InternalError("Error executing plan: Error finding id")
        return self._collection.get(**arguments)


def test_a_read_that_raced_a_write_is_asked_again(client, name):
    ChromaStore(client, collection=name).put(NS, "k", {"n": 1})
    flickering = Flickering(client, failures=4)
    assert ChromaStore(flickering, collection=name).get(NS, "k").value == {"n": 1}
    assert flickering.failures == 0


def test_a_read_that_keeps_failing_is_a_broken_collection(client, name):
    ChromaStore(client, collection=name).put(NS, "k", {"n": 1})
    flickering = Flickering(client, failures=1_000)
    with pytest.raises(BrokenCollection):
        ChromaStore(flickering, collection=name).get(NS, "k")
    assert flickering.failures > 900  # it does not go on for ever


def test_a_client_made_before_a_fork_is_refused_and_a_maker_makes_one_anew(tmp_path, monkeypatch):
    settings = Settings(anonymized_telemetry=False)
    client = chromadb.EphemeralClient(settings=settings)
    given, made = ChromaStore(client, collection="given"), []
    making = ChromaStore(lambda: made.append(1) or client, collection="made")
    given.put(NS, "k", {})
    making.put(NS, "k", {})
    monkeypatch.setattr(os, "getpid", lambda: -1)  # as seen by a child
    with pytest.raises(StoreUnavailable, match="forked"):
        given._connection.client()
    making._connection.client()
    assert len(made) == 2
