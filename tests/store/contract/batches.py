"""A batch answers its reads first, then writes each key once, and keeps the order of its operations."""

import pytest
from langgraph.store.base import GetOp, ListNamespacesOp, PutOp, SearchOp

from tests.store.contract.stage import Stage

NS = ("accounts", "1", "memories")


class BatchesContract(Stage):
    def test_results_stand_where_their_operations_stood(self, store):
        store.put(NS, "k", {"n": 1})
        results = store.batch(
            [PutOp(NS, "new", {}), GetOp(NS, "k"), ListNamespacesOp(), GetOp(NS, "none"), SearchOp(NS)]
        )
        assert results[0] is None
        assert results[1].value == {"n": 1}
        assert results[2] == [NS]
        assert results[3] is None
        assert [item.key for item in results[4]] == ["k"]

    def test_reads_see_the_state_before_the_batch(self, store):
        store.put(NS, "k", {"n": 1})
        results = store.batch([PutOp(NS, "k", {"n": 2}), GetOp(NS, "k"), SearchOp(NS), PutOp(NS, "other", {})])
        assert results[1].value == {"n": 1}
        assert [item.value for item in results[2]] == [{"n": 1}]
        assert store.get(NS, "k").value == {"n": 2}

    def test_the_last_put_of_a_key_wins(self, store):
        store.batch([PutOp(NS, "k", {"n": n}) for n in range(5)])
        assert store.get(NS, "k").value == {"n": 4}
        assert len(store.search(NS)) == 1

    @pytest.mark.parametrize(("ops", "expected"), [((None, {"n": 2}), {"n": 2}), (({"n": 2}, None), None)], ids=str)
    def test_a_delete_and_a_put_of_one_key_leave_what_came_last(self, store, ops, expected):
        store.put(NS, "k", {"n": 1})
        store.batch([PutOp(NS, "k", value) for value in ops])
        item = store.get(NS, "k")
        assert (item and item.value) == expected

    def test_an_empty_batch_does_nothing(self, store):
        assert store.batch([]) == []

    def test_a_get_asked_twice_is_answered_twice(self, store):
        store.put(NS, "k", {"n": 1})
        first, second = store.batch([GetOp(NS, "k"), GetOp(NS, "k")])
        assert first.value == second.value == {"n": 1}

    def test_a_generator_of_operations_is_taken(self, store):
        store.batch(PutOp(NS, str(n), {}) for n in range(3))
        assert len(store.search(NS)) == 3

    def test_an_unknown_operation_is_refused_before_anything_is_written(self, store):
        with pytest.raises((ValueError, TypeError)):
            store.batch([PutOp(NS, "k", {}), "no operation"])
        assert store.get(NS, "k") is None

    def test_the_same_text_many_times_in_a_batch_is_indexed_each_time(self, topical):
        topical.batch([PutOp(NS, str(n), {"text": "green tea"}) for n in range(5)])
        assert [item.score for item in topical.search(NS, query="tea")] == pytest.approx([1.0] * 5)

    def test_a_batch_of_thousands_is_written_and_read_whole(self, store):
        numbers = range(4_500)
        store.batch([PutOp(NS, str(n), {"n": n}) for n in numbers])
        assert sorted(item.value["n"] for item in store.search(NS, limit=10_000)) == list(numbers)
        found = store.batch([GetOp(NS, str(n)) for n in numbers])
        assert [item.value["n"] for item in found] == list(numbers)
        assert store.list_namespaces() == [NS]
