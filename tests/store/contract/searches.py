"""Without a query a search gives the newest first; with one, what is nearest in meaning."""

import pytest
from langgraph.store.base import PutOp

from tests.store.contract.stage import Stage, keys, topics_index

NS = ("accounts", "1", "memories")


class SearchesContract(Stage):
    def test_without_a_query_the_newest_come_first(self, store):
        for key in ("a", "b", "c"):
            store.put(NS, key, {})
        store.put(NS, "a", {"again": True})
        found = store.search(NS)
        assert keys(found) == ["a", "c", "b"]
        assert [item.score for item in found] == [None] * 3

    def test_the_order_of_a_batch_is_kept(self, store):
        store.batch([PutOp(NS, f"{n:02d}", {}) for n in range(15)])
        assert keys(store.search(NS, limit=20)) == [f"{n:02d}" for n in reversed(range(15))]

    def test_pages_are_disjoint_and_whole(self, store):
        for number in range(25):
            store.put(NS, str(number), {})
        pages = [keys(store.search(NS, limit=10, offset=offset)) for offset in (0, 10, 20, 30)]
        assert [len(page) for page in pages] == [10, 10, 5, 0]
        assert len({key for page in pages for key in page}) == 25

    def test_a_page_of_nothing_is_empty(self, topical):
        topical.put(NS, "k", {"text": "tea"})
        assert topical.search(NS, limit=0) == []
        assert topical.search(NS, query="tea", limit=0) == []

    def test_without_an_index_a_query_is_no_query(self, store):
        store.put(NS, "k", {"text": "tea"})
        assert [item.score for item in store.search(NS, query="tea")] == [None]

    @pytest.mark.parametrize("query", [None, ""])
    def test_an_empty_query_is_no_query(self, topical, query):
        topical.put(NS, "k", {"text": "tea"})
        assert [item.score for item in topical.search(NS, query=query)] == [None]

    def test_what_is_nearest_comes_first_with_its_score(self, topical):
        topical.put(NS, "both", {"text": "tea coffee"})
        topical.put(NS, "other", {"text": "dog"})
        topical.put(NS, "tea", {"text": "tea"})
        found = topical.search(NS, query="tea")
        assert keys(found)[:2] == ["tea", "both"]
        assert [item.score for item in found] == pytest.approx([1, 0.5**0.5, 0], abs=1e-3)

    def test_a_query_stays_below_its_prefix(self, topical):
        topical.put(("accounts", "2", "memories"), "theirs", {"text": "tea"})
        topical.put(("accounts", "12", "memories"), "nor theirs", {"text": "tea"})
        topical.put(NS, "mine", {"text": "dog"})
        assert keys(topical.search(("accounts", "1"), query="tea")) == ["mine"]

    def test_a_query_may_span_accounts_if_it_is_asked_to(self, topical):
        topical.put(("accounts", "2", "memories"), "theirs", {"text": "tea"})
        topical.put(NS, "mine", {"text": "dog"})
        assert keys(topical.search((), query="tea")) == ["theirs", "mine"]

    def test_a_filter_is_applied_before_the_ranking_is_cut(self, topical):
        topical.batch([PutOp(NS, str(n), {"text": f"tea {n}", "wanted": False}) for n in range(500)])
        topical.put(NS, "far", {"text": "dog tea red", "wanted": True})
        assert keys(topical.search(NS, query="tea", filter={"wanted": True}, limit=1)) == ["far"]

    def test_pages_of_a_query_are_disjoint_however_deep(self, make):
        store = make(index=topics_index("texts[*]"))
        for number in range(30):
            store.put(NS, str(number), {"texts": ["tea", "coffee", "dog", "cat", "red"]})
        pages = [keys(store.search(NS, query="tea", limit=6, offset=offset)) for offset in range(0, 36, 6)]
        assert [len(page) for page in pages] == [6, 6, 6, 6, 6, 0]
        assert len({key for page in pages for key in page}) == 30

    def test_an_odd_query_is_only_text(self, topical):
        topical.put(NS, "k", {"text": "tea"})
        for query in ("'; DROP TABLE", "%_*", "🫖" * 500, "\x00", " ", "tea " * 5_000):
            assert keys(topical.search(NS, query=query)) == ["k"]

    def test_what_is_not_indexed_comes_last_without_a_score(self, topical):
        topical.put(NS, "plain", {"text": "tea"}, index=False)
        topical.put(NS, "far", {"text": "dog"})
        topical.put(NS, "near", {"text": "tea"})
        found = topical.search(NS, query="tea")
        assert keys(found) == ["near", "far", "plain"]
        assert found[2].score is None
        assert keys(topical.search(NS, query="tea", limit=2)) == ["near", "far"]
        assert keys(topical.search(NS, query="tea", limit=2, offset=2)) == ["plain"]
