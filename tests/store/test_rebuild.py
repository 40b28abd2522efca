"""What a ledger needs of the store: ready vectors in and out, a snapshot, a new collection, nothing left of the old."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from langgraph.store.base import PutOp, SearchOp

from agents.store import BrokenCollection, ChromaStore, Record, pack, unpack
from agents.store.table import SYNC_EVERY
from tests.store.contract.stage import keys, topics_index

ALICE, BOB = ("accounts", "alice", "memories"), ("accounts", "bob", "memories")


@pytest.fixture
def config():
    return topics_index("text", "tags[*]")


@pytest.fixture
def store(client, name, config):
    return ChromaStore(client, collection=name, index=config)


def test_prepared_puts_carry_their_vectors_and_are_not_written(store):
    indexed, plain = store.prepare(
        [
            PutOp(ALICE, "a", {"text": "tea", "tags": ["dog", "red"]}, ttl=5),
            PutOp(ALICE, "b", {"text": "tea"}, index=False),
        ]
    )
    assert indexed.vectors.shape == (3, 8)
    assert plain.vectors.shape == (0, 8)
    assert indexed.expires_at == indexed.updated_at + timedelta(minutes=5)
    assert store.search(()) == []


async def test_preparing_asynchronously_gives_the_same(store):
    puts = [PutOp(ALICE, "a", {"text": "tea"}), PutOp(ALICE, "b", {"text": "dog"}, index=["text"])]
    for ours, theirs in zip(store.prepare(puts), await store.aprepare(puts), strict=True):
        assert (ours.vectors == theirs.vectors).all()
        assert (ours.value, ours.index) == (theirs.value, theirs.index)


def test_records_are_applied_without_the_embedder_and_may_be_repeated(store, config):
    records = store.prepare([PutOp(ALICE, str(n), {"text": "tea"}) for n in range(3)])
    config["embed"].embedded.clear()
    for _ in range(2):
        store.apply(records, removals=[(ALICE, "2"), (BOB, "never there")])
    assert sorted(keys(store.search(ALICE, query="tea"))) == ["0", "1"]
    assert config["embed"].embedded == []
    assert store.list_namespaces() == [ALICE]


def test_what_is_scanned_is_what_was_applied(store):
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    record = Record(
        namespace=ALICE,
        key="k",
        value={"text": "tea"},
        vectors=np.eye(8, dtype=np.float32)[:3],
        index=["text"],
        created_at=moment,
        updated_at=moment + timedelta(days=1),
        ttl=90,
        expires_at=moment + timedelta(days=2),
    )
    store.apply([record])
    (scanned,) = store.scan(ALICE)
    for field in ("namespace", "key", "value", "index", "created_at", "updated_at", "ttl"):
        assert getattr(scanned, field) == getattr(record, field)
    assert abs(scanned.expires_at - record.expires_at) < timedelta(milliseconds=1)
    assert (scanned.vectors == record.vectors).all()
    assert list(store.scan(BOB)) == []


def test_vectors_survive_packing():
    vectors = np.random.default_rng(1).normal(size=(3, 8)).astype(np.float32)
    assert (unpack(pack(vectors), 8) == vectors).all()
    assert unpack(b"", 8).shape == (0, 8)


def test_a_rebuild_replaces_everything_and_keeps_what_it_is_given(store, config, client, name):
    store.put(ALICE, "old", {"text": "tea"})
    store.put(ALICE, "kept", {"text": "dog", "tags": ["cat", "red"]})
    identity, kept = store.identity(), [record for record in store.scan() if record.key == "kept"]
    before = store.get(ALICE, "kept")
    config["embed"].embedded.clear()
    assert store.rebuild(iter(kept)) == 1
    assert config["embed"].embedded == []
    assert store.get(ALICE, "kept") == before
    assert store.get(ALICE, "old") is None
    assert keys(store.search((), query="red")) == ["kept"]
    assert store.identity() != identity
    assert [c.name for c in client.list_collections() if c.name.startswith(f"{name}.aside")] == []


def test_what_was_set_aside_stays_unreadable_until_it_is_filled_again(store, client, name):
    store.put(ALICE, "k", {"text": "tea"})
    aside = store.set_aside()
    assert aside in [c.name for c in client.list_collections()]
    after_a_restart = ChromaStore(client, collection=name, index=topics_index("text", "tags[*]"))
    for each in (store, after_a_restart):
        assert each.is_broken()
        with pytest.raises(BrokenCollection, match="set aside"):
            each.get(ALICE, "k")
        with pytest.raises(BrokenCollection, match="set aside"):
            each.put(ALICE, "k", {})


def test_a_rebuild_that_was_cut_short_is_seen_and_can_be_done_again(store):
    store.put(ALICE, "k", {"text": "tea"})
    records = list(store.scan())

    def cut_short():
        yield from records
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.rebuild(cut_short())
    assert store.is_broken()
    with pytest.raises(BrokenCollection):
        store.search(ALICE)
    store.rebuild(records)
    assert not store.is_broken()
    assert keys(store.search(ALICE)) == ["k"]


def test_a_snapshot_answers_as_the_store_did_when_it_was_taken(store):
    store.put(ALICE, "a", {"text": "tea", "n": 1})
    store.put(ALICE, "b", {"text": "dog tea", "n": 2})
    store.put(ALICE, "plain", {"text": "tea", "n": 3}, index=False)
    store.put(BOB, "theirs", {"text": "tea"})
    asked = [
        SearchOp(ALICE[:2], query="tea"),
        SearchOp(ALICE, filter={"n": {"$gt": 1}}),
        SearchOp(ALICE[:2], limit=1, offset=1),
    ]
    answers = store.batch(asked)
    snapshot = store.snapshot(ALICE[:2])
    item = store.get(ALICE, "a")
    store.delete(ALICE, "a")
    vectors = store.query_vectors(op.query for op in asked)
    assert [snapshot.search(op, vectors.get(op.query)) for op in asked] == answers
    assert snapshot.get(ALICE, "a") == item
    assert snapshot.written()[ALICE, "a"] == item.updated_at
    assert len(snapshot) == len(snapshot.written()) == 3


def test_a_snapshot_refuses_what_it_does_not_cover_and_hands_out_copies(store):
    store.put(ALICE, "a", {"list": [1]})
    snapshot = store.snapshot(ALICE[:2])
    for namespace in (BOB, ("accounts",), ()):
        with pytest.raises(ValueError, match="covers"):
            snapshot.search(SearchOp(namespace))
        with pytest.raises(ValueError, match="covers"):
            snapshot.get(namespace, "a")
    snapshot.get(ALICE, "a").value["list"].append(2)
    assert snapshot.get(ALICE, "a").value == {"list": [1]}


def test_what_is_erased_leaves_no_byte_in_any_file(store, folder):
    secret, kept = "aubergine-secret", "keep-me"
    puts = [
        PutOp(("accounts", "secret-account", "memories"), f"{n}-secret-key", {"text": f"tea {n} {secret}"})
        for n in range(40)
    ]
    store.batch([*puts, *(PutOp(BOB, str(n), {"text": f"tea {kept}"}) for n in range(SYNC_EVERY))])
    vector = np.array([0.123456, 7, 0, 0, 0, 0, 0, 0.5], dtype=np.float32)
    marked = Record(
        namespace=("accounts", "secret-account"), key="v", value={"text": secret}, vectors=np.stack([vector] * 2)
    )
    store.apply([marked])
    needles = [secret.encode(), b"secret-account", b"secret-key", vector.tobytes(), unit(vector).tobytes()]
    assert sum(found(folder, needles)) > 0
    assert store.erase([*((put.namespace, put.key) for put in puts), (marked.namespace, "v")])
    assert found(folder, needles) == [0] * len(needles)
    assert found(folder, [kept.encode()]) > [0]
    assert store.list_namespaces() == [BOB]
    assert len(store.search(BOB, query="tea", limit=1_000)) == SYNC_EVERY


def unit(vector):
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def found(folder: str, needles: list[bytes]) -> list[int]:
    """How often each needle occurs in the files of the folder.

    Looked for in a copy: a process that opens and closes Chroma's file loses all its locks on it, and with them, when
    the next process closes it, the write-ahead log of the tests to come.
    """
    with TemporaryDirectory() as place:
        subprocess.run(["cp", "-r", folder, f"{place}/copy"], check=True)
        contents = [path.read_bytes() for path in Path(place).rglob("*") if path.is_file()]
    return [sum(content.count(needle) for content in contents) for needle in needles]


@pytest.mark.service
def test_on_a_server_an_erasure_says_that_a_vacuum_is_left_to_do(server_client, name):
    store = ChromaStore(server_client, collection=name, index=topics_index())
    store.put(ALICE, "k", {"text": "tea"})
    assert store.erase([(ALICE, "k")]) is False
    assert store.search(()) == []


def test_a_row_of_another_account_never_gets_out_even_if_chroma_returns_it(store):
    store.put(ALICE, "mine", {"text": "tea"})
    store.put(BOB, "theirs", {"text": "tea"})
    theirs = "accounts.bob.memories..theirs"
    store._records.update([theirs], [{"n2": "accounts.alice"}])  # a lie in Chroma's index
    assert keys(store.search(("accounts", "alice"), query="tea")) == ["mine"]
    assert keys(store.search(("accounts", "alice"))) == ["mine"]
    assert len(store.snapshot(("accounts", "alice"))) == 1


def test_the_value_is_one_json_text_in_chroma(store, client, name):
    store.put(ALICE, "k", {"text": "tea", "big": 2**70})
    row = client.get_collection(name, embedding_function=None).get(ids=["accounts.alice.memories..k"])
    assert json.loads(row["metadatas"][0]["r"])["v"] == {"text": "tea", "big": 2**70}
