"""Further cases where stores go wrong: what looks alike and is not, the ends of ranges, and texts that are no text."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from langgraph.store.base import GetOp, ListNamespacesOp, PutOp, SearchOp

from tests.store.contract.stage import Stage, keys, topics_index

NS = ("accounts", "1", "memories")

ALIKE = {
    "one": {"n": 1, "t": "\u00e9", "l": [1, [2, None]], "o": {}},
    "float": {"n": 1.0, "t": "e\u0301", "l": [[2, None], 1]},
    "true": {"n": True, "l": [True, [2, None]], "o": {"x": None}},
    "text": {"n": "1", "t": "\u00c9", "l": [1, [2]]},
    "null": {"n": None, "o": None},
    "large": {"n": 2**53 + 1, "l": []},
    "zero": {"n": 0, "t": "", "o": {"x": 0}},
    "false": {"n": False, "o": {"x": False}},
}

ALIKE_CASES = [
    ({"n": 1}, {"one", "float"}),
    ({"n": True}, {"true"}),
    ({"n": 0}, {"zero"}),
    ({"n": False}, {"false"}),
    ({"n": "1"}, {"text"}),
    ({"n": 2**53}, set()),
    ({"n": 2**53 + 1}, {"large"}),
    ({"n": {"$gt": 2**53}}, {"large"}),
    ({"n": {"$ne": 1}}, {"true", "text", "null", "large", "zero", "false"}),
    ({"n": {"$ne": None}}, set(ALIKE) - {"null"}),
    ({"n": {"$gte": False}}, set()),
    ({"t": "\u00e9"}, {"one"}),
    ({"t": ""}, {"zero"}),
    ({"l": [1, [2, None]]}, {"one"}),
    ({"l": {"$eq": [[2, None], 1]}}, {"float"}),
    ({"l": []}, {"large"}),
    ({"o": {}}, {"one", "true", "zero", "false"}),
    ({"o": {"x": 0}}, {"zero"}),
    ({"missing": {"$ne": "x"}}, set(ALIKE)),
    ({"missing": {"$lt": 1}}, set()),
    ({1: "no name of a field"}, set()),
]

#: Field path, and the texts that LangGraph's own ``get_text_at_path`` finds there in ``LEAVES``.
LEAVES = {"int": 7, "float": 2.5, "true": True, "null": None, "empty": "", "o": {"x": 1}, "l": ["tea", None, 3]}
PATHS = {
    "int": {"7"},
    "float": {"2.5"},
    "true": {"True"},
    "null": set(),
    "o": {'{"x": 1}'},
    "l[*]": {"tea", "3"},
    "l[-1]": {"3"},
    "l[9]": set(),
    "missing[*].x": set(),
    "$": {json.dumps(LEAVES, sort_keys=True)},
}


class OdditiesContract(Stage):
    def test_what_looks_alike_is_told_apart_by_filters(self, store):
        store.batch([PutOp(NS, key, value) for key, value in ALIKE.items()])
        wrong = {}
        for condition, expected in ALIKE_CASES:
            if (found := set(keys(store.search(NS, filter=condition, limit=20)))) != expected:
                wrong[str(condition)] = (found, expected)
        assert wrong == {}

    def test_numbers_keep_their_kind_and_fields_their_order(self, store):
        value = {"z": 1.0, "a": 1, "m": -0.0, "b": True, "nested": {"y": 1, "x": 2}}
        store.put(NS, "k", value)
        read = store.get(NS, "k").value
        assert json.dumps(read) == json.dumps(value)

    def test_numbers_that_are_none_survive_and_have_no_order(self, store):
        """Python's JSON writes them, though others do not."""
        nan, infinite = float("nan"), float("inf")
        store.batch([PutOp(NS, "nan", {"n": nan}), PutOp(NS, "inf", {"n": infinite}), PutOp(NS, "-0", {"n": -0.0})])
        assert math.isnan(store.get(NS, "nan").value["n"])
        assert store.get(NS, "inf").value == {"n": infinite}
        assert keys(store.search(NS, filter={"n": infinite})) == ["inf"]
        assert keys(store.search(NS, filter={"n": {"$gt": 1}})) == ["inf"]
        assert keys(store.search(NS, filter={"n": 0})) == ["-0"]
        assert store.search(NS, filter={"n": nan}) == store.search(NS, filter={"n": {"$lt": 0}}) == []

    def test_a_value_nested_beyond_measure_is_refused_and_nothing_written(self, store):
        value: dict = {}
        for _ in range(5_000):
            value = {"deeper": value}
        with pytest.raises(ValueError, match="not JSON"):
            store.put(NS, "k", value)
        assert store.search(NS) == []

    def test_half_a_character_in_what_is_asked_for_finds_nothing_or_is_refused(self, store):
        """No store that writes files can hold one; it does not mean that the store is down."""
        half = ("accounts", "\ud83d")
        for ask in (
            lambda: store.get(NS, "\ud83d"),
            lambda: store.get(half, "k"),
            lambda: store.search(half),
            lambda: store.list_namespaces(prefix=half),
            lambda: store.list_namespaces(suffix=half),
            lambda: store.search(NS, filter={"\ud83d": "\ud83d"}),
        ):
            with suppress(ValueError):
                assert not ask()

    def test_keys_that_look_alike_are_different_keys(self, store):
        alike = ["\u00e9", "e\u0301", "E\u0301", "k", "k ", " k", "k\x00", "K", "\ufeffk", "x" * 10_240, "x" * 10_241]
        store.batch([PutOp(NS, key, {"key": key}) for key in alike])
        assert [item.value["key"] for item in store.batch([GetOp(NS, key) for key in alike])] == alike
        assert len(store.search(NS, limit=50)) == len(alike)

    def test_a_key_may_look_like_the_rest_of_a_namespace(self, store):
        places = [(("a",), "b..k"), (("a", "b"), "k"), (("a",), "b.k"), (("a",), ".b..k"), (("a", "b", "k"), "")]
        store.batch([PutOp(namespace, key, {"at": number}) for number, (namespace, key) in enumerate(places)])
        found = store.batch([GetOp(*place) for place in places])
        assert [item.value["at"] for item in found] == list(range(len(places)))
        assert sorted(keys(store.search(("a", "b")))) == ["", "k"]

    def test_a_namespace_may_have_one_label_and_be_its_own_prefix(self, store):
        store.put(("alone",), "k", {"n": 1})
        assert keys(store.search(("alone",))) == ["k"]
        assert store.list_namespaces(prefix=("alone",), suffix=("alone",)) == [("alone",)]
        assert store.search(("alone", "k")) == []

    def test_a_namespace_may_be_deep_and_its_labels_long(self, store):
        deep, long = tuple(f"level {number}" for number in range(100)), ("accounts", "x" * 20_000)
        store.batch([PutOp(deep, "k", {}), PutOp(long, "k", {})])
        assert [item.namespace for item in store.search(deep[:70])] == [deep]
        assert [item.namespace for item in store.search(long)] == [long]
        assert store.search((*deep[:70], "another")) == store.search(("accounts", "x" * 19_999)) == []
        assert store.list_namespaces(max_depth=2) == [long, deep[:2]]

    def test_a_star_is_a_label_when_records_are_asked_for_and_any_label_when_names_are(self, store):
        store.batch([PutOp(("a", "*"), "star", {}), PutOp(("a", "b"), "b", {}), PutOp(("a", "b", "c"), "c", {})])
        assert keys(store.search(("a", "*"))) == ["star"]
        assert store.list_namespaces(prefix=("a", "*")) == [("a", "*"), ("a", "b"), ("a", "b", "c")]
        assert store.list_namespaces(prefix=("*", "*"), suffix=("*", "c"), max_depth=2, limit=1) == [("a", "b")]

    def test_many_writers_of_one_key_leave_one_record(self, store):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: store.put(NS, "k", {"n": number}), range(8)))
        (found,) = store.search(NS)
        assert found.value == store.get(NS, "k").value
        assert store.list_namespaces() == [NS]

    def test_all_that_a_batch_reads_is_as_before_it_whatever_it_writes(self, store):
        store.put(NS, "k", {"n": 1})
        answers = store.batch(
            [
                PutOp(NS, "k", {"n": 2}),
                PutOp(NS, "k", None),
                PutOp(("new",), "k", {"n": 3}),
                GetOp(NS, "k"),
                GetOp(("new",), "k"),
                SearchOp(NS, filter={"n": 1}),
                ListNamespacesOp(),
            ]
        )
        assert answers[3].value == {"n": 1}
        assert answers[4] is None
        assert keys(answers[5]) == ["k"]
        assert answers[6] == [NS]
        assert store.get(NS, "k") is None
        assert store.list_namespaces() == [("new",)]

    def test_pages_end_where_the_records_end(self, topical):
        topical.batch([PutOp(NS, str(n), {"text": "tea"}) for n in range(5)])
        for query in (None, "tea"):
            assert len(topical.search(NS, query=query, limit=1_000)) == 5
            assert len(topical.search(NS, query=query, limit=1_000, offset=3)) == 2
            assert topical.search(NS, query=query, offset=5) == []
            assert topical.search(NS, query=query, offset=10**6) == []
            assert topical.search(("accounts", "nobody"), query=query) == []
            assert topical.search(NS, query=query, filter={"text": "none"}) == []

    def test_equal_scores_come_in_the_same_order_every_time(self, topical):
        topical.batch([PutOp(NS, str(n), {"text": "tea"}) for n in range(30)])
        whole = keys(topical.search(NS, query="tea", limit=30))
        assert keys(topical.search(NS, query="tea", limit=30)) == whole
        assert [
            key for offset in range(0, 30, 7) for key in keys(topical.search(NS, query="tea", limit=7, offset=offset))
        ] == whole

    def test_a_query_where_nothing_is_indexed_gives_all_without_scores(self, topical):
        topical.batch([PutOp(NS, str(n), {"text": "tea"}, index=False) for n in range(3)])
        assert {(item.key, item.score) for item in topical.search(NS, query="tea")} == {(n, None) for n in "012"}
        assert len(topical.search(NS, query="tea", limit=2, offset=2)) == 1

    def test_namespaces_cut_to_a_depth_count_once_in_a_page(self, store):
        store.batch([PutOp(("n", str(n // 3), str(n)), "k", {}) for n in range(9)])
        assert store.list_namespaces(max_depth=2, limit=2) == [("n", "0"), ("n", "1")]
        assert store.list_namespaces(max_depth=2, limit=2, offset=2) == [("n", "2")]
        assert len(store.list_namespaces(max_depth=9)) == 9

    def test_what_is_not_text_is_indexed_as_langgraph_writes_it(self, make):
        config = topics_index()
        store = make(index=config)
        wrong = {}
        for path, expected in PATHS.items():
            config["embed"].embedded.clear()
            store.put(NS, path, LEAVES, index=[path])
            if set(config["embed"].embedded) != expected:
                wrong[path] = config["embed"].embedded
        assert wrong == {}
        assert store.get(NS, "null").value == LEAVES

    def test_an_item_that_was_found_can_be_told_as_json(self, topical):
        topical.put(NS, "k", {"text": "tea"})
        (item,) = topical.search(NS, query="tea")
        assert type(item.score) is float
        told = json.loads(json.dumps(item.dict()))
        assert (told["key"], told["namespace"], told["value"]) == ("k", list(NS), {"text": "tea"})
