"""A value comes back as it went in, under its own key, with its times."""

from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from tests.store.contract.stage import Stage

NS = ("accounts", "1", "memories")

ODD_KEYS = [
    "",
    "..",
    ".x",
    "a..b",
    "line\nbreak",
    "#W1",
    "a/b",
    "é 茶 🫖",
    "%_*[?",
    "'\"",
    "\x00",
    "\x001\x00k",
    "k" * 5_000,
]


class ValuesContract(Stage):
    def test_a_value_is_read_back(self, store):
        store.put(NS, "k", {"text": "green tea"})
        item = store.get(NS, "k")
        assert (item.value, item.key, item.namespace) == ({"text": "green tea"}, "k", NS)

    def test_what_is_not_there_is_none(self, store):
        store.put(NS, "k", {})
        assert store.get(NS, "other") is None
        assert store.get(("accounts", "2"), "k") is None

    def test_a_put_replaces_the_whole_value(self, store):
        store.put(NS, "k", {"a": 1, "b": 2})
        store.put(NS, "k", {"b": 3})
        assert store.get(NS, "k").value == {"b": 3}

    def test_a_deleted_value_is_gone_and_can_be_deleted_again(self, store):
        store.put(NS, "k", {"a": 1})
        store.delete(NS, "k")
        store.delete(NS, "k")
        store.delete(NS, "never there")
        assert store.get(NS, "k") is None
        assert store.search(NS) == []

    def test_none_as_a_value_deletes(self, store):
        store.put(NS, "k", {"a": 1})
        store.put(NS, "k", None)
        assert store.get(NS, "k") is None

    def test_one_namespace_does_not_show_in_another(self, store):
        store.put(NS, "k", {"of": 1})
        store.put(("accounts", "2", "memories"), "k", {"of": 2})
        store.delete(NS, "k")
        assert store.get(("accounts", "2", "memories"), "k").value == {"of": 2}

    @pytest.mark.parametrize(
        "value",
        [
            {},
            {"": ""},
            {"int": 10**40, "negative": -1, "float": 0.1, "huge": 1e300, "tiny": 5e-324},
            {"none": None, "true": True, "false": False, "zero": 0},
            {"nested": {"list": [1, [2, [3, {"deep": []}]]], "empty": {}}},
            {"text": "茶 🫖 é \x00 \ud83d line\nbreak \u2028", "ключ": "значение"},
            {"$eq": 1, "a.b": {"$gt": 2}, "#id": 3, "chroma:document": 4},
        ],
        ids=["empty", "empty key", "numbers", "constants", "nested", "unicode", "odd names"],
    )
    def test_any_json_survives_exactly(self, store, value):
        store.put(NS, "k", value)
        assert store.get(NS, "k").value == value
        assert store.search(NS)[0].value == value

    def test_a_value_of_five_megabytes_survives(self, store):
        value = {"text": "tea " * 1_250_000}
        store.put(NS, "k", value)
        assert store.get(NS, "k").value == value

    def test_any_mapping_is_taken(self, store):
        store.put(NS, "k", MappingProxyType({"a": 1}))
        assert store.get(NS, "k").value == {"a": 1}

    @pytest.mark.parametrize("key", ODD_KEYS, ids=range(len(ODD_KEYS)))
    def test_any_text_is_a_key(self, store, key):
        others = [other for other in ODD_KEYS if other != key]
        store.put(NS, key, {"mine": True})
        for other in others[:3]:
            store.put(NS, other, {"mine": False})
        item = store.get(NS, key)
        assert (item.key, item.value) == (key, {"mine": True})
        store.delete(NS, key)
        assert store.get(NS, key) is None
        assert len(store.search(NS, limit=20)) == 3

    def test_keys_are_case_sensitive(self, store):
        store.put(NS, "Key", {"n": 1})
        assert store.get(NS, "key") is None

    def test_changing_what_was_read_or_written_changes_nothing_stored(self, store):
        value = {"list": [1]}
        store.put(NS, "k", value)
        value["list"].append(2)
        store.get(NS, "k").value["list"].append(3)
        store.search(NS)[0].value["list"].append(4)
        assert store.get(NS, "k").value == {"list": [1]}

    def test_an_update_keeps_created_at_and_moves_updated_at(self, store):
        before = datetime.now(UTC)
        store.put(NS, "k", {"n": 1})
        first = store.get(NS, "k")
        store.put(NS, "k", {"n": 2})
        second = store.get(NS, "k")
        assert before <= first.created_at == second.created_at
        assert first.updated_at < second.updated_at <= datetime.now(UTC)

    def test_reading_moves_no_time(self, store):
        store.put(NS, "k", {"n": 1})
        first = store.get(NS, "k")
        assert store.search(NS)[0].updated_at == store.get(NS, "k").updated_at == first.updated_at

    def test_a_value_put_again_after_its_deletion_is_new(self, store):
        store.put(NS, "k", {"n": 1})
        first = store.get(NS, "k")
        store.delete(NS, "k")
        store.put(NS, "k", {"n": 1})
        assert store.get(NS, "k").created_at > first.created_at

    def test_what_is_not_json_is_refused_and_nothing_written(self, store):
        with pytest.raises(ValueError, match="not JSON"):
            store.put(NS, "k", {"when": datetime.now(UTC)})
        assert store.search(NS) == []

    def test_half_a_character_in_a_key_is_refused(self, store):
        with pytest.raises(ValueError, match="surrogate"):
            store.put(NS, "\ud83d", {})
