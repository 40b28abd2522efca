"""Hybrid search: words find what a vector misses and the other way round; neighbours and age may count."""

import statistics
import time
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from langgraph.store.base import PutOp, SearchOp

from agents.embeddings import LexicalEmbeddings
from agents.store import HYBRID, VECTOR, ChromaStore, Ranking, Record, searching
from agents.store.ranking import Lexicon, neighbours, similarities
from agents.store.searching import EXACT_ROWS, FEW_ROWS
from agents.store.table import Table
from agents.store.words import words
from tests.store.contract.stage import keys, topics_index

NS = ("accounts", "1", "memories")


@pytest.fixture
def opened(client, name):
    return lambda ranking=HYBRID, **config: ChromaStore(
        client, collection=name, index={**topics_index(), **config}, ranking=ranking
    )


def record(key, text, *, vector=(0,) * 8, days_old=0.0):
    at = datetime.now(UTC) - timedelta(days=days_old)
    vectors = np.array([vector], dtype=np.float32)
    return Record(namespace=NS, key=key, value={"text": text}, vectors=vectors, created_at=at, updated_at=at)


def test_words_the_vector_does_not_know_are_found(opened):
    store = opened()
    store.batch([PutOp(NS, "kettle", {"text": "My kettle broke"}), PutOp(NS, "lamp", {"text": "The lamp is fine"})])
    found = store.search(NS, query="Was there anything about kettles breaking?")
    assert keys(found) == ["kettle", "lamp"]
    assert 1 >= found[0].score > found[1].score >= 0


def test_what_the_vector_knows_still_counts(opened):
    store = opened(Ranking(lexical=0.5))
    store.apply([record("near", "oolong", vector=np.eye(8)[0]), record("far", "poodle", vector=np.eye(8)[2])])
    assert keys(store.search(NS, query="tea")) == ["near", "far"]


def test_a_rare_word_weighs_more_than_a_frequent_one(opened):
    store = opened(Ranking(lexical=1))
    store.batch([PutOp(NS, str(n), {"text": "the order was late"}) for n in range(9)])
    store.put(NS, "rare", {"text": "a turquoise one"})
    assert keys(store.search(NS, query="order turquoise", limit=1)) == ["rare"]


def test_what_stands_beside_the_best_match_comes_before_the_rest(opened):
    store = opened(Ranking(lexical=1, context=0.2))
    texts = ["nice weather", "which instrument do you play", "the clarinet", "see you", "bye then"]
    store.apply([record(str(n), text, days_old=5 - n) for n, text in enumerate(texts)])
    found = keys(store.search(NS, query="what instrument is played?"))
    assert found[0] == "1"
    assert set(found[1:3]) == {"0", "2"}


def test_the_newer_of_two_equals_comes_first_if_age_counts(opened):
    store = opened(Ranking(lexical=0.5, recency=0.2, half_life_days=10))
    store.apply([record("old", "kettle", days_old=20), record("new", "kettle", days_old=1)])
    found = store.search(NS, query="kettle")
    assert keys(found) == ["new", "old"]
    assert found[1].score == pytest.approx(0.8 + 0.2 * 0.25, abs=0.01)


def test_unindexed_records_take_no_part_in_the_words(opened):
    store = opened()
    store.put(NS, "plain", {"text": "kettle kettle"}, index=False)
    store.put(NS, "far", {"text": "lamp"})
    assert [(item.key, item.score is None) for item in store.search(NS, query="kettle")] == [
        ("far", False),
        ("plain", True),
    ]


def small_talk(count):
    """Texts that overlap, as people's do. A graph index loses what is near to nothing else among hundreds of equals."""
    random = Random(7)
    things = ["red", "blue", "green", "lamp", "kettle", "sofa", "phone", "desk", "chair", "bottle", "shirt", "shoes"]
    return [" ".join([random.choice(["tea", "dog", "cat", "milk"]), *random.sample(things, 3)]) for _ in range(count)]


@pytest.mark.parametrize("ranking", [VECTOR, HYBRID])
@pytest.mark.parametrize("count", [FEW_ROWS + 20, EXACT_ROWS + 50])
def test_many_records_are_searched_as_well_as_few(opened, ranking, count):
    store = opened(ranking, embed=LexicalEmbeddings(), dims=LexicalEmbeddings().dims)
    store.batch([PutOp(NS, f"n{n}", {"text": text, "n": n}) for n, text in enumerate(small_talk(count))])
    store.put(NS, "wanted", {"text": "tea dog wanted", "n": -1})
    store.put(("accounts", "2"), "theirs", {"text": "tea dog"})
    assert keys(store.search(NS, query="tea dog", limit=1)) == ["wanted"]
    assert keys(store.search(("accounts", "1"), query="red", filter={"n": -1})) == ["wanted"]
    assert len({item.key for offset in (0, 10) for item in store.search(NS, query="red", offset=offset)}) == 20
    assert keys(store.search((), query="tea dog", limit=2)) == ["theirs", "wanted"]


