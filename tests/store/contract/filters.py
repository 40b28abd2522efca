"""Filters look at the value as JSON: types are kept apart, what is missing has no order, and nothing is SQL."""

import pytest

from tests.store.contract.stage import Stage, keys

NS = ("accounts", "1", "memories")

VALUES = {
    "int9": {"n": 9, "status": "open", "day": "2026-01-02", "o": {"id": 1, "x": {"y": "z"}}},
    "int10": {"n": 10, "status": "closed", "day": "2026-01-10", "o": {"id": 2}},
    "float": {"n": 9.5, "list": ["a", "b"], "price": "47.84"},
    "true": {"n": True, "status": "Öffnen 茶", "flag": True},
    "one": {"flag": 1, "list": ["a"]},
    "null": {"n": None, "status": None, "day": None},
    "odd": {"a-b": 1, "1st": 2, "a.b": 3, "'; --": 4},
}

CASES = [
    ({"status": "open"}, {"int9"}),
    ({"status": "Öffnen 茶"}, {"true"}),
    ({"status": "Open"}, set()),
    ({"n": 9}, {"int9"}),
    ({"n": 9.0}, {"int9"}),
    ({"flag": True}, {"true"}),
    ({"flag": 1}, {"one"}),
    ({"list": ["a", "b"]}, {"float"}),
    ({"list": ["a"]}, {"one"}),
    ({"list": []}, set()),
    ({"o": {"id": 1}}, {"int9"}),
    ({"o": {"x": {"y": "z"}}}, {"int9"}),
    ({"o": {"id": {"$gt": 1}}}, {"int10"}),
    ({"status": "open", "n": 9}, {"int9"}),
    ({"status": "open", "n": 10}, set()),
    ({"n": {"$eq": 10}}, {"int10"}),
    ({"n": {"$gt": 9}}, {"int10", "float"}),
    ({"n": {"$gte": 9, "$lt": 10}}, {"int9", "float"}),
    ({"n": {"$lte": 9}}, {"int9"}),
    ({"n": {"$gt": 10**100}}, set()),
    ({"n": {"$lt": float("inf")}}, {"int9", "int10", "float"}),
    ({"n": {"$gt": float("nan")}}, set()),
    ({"n": {"$gt": None}}, set()),
    ({"n": {"$lt": "x"}}, set()),
    ({"day": {"$gte": "2026-01-03"}}, {"int10"}),
    ({"day": {"$lt": "2026-01-03"}}, {"int9"}),
    ({"price": {"$gt": 9}}, {"float"}),
    ({"status": {"$ne": "open"}}, {"int10", "float", "true", "one", "null", "odd"}),
    ({"status": {"$ne": "open", "$eq": "closed"}}, {"int10"}),
    ({"o.id": 2}, {"int10"}),
    ({"a-b": 1, "1st": 2, "a.b": 3, "'; --": 4}, {"odd"}),
    ({"' OR 1=1 --": 1}, set()),
    ({}, set(VALUES)),
]


class FiltersContract(Stage):
    def test_each_filter_finds_what_it_says(self, store):
        for key, value in VALUES.items():
            store.put(NS, key, value)
        wrong = {}
        for condition, expected in CASES:
            found = set(keys(store.search(NS, filter=condition, limit=20)))
            if found != expected:
                wrong[str(condition)] = (found, expected)
        assert wrong == {}

    def test_null_is_equal_to_null_and_to_nothing(self, store):
        store.put(NS, "null", {"status": None})
        store.put(NS, "without", {})
        store.put(NS, "open", {"status": "open"})
        assert set(keys(store.search(NS, filter={"status": None}))) == {"null", "without"}
        assert keys(store.search(NS, filter={"status": {"$ne": None}})) == ["open"]

    @pytest.mark.parametrize(
        "condition", [{"n": {"$regex": "x"}}, {"n": {"$gt": 1, "$bad": 1}}, {"o": {"id": {"$in": [1]}}}]
    )
    def test_an_unknown_operator_is_refused(self, store, condition):
        store.put(NS, "k", {"n": 2, "o": {"id": 1}})
        with pytest.raises(ValueError, match="operator"):
            store.search(NS, filter=condition)

    def test_a_filter_narrows_before_the_page_is_cut(self, store):
        for number in range(30):
            store.put(NS, str(number), {"even": number % 2 == 0})
        found = [store.search(NS, filter={"even": True}, limit=5, offset=offset) for offset in (0, 5, 10, 15)]
        assert [len(page) for page in found] == [5, 5, 5, 0]
        assert len({item.key for page in found for item in page}) == 15
