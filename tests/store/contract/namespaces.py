"""Namespaces are walls: labels are literal, prefixes end at labels, and only what holds records is listed."""

import pytest
from langgraph.store.base import GetOp, InvalidNamespaceError, MatchCondition, PutOp, SearchOp

from tests.store.contract.stage import Stage, keys

ODD_LABELS = [
    "*",
    "a b",
    "a-b_c%",
    "[x]?",
    "line\nbreak",
    "茶",
    "🫖",
    "'; drop table",
    "A",
    "a",
    "\u200b",
    "é",
    "e\u0301",
]


class NamespacesContract(Stage):
    @pytest.mark.parametrize("namespace", [(), ("a.b",), ("",), ("a", 1), ("a\x00b",), ("langgraph", "x")], ids=repr)
    def test_a_namespace_that_could_be_mistaken_is_refused(self, store, namespace):
        with pytest.raises(InvalidNamespaceError):
            store.put(namespace, "k", {})

    @pytest.mark.parametrize("op", [GetOp(("a.b",), "k"), SearchOp(("a.b",)), PutOp(("a.b",), "k", {})], ids=repr)
    def test_a_batch_refuses_a_label_with_a_dot(self, store, op):
        with pytest.raises(InvalidNamespaceError):
            store.batch([op])

    def test_every_label_is_literal(self, store):
        for label in ODD_LABELS:
            store.put(("accounts", label), "k", {"label": label})
        for label in ODD_LABELS:
            assert [item.value for item in store.search(("accounts", label))] == [{"label": label}]
            assert store.get(("accounts", label), "k").namespace == ("accounts", label)

    def test_a_prefix_ends_at_a_label(self, store):
        for label in ("1", "12", "1-2"):
            store.put(("accounts", label, "memories"), label, {})
        assert keys(store.search(("accounts", "1"))) == ["1"]
        assert store.search(("account",)) == []
        assert store.list_namespaces(prefix=("accounts", "1")) == [("accounts", "1", "memories")]

    def test_a_prefix_reaches_any_depth_and_the_empty_one_everything(self, store):
        for namespace in (("a",), ("a", "b"), ("a", "b", "c", "d", "e"), ("z",)):
            store.put(namespace, "/".join(namespace), {})
        assert sorted(keys(store.search(("a",)))) == ["a", "a/b", "a/b/c/d/e"]
        assert keys(store.search(("a", "b", "c"))) == ["a/b/c/d/e"]
        assert len(store.search(())) == 4

    def test_the_same_key_at_two_depths_is_two_records(self, store):
        store.put(("a",), "b", {"depth": 1})
        store.put(("a", "b"), "b", {"depth": 2})
        store.delete(("a",), "b")
        assert store.get(("a", "b"), "b").value == {"depth": 2}

    def test_a_namespace_given_as_a_list_is_a_tuple_when_it_comes_back(self, store):
        store.put(("a", "b"), "k", {})
        assert store.search(["a"])[0].namespace == ("a", "b")
        assert store.list_namespaces(prefix=["a"]) == [("a", "b")]

    def test_nothing_is_listed_of_an_empty_store(self, store):
        assert store.list_namespaces() == []

    def test_reading_makes_no_namespace(self, store):
        store.get(("ghost",), "k")
        store.search(("ghost",))
        assert store.list_namespaces() == []

    def test_a_namespace_vanishes_with_its_last_record(self, store):
        store.put(("a", "b"), "1", {})
        store.put(("a", "b"), "2", {})
        store.put(("a", "b", "c"), "deeper", {})
        store.delete(("a", "b"), "1")
        assert store.list_namespaces() == [("a", "b"), ("a", "b", "c")]
        store.delete(("a", "b"), "2")
        assert store.list_namespaces() == [("a", "b", "c")]
        store.put(("a", "b"), "1", {})
        assert store.list_namespaces() == [("a", "b"), ("a", "b", "c")]

    def test_the_list_is_sorted_and_paged(self, store):
        names = [("n", f"{number:02d}") for number in range(12)]
        store.batch([PutOp(name, "k", {}) for name in reversed(names)])
        assert store.list_namespaces(limit=5) == names[:5]
        assert store.list_namespaces(limit=5, offset=10) == names[10:]
        assert store.list_namespaces(offset=50) == []

    def test_a_list_can_be_cut_to_a_depth(self, store):
        for namespace in (("a", "1", "x"), ("a", "1", "y"), ("a", "2"), ("b",)):
            store.put(namespace, "k", {})
        assert store.list_namespaces(max_depth=2) == [("a", "1"), ("a", "2"), ("b",)]
        assert store.list_namespaces(max_depth=1, prefix=("a",)) == [("a",)]

    @pytest.mark.parametrize(
        ("conditions", "expected"),
        [
            ({"prefix": ("a",)}, [("a", "1", "x"), ("a", "2", "x"), ("a", "2", "y")]),
            ({"suffix": ("x",)}, [("a", "1", "x"), ("a", "2", "x"), ("b", "1", "x")]),
            ({"prefix": ("a",), "suffix": ("x",)}, [("a", "1", "x"), ("a", "2", "x")]),
            ({"prefix": ("*", "1")}, [("a", "1", "x"), ("b", "1", "x")]),
            ({"prefix": ("a", "*", "y")}, [("a", "2", "y")]),
            ({"suffix": ("2", "*")}, [("a", "2", "x"), ("a", "2", "y")]),
            ({"prefix": ("a", "1", "x", "deeper")}, []),
            ({"prefix": ("*", "*", "*", "*")}, []),
            ({"prefix": ()}, [("a", "1", "x"), ("a", "2", "x"), ("a", "2", "y"), ("b", "1", "x")]),
        ],
        ids=str,
    )
    def test_a_list_can_be_narrowed(self, store, conditions, expected):
        for namespace in (("a", "1", "x"), ("a", "2", "x"), ("a", "2", "y"), ("b", "1", "x")):
            store.put(namespace, "k", {})
        assert store.list_namespaces(**conditions) == expected

    def test_an_unknown_kind_of_condition_is_refused(self, store):
        from langgraph.store.base import ListNamespacesOp

        store.put(("a",), "k", {})
        with pytest.raises(ValueError, match="match type"):
            store.batch([ListNamespacesOp(match_conditions=(MatchCondition("infix", ("a",)),))])
