"""Which texts of a value are searched: the store's fields, those of the put, or none; never those of an older value."""

import pytest
from langgraph.store.base import PutOp

from tests.store.contract.stage import Stage, keys, topics_index

NS = ("accounts", "1", "memories")


def scores(store, query) -> dict[str, float | None]:
    return {item.key: item.score for item in store.search(NS, query=query)}


class VectorsContract(Stage):
    def test_without_fields_the_whole_value_is_searched(self, make):
        config = topics_index()
        config["fields"] = None
        store = make(index=config)
        store.put(NS, "k", {"deep": {"drink": "tea"}})
        assert scores(store, "tea")["k"] == pytest.approx(1)

    def test_the_best_of_several_texts_counts_and_an_item_comes_once(self, make):
        store = make(index=topics_index("title", "items[*].name"))
        store.put(NS, "many", {"title": "dog", "items": [{"name": "cat"}, {"name": "tea"}, {"other": "red"}]})
        store.put(NS, "one", {"title": "tea dog"})
        found = store.search(NS, query="tea")
        assert keys(found) == ["many", "one"]
        assert found[0].score == pytest.approx(1)

    def test_a_put_may_name_its_own_fields(self, topical):
        topical.put(NS, "k", {"text": "dog", "notes": [{"about": "tea"}, {"about": "red"}]}, index=["notes[*].about"])
        assert scores(topical, "red")["k"] == pytest.approx(1)
        assert scores(topical, "dog")["k"] == pytest.approx(0)

    @pytest.mark.parametrize(("path", "query"), [("a.b", "tea"), ("l[0]", "dog"), ("l[-1]", "cat"), ("m[*].x", "red")])
    def test_a_field_path_reaches_into_the_value(self, topical, path, query):
        value = {"a": {"b": "tea"}, "l": ["dog", "blue", "cat"], "m": [{"x": "north"}, {"x": "red"}]}
        topical.put(NS, "k", value, index=[path])
        assert scores(topical, query)["k"] == pytest.approx(1)

    def test_a_missing_field_is_passed_over(self, make):
        store = make(index=topics_index("text", "none"))
        store.put(NS, "some", {"text": "tea"})
        store.put(NS, "none of them", {"other": "tea"})
        assert scores(store, "tea") == {"some": pytest.approx(1), "none of them": None}

    def test_what_is_put_unindexed_is_not_found_by_what_it_said_before(self, topical):
        topical.put(NS, "k", {"text": "tea"})
        topical.put(NS, "k", {"text": "tea"}, index=False)
        assert scores(topical, "tea") == {"k": None}

    def test_other_fields_replace_the_vectors_of_the_former(self, topical):
        topical.put(NS, "k", {"text": "tea", "other": "dog"})
        topical.put(NS, "k", {"text": "tea", "other": "dog"}, index=["other"])
        assert scores(topical, "tea")["k"] == pytest.approx(0)
        assert scores(topical, "dog")["k"] == pytest.approx(1)

    def test_fewer_texts_leave_no_vector_behind(self, make):
        store = make(index=topics_index("texts[*]"))
        store.put(NS, "k", {"texts": ["tea", "dog", "red"]})
        store.put(NS, "k", {"texts": ["dog"]})
        assert scores(store, "red")["k"] == pytest.approx(0)
        store.delete(NS, "k")
        assert store.search((), query="dog") == []

    def test_a_value_indexed_again_is_found_again(self, topical):
        topical.put(NS, "k", {"text": "tea"}, index=False)
        topical.put(NS, "k", {"text": "tea"})
        assert scores(topical, "tea")["k"] == pytest.approx(1)

    def test_each_distinct_text_of_a_batch_is_embedded_once(self, make):
        config = topics_index()
        make(index=config).batch([PutOp(NS, str(n), {"text": ("tea", "dog")[n % 2]}) for n in range(6)])
        assert sorted(config["embed"].embedded) == ["dog", "tea"]

    def test_a_plain_function_embeds(self, make):
        store = make(
            index={"dims": 2, "embed": lambda texts: [[float("tea" in t), 1.0] for t in texts], "fields": ["text"]}
        )
        store.put(NS, "tea", {"text": "tea"})
        store.put(NS, "dog", {"text": "dog"})
        assert keys(store.search(NS, query="tea")) == ["tea", "dog"]
