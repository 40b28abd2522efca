"""A store to try things on: what lies over it is read, and nothing is written beneath."""

import pytest
from langgraph.store.base import GetOp, PutOp, SearchOp
from langgraph.store.memory import InMemoryStore

from agents.memory import MemoryDraft, Source, every_memory, remember
from agents.namespaces import memories
from agents.overlay import Overlay
from tests.agents.conftest import ALICE

PLACE = memories(ALICE)


@pytest.fixture
def beneath():
    store = InMemoryStore()
    store.put(PLACE, "tea", {"text": "likes tea"})
    store.put(PLACE, "bees", {"text": "keeps bees"})
    return store


def texts(store, **how):
    return [item.value["text"] for item in store.search(PLACE, **how)]


def test_what_is_laid_over_is_read_in_place_of_what_is_there(beneath):
    over = Overlay(beneath, {(PLACE, "tea"): {"text": "likes coffee"}, (PLACE, "new"): {"text": "is new"}})
    assert over.get(PLACE, "tea").value == {"text": "likes coffee"}
    assert over.get(PLACE, "bees").value == {"text": "keeps bees"}
    assert sorted(texts(over)) == ["is new", "keeps bees", "likes coffee"]
    assert len(texts(over, limit=2)) == 2
    assert over.search(PLACE, offset=2) == []


def test_what_is_taken_away_is_not_there(beneath):
    over = Overlay(beneath, {(PLACE, "tea"): None})
    assert over.get(PLACE, "tea") is None
    assert texts(over) == ["keeps bees"]


def test_writes_are_kept_aside_read_again_and_never_go_beneath(beneath):
    over = Overlay(beneath, {})
    found = over.batch([PutOp(PLACE, "tea", {"text": "likes milk"}), GetOp(PLACE, "tea"), SearchOp(PLACE)])
    assert found[1].value == {"text": "likes tea"}  # a batch reads what was there before it, as the store does
    over.delete(PLACE, "bees")
    assert texts(over) == ["likes milk"]
    assert [(put.key, put.value) for put in over.kept_aside] == [("tea", {"text": "likes milk"}), ("bees", None)]
    assert sorted(texts(beneath)) == ["keeps bees", "likes tea"]


async def test_memories_work_on_it_as_on_any_store(beneath):
    over = Overlay(beneath, {})
    kept = await remember(over, ALICE, MemoryDraft(text="The customer is away.", kind="situation"), Source(turn="t"))
    assert kept.key in {memory.key for memory in await every_memory(over, ALICE)}
    assert kept.key not in {memory.key for memory in await every_memory(beneath, ALICE)}
