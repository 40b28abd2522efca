"""Threads in LangGraph's SQLite saver: small, resumable, inert, and gone when they are forgotten."""

import sqlite3
from contextlib import closing

import pytest
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from agents.checkpoints import open_checkpointer, set_up_checkpoints, strict_serializer
from agents.memory import MemoryDraft, Source, remember
from agents.runner import Continue, Decide
from agents.testing import Reply, call
from tests.agents.conftest import ALICE, Talk, final_text, of_type, order, put_orders


@pytest.fixture
def place(tmp_path):
    return tmp_path / "var" / "checkpoints.sqlite3"


def rows(place, table: str) -> int:
    with closing(sqlite3.connect(place)) as connection:
        return connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]  # noqa: S608


def size(place) -> int:
    """Bytes in every column of every table."""
    with closing(sqlite3.connect(place)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = [row for table in tables for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608
    return sum(len(value if isinstance(value, bytes) else str(value)) for row in kept for value in row)


def bytes_on_disk(place) -> bytes:
    return b"".join(path.read_bytes() for path in place.parent.iterdir())


async def test_a_thread_goes_on_after_the_process_has_gone(scripted, place):
    async with open_checkpointer(place) as saver:
        talk, _ = scripted("Hello.", checkpointer=saver)
        await talk.say("hi")
    async with open_checkpointer(place) as saver:
        other, model = scripted("You said hi.", checkpointer=saver)
        await Talk(other.agent, ALICE, thread=talk.thread).say("what did I say?")
    assert [message.text for message in model.last[1:]] == ["hi", "Hello.", "what did I say?"]


async def test_a_decision_can_come_after_a_restart(scripted, store, place):
    await put_orders(store, ALICE, order())
    cancel = call("cancel_pending_order", "c", order_id="#W1000001", reason="no longer needed")
    async with open_checkpointer(place) as saver:
        talk, _ = scripted(cancel, checkpointer=saver)
        proposed = of_type(await talk.say("cancel #W1000001, no longer needed"), "action.proposed")[0]
    async with open_checkpointer(place) as saver:
        other, _ = scripted("It is cancelled.", checkpointer=saver)
        later = Talk(other.agent, ALICE, thread=talk.thread, turn=talk.turn, message=talk.message)
        decision = {"decision": "confirm", "digest": proposed.digest}
        events = await later.run(Decide(decisions={proposed.action: decision}))
    assert of_type(events, "tool.done")[0].card["type"] == "receipt"


#: Each turn: a call, what it found, and an answer of a thousand characters (in few words, which are what takes time).
SIXTY_TURNS = [
    entry for n in range(60) for entry in (call("search_help", f"c{n}", query="x"), f"Answer {n}: " + "w" * 1_000)
]
SMALL = 300_000


async def play(talk):
    """Sixty turns, each followed by what follows a turn."""
    for number in range(60):
        await talk.say(f"question {number} " + "and more " * 50)
        assert await talk.agent.prune(talk.thread)
    assert len(await talk.messages()) <= talk.agent._options.kept_messages + 4


async def test_sixty_turns_stay_small_when_they_are_pruned(scripted, place):
    async with open_checkpointer(place) as saver:
        talk, _ = scripted(*SIXTY_TURNS, checkpointer=saver)
        await play(talk)
        assert rows(place, "checkpoints") == 1
        assert 0 < size(place) < SMALL


async def test_a_pruned_thread_goes_on(scripted, place):
    async with open_checkpointer(place) as saver:
        talk, model = scripted("One.", "Two.", checkpointer=saver)
        await talk.say("first")
        await talk.agent.prune(talk.thread)
        await talk.say("second")
    assert [message.text for message in model.last[1:]] == ["first", "One.", "second"]


async def test_pruning_one_thread_leaves_the_others(scripted, place):
    async with open_checkpointer(place) as saver:
        talk, _ = scripted("One.", "Two.", checkpointer=saver)
        other = talk.elsewhere()
        await talk.say("a")
        await other.say("b")
        before = rows(place, "checkpoints")
        await talk.agent.prune(talk.thread)
        assert 1 < rows(place, "checkpoints") < before
        assert [message.text for message in await other.messages()] == ["b", "Two."]


async def test_a_thread_that_waits_or_is_unfinished_is_not_pruned(scripted, store, place):
    await put_orders(store, ALICE, order())
    cancel = call("cancel_pending_order", "c", order_id="#W1000001", reason="no longer needed")
    async with open_checkpointer(place) as saver:
        talk, _ = scripted(Reply(calls=[call("get_profile", "p"), cancel]), "Cancelled.", checkpointer=saver)
        proposed = of_type(await talk.say("cancel #W1000001"), "action.proposed")[0]
        before = rows(place, "writes")
        assert not await talk.agent.prune(talk.thread)
        assert rows(place, "writes") == before
        await talk.run(Decide(decisions={proposed.action: {"decision": "confirm", "digest": proposed.digest}}))
        assert await talk.agent.prune(talk.thread)


async def test_what_was_recalled_never_reaches_the_checkpoints(scripted, store, place):
    await put_orders(store, ALICE, order(status="delivered"))
    await remember(store, ALICE, MemoryDraft(text="The customer keeps a canary.", kind="fact"), Source(turn="t"))
    async with open_checkpointer(place) as saver:
        talk, model = scripted("Hello.", checkpointer=saver)
        await talk.say("where is #W1000001?")
        assert "canary" in model.system
        assert b"canary" not in bytes_on_disk(place)
        assert b"delivered" not in bytes_on_disk(place)


async def test_a_forgotten_thread_is_gone_from_the_disk(scripted, place):
    async with open_checkpointer(place) as saver:
        talk, _ = scripted("Hello canary-two.", checkpointer=saver)
        await talk.say("canary-one")
        assert b"canary-one" in bytes_on_disk(place)
        await talk.agent.forget_thread(talk.thread)
    assert rows(place, "checkpoints") == rows(place, "writes") == 0
    assert b"canary" not in bytes_on_disk(place)


async def test_a_turn_that_is_resumed_recalls_what_is_known_then(scripted, store, place):
    async with open_checkpointer(place) as saver:
        talk, _ = scripted(Reply(error=RuntimeError("the process died here")), checkpointer=saver)
        with pytest.raises(RuntimeError):
            await talk.say("hi", message="m1")
    await remember(store, ALICE, MemoryDraft(text="The customer has a dog.", kind="fact"), Source(turn="t"))
    async with open_checkpointer(place) as saver:
        other, model = scripted("Hello.", checkpointer=saver)
        later = Talk(other.agent, ALICE, thread=talk.thread)
        assert final_text(await later.run(Continue(text="hi", message_id="m1"))) == "Hello."
    assert "The customer has a dog." in model.system


def test_a_row_somebody_tampered_with_builds_no_object():
    crafted = JsonPlusSerializer().dumps_typed(Source(turn="built by whoever wrote the row"))
    assert isinstance(JsonPlusSerializer(allowed_msgpack_modules=True).loads_typed(crafted), Source)
    assert not isinstance(strict_serializer().loads_typed(crafted), Source)


async def test_setting_up_twice_is_setting_up_once(place):
    await set_up_checkpoints(place)
    await set_up_checkpoints(place)
    assert rows(place, "checkpoints") == 0
