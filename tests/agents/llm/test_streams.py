"""A reply that has begun: broken off, refused, answered by another model, stopped."""

import asyncio
from contextlib import aclosing

import pytest

from agents import errors
from agents.llm import Restarted, astream_with_retries
from tests.agents.llm.reading import HELLO, read
from tests.openai_server import Reply, Trouble, calls, fails, says

# --- In the middle of the reply: it begins anew -------------------------------------------------


@pytest.mark.parametrize("kind", ["cut", "end", "garbage", "shape", "error"])
async def test_a_reply_that_breaks_off_is_discarded_and_written_anew(server, kind, model_of):
    server.will(says("Half of a", trouble=Trouble(kind=kind, after=3)), says("The whole reply."))
    whole, restarts = await read(model_of(server))
    assert whole.content == "The whole reply."
    assert [(r.attempt, type(r.error)) for r in restarts] == [(2, errors.BrokenReply)]


async def test_the_restart_names_the_half_message_by_the_id_of_its_chunks(server, model_of):
    server.will(says("Half of a", trouble=Trouble(kind="cut", after=3)), says("The whole reply."))
    items = [item async for item in astream_with_retries(model_of(server), HELLO, backoff=0.01)]
    place = next(i for i, item in enumerate(items) if isinstance(item, Restarted))
    assert {chunk.id for chunk in items[:place]} == {items[place].discarded}
    assert {chunk.id for chunk in items[place + 1 :]} != {items[place].discarded}


async def test_a_stall_in_the_middle_is_ended_by_the_time_out_and_written_anew(server, model_of):
    server.will(says("Half of a", trouble=Trouble(kind="stall", after=3)), says("The whole reply."))
    whole, restarts = await read(model_of(server, timeout=0.3))
    assert whole.content == "The whole reply."
    assert isinstance(restarts[0].error, errors.ModelTimedOut)
    server.wait_until(lambda: server.disconnects == 1)


@pytest.mark.parametrize("kind", ["cut", "end", "garbage", "shape", "error"])
async def test_a_stream_that_breaks_before_its_first_chunk_is_begun_anew_too(server, kind, model_of):
    server.will(says("Never", trouble=Trouble(kind=kind, after=0)), says("The whole reply."))
    whole, restarts = await read(model_of(server))
    assert whole.content == "The whole reply."
    assert [r.discarded for r in restarts] == [None]


async def test_half_a_tool_call_is_not_kept(server, model_of):
    cut = calls(("cancel_order", {"order_id": "#W2611340"}), trouble=Trouble(kind="cut", after=4))
    server.will(cut, calls(("get_order", {"order_id": "#W2611340"})))
    whole, _ = await read(model_of(server))
    assert [c["name"] for c in whole.tool_calls] == ["get_order"]


async def test_a_reply_that_always_breaks_off_fails_after_its_attempts(server, model_of):
    server.answers(lambda exchange: says("Half of a", trouble=Trouble(kind="cut", after=2)))
    with pytest.raises(errors.BrokenReply):
        await read(model_of(server), attempts=3)
    assert len(server.exchanges) == 3


# --- Refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [Reply(text="I", finish="content_filter"), Reply(finish="content_filter"), Reply(refusal="I cannot do that.")],
    ids=["filtered in the middle", "filtered at once", "refused"],
)
async def test_a_refusal_is_final(server, reply, model_of):
    server.will(reply)
    with pytest.raises(errors.ModelRefused):
        await read(model_of(server), fallback=model_of(server))
    assert len(server.exchanges) == 1


async def test_a_reply_without_a_word_is_not_mistaken_for_a_refusal(server, model_of):
    server.will(says(""))
    whole, _ = await read(model_of(server))
    assert whole.content == ""


# --- The fallback -------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [fails(503), fails(404), fails(401), fails(429, headers={"retry-after": "60"})])
async def test_the_fallback_model_answers_when_the_first_cannot(server, reply, model_of):
    server.will(reply, says("From the other model."))
    fallback = model_of(server, model="other-model")
    whole, restarts = await read(model_of(server, max_retries=0), fallback=fallback)
    assert whole.content == "From the other model."
    assert [e.body["model"] for e in server.exchanges] == ["test-model", "other-model"]
    assert len(restarts) == 1


async def test_the_fallback_takes_over_when_the_first_model_breaks_off_every_time(server, model_of):
    def answer(exchange):
        trouble = Trouble(kind="cut", after=2) if exchange.body["model"] == "test-model" else None
        return says("Some words.", trouble=trouble)

    server.answers(answer)
    whole, restarts = await read(model_of(server), attempts=2, fallback=model_of(server, model="other-model"))
    assert whole.content == "Some words."
    assert [e.body["model"] for e in server.exchanges] == ["test-model", "test-model", "other-model"]
    assert [r.attempt for r in restarts] == [2, 3]


# --- Stop ---------------------------------------------------------------------------------------


async def test_cancelling_the_task_closes_the_stream_within_one_more_chunk(server, model_of):
    server.will(says("word " * 200, between=0.02))
    arrived = asyncio.Event()

    async def consume():
        async for chunk in astream_with_retries(model_of(server), HELLO):
            if chunk.content:
                arrived.set()

    task = asyncio.create_task(consume())
    await asyncio.wait_for(arrived.wait(), 20)
    at_stop = server.exchanges[0].sent
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(server.wait_until, lambda: server.disconnects == 1)
    assert server.exchanges[0].sent <= at_stop + 1


async def test_closing_the_iterator_closes_the_stream_within_one_more_chunk(server, model_of):
    server.will(says("word " * 200, between=0.02))
    async with aclosing(astream_with_retries(model_of(server), HELLO)) as chunks:
        async for chunk in chunks:
            if chunk.content:
                break
        at_stop = server.exchanges[0].sent
    await asyncio.to_thread(server.wait_until, lambda: server.disconnects == 1)
    assert server.exchanges[0].sent <= at_stop + 1