@pytest.mark.service
def test_a_record_that_is_near_to_nothing_else_is_found_among_thousands(client, server_client, name):
    """Of the graph that Chroma searches by, no way leads to one in three of such records."""
    embedder = LexicalEmbeddings()
    lonely = [f"{first}{second}ix" for first in ("zor", "quil", "bram", "vex") for second in ("ak", "ul", "om", "et")]
    puts = [PutOp(NS, f"n{n}", {"text": text}) for n, text in enumerate(small_talk(5_000))]
    for place, word in enumerate(lonely):
        puts.insert(place * 300, PutOp(NS, word, {"text": f"{word} {word}en"}))
    for each in (client, server_client):
        store = ChromaStore(each, collection=name, index={"embed": embedder, "dims": embedder.dims, "fields": ["text"]})
        store.apply(store.prepare(puts))
        for word in lonely:
            assert keys(store.search(NS[:2], query=word, limit=1)) == [word]


def test_what_the_index_does_not_list_is_scored_all_the_same(opened, monkeypatch):
    store = opened(VECTOR)
    store.batch([PutOp(NS, f"n{n}", {"text": "tea tea dog", "n": n}) for n in range(EXACT_ROWS + 50)])
    store.put(NS, "lost", {"text": "tea"})
    listed = Table.nearest
    monkeypatch.setattr(Table, "nearest", lambda *asked: [i for i in listed(*asked) if not i.endswith("..lost")])
    assert keys(store.search(NS, query="tea", limit=1)) == ["lost"]


@pytest.mark.parametrize("prefix", [NS[:1], NS])
def test_what_is_too_much_to_be_listed_is_searched_by_the_index(opened, monkeypatch, prefix):
    monkeypatch.setattr(searching, "LISTED_ROWS", EXACT_ROWS)
    store = opened(VECTOR, embed=LexicalEmbeddings(), dims=LexicalEmbeddings().dims)
    store.batch([PutOp(NS, f"n{n}", {"text": text, "n": n}) for n, text in enumerate(small_talk(EXACT_ROWS + 50))])
    store.put(NS, "wanted", {"text": "tea dog", "n": -1})
    store.put(NS, "plain", {"text": "tea dog", "n": -1}, index=False)
    assert keys(store.search(prefix, query="tea dog", limit=1)) == ["wanted"]
    assert keys(store.search(prefix, query="tea dog", filter={"n": -1})) == ["wanted", "plain"]


def test_by_other_distances_scores_are_those_of_the_distance(client, name):
    for metric, expected in (("l2", -1.0), ("inner_product", 2.0)):
        config = {**topics_index(), "distance_type": metric}
        store = ChromaStore(client, collection=f"{name}-{metric}", index=config)
        store.put(NS, "k", {"text": "tea tea"})
        assert store.search(NS, query="tea")[0].score == pytest.approx(expected)
        with pytest.raises(ValueError, match="cosine"):
            ChromaStore(client, index=config, ranking=HYBRID)


@pytest.mark.parametrize("shares", [{"lexical": 1.5}, {"recency": -0.1}, {"context": 2}, {"half_life_days": 0}])
def test_shares_outside_their_range_are_refused(shares):
    with pytest.raises(ValueError, match="between 0 and 1"):
        Ranking(**shares)


def test_bm25_is_the_textbook_figure():
    lexicon = Lexicon([["tea"], ["tea", "dog", "dog"], ["cat", "cat"]], k1=1.2, b=0.75)
    rarity = np.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    norm = 1.2 * (1 - 0.75 + 0.75 * 3 / 2)
    assert lexicon.scores(["dog", "nowhere"]) == pytest.approx([0, rarity * 2 * 2.2 / (2 + norm), 0])
    assert Lexicon([]).scores(["dog"]).tolist() == []
    assert Lexicon([[], []]).scores(["dog"]).tolist() == [0, 0]


def test_neighbours_stand_in_their_own_group():
    assert neighbours([("a", 2), ("b", 1), ("a", 1)]).tolist() == [[2, 3], [3, 3], [3, 0]]


def test_the_zero_vector_is_similar_to_nothing():
    vectors = np.array([[0, 0], [3, 4]], dtype=np.float32)
    assert similarities(vectors, np.array([3, 4], dtype=np.float32), "cosine").tolist() == pytest.approx([0, 1])
    assert similarities(vectors, np.zeros(2, dtype=np.float32), "cosine").tolist() == [0, 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where is my ORDER #W2611340?", ["order", "w2611340"]),
        ("She was painting; she's painted", ["paint", "paint"]),
        ("The children ran, run and keep running", ["child", "run", "run", "keep", "run"]),
        ("What I BOUGHT broke", ["buy", "break"]),
        ("Café naïve Straße", ["cafe", "naiv", "strass"]),
        ("お茶を飲む", ["お茶", "茶を", "を飲", "飲む"]),
        ("it is what it is", []),
        ("🫖 … --", []),
    ],
)
def test_words_are_folded_and_stemmed(text, expected):
    assert words(text) == expected


def test_a_snapshot_answers_in_a_fraction_of_what_chroma_takes(opened):
    """The issue asks for a millisecond; bench/store.py measures it, and a ratio holds on any machine."""
    store = opened()
    store.batch(
        [PutOp(NS, str(n), {"text": f"order {n} with a kettle, a lamp and a {n % 7} colour"}) for n in range(50)]
    )
    snapshot, vector = store.snapshot(NS), store.query_vectors(["kettle"])["kettle"]
    from_chroma = median_seconds(lambda: store.search(NS, query="kettle"))
    from_memory = median_seconds(lambda: snapshot.search(SearchOp(NS, query="kettle"), vector))
    assert from_memory < from_chroma / 2


def median_seconds(ask):
    times = []
    for _ in range(30):
        start = time.perf_counter()
        ask()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
