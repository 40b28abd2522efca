"""One request over real HTTP: what comes when all is well, and which trouble is named how."""

import subprocess
import sys
import time

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.tools import tool
from pydantic import BaseModel

from agents import errors
from agents.llm import astream_with_retries
from tests.agents.llm.reading import HELLO, read
from tests.openai_server import OpenAIServer, Reply, Trouble, calls, fails, says


async def test_a_reply_streams_word_by_word_and_reports_its_usage(server, model_of):
    server.will(says("It is on its way."))
    pieces = [c.content async for c in astream_with_retries(model_of(server), HELLO) if c.content]
    assert pieces == ["It", " is", " on", " its", " way."]
    server.will(says("It is on its way."))
    whole, restarts = await read(model_of(server))
    assert whole.usage_metadata["input_tokens"] == 4
    assert whole.usage_metadata["output_tokens"] == 5
    assert restarts == []


async def test_parallel_tool_calls_are_put_together_from_their_fragments(server, model_of):
    @tool
    def get_order(order_id: str) -> str:
        """Look up an order."""
        return order_id

    server.will(calls(("get_order", {"order_id": "#W2611340"}), ("get_order", {"order_id": "#W4817420"})))
    whole, _ = await read(model_of(server).bind_tools([get_order]))
    assert [(c["name"], c["args"]) for c in whole.tool_calls] == [
        ("get_order", {"order_id": "#W2611340"}),
        ("get_order", {"order_id": "#W4817420"}),
    ]
    assert server.exchanges[0].body["tools"][0]["function"]["name"] == "get_order"


async def test_a_structured_answer_arrives_as_its_class(server, model_of):
    class Person(BaseModel):
        name: str

    server.will(says('{"name": "Bob"}'))
    assert await model_of(server).with_structured_output(Person).ainvoke(HELLO) == Person(name="Bob")


async def test_a_refused_structured_answer_is_a_refusal(server, model_of):
    class Person(BaseModel):
        name: str

    server.will(Reply(refusal="I cannot do that."))
    with pytest.raises(errors.ModelRefused), errors.wrap_model_errors():
        await model_of(server).with_structured_output(Person).ainvoke(HELLO)


async def test_a_server_without_keys_needs_none(server, model_of):
    whole, _ = await read(model_of(server, api_key=""))
    assert whole.content == "Hello from the test server."


def test_importing_the_module_imports_neither_openai_nor_langchain_openai():
    code = "import sys, agents.llm, agents.errors; print(sorted({'openai', 'langchain_openai'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


async def test_any_chat_model_may_stand_in_for_openai():
    model = GenericFakeChatModel(messages=iter(["Hello from a fake."]))
    chunks = [c async for c in astream_with_retries(model, HELLO)]
    assert all(isinstance(c, AIMessageChunk) for c in chunks)
    assert "".join(c.content for c in chunks) == "Hello from a fake."


# --- Before the first chunk the client tries again -----------------------------------------------


async def test_a_rate_limit_is_waited_out_as_long_as_the_server_asks(server, model_of):
    server.will(fails(429, headers={"retry-after": "1"}), says("Here I am."))
    began = time.monotonic()
    whole, restarts = await read(model_of(server))
    assert whole.content == "Here I am."
    assert time.monotonic() - began >= 1.0
    assert restarts == []


async def test_a_rate_limit_that_stays_is_told_with_the_time_when_it_lifts(server, model_of):
    server.will(fails(429, headers={"retry-after": "30"}))
    with pytest.raises(errors.ModelBusy) as caught:
        await read(model_of(server, max_retries=0))
    assert caught.value.retry_after == 30
    assert caught.value.retryable
    assert len(server.exchanges) == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_a_failing_server_that_recovers_answers(server, status, model_of):
    server.will(fails(status), fails(status), says("Back again."))
    whole, restarts = await read(model_of(server))
    assert whole.content == "Back again."
    assert restarts == []
    assert len(server.exchanges) == 3


async def test_a_server_that_keeps_failing_is_not_asked_attempts_times_retries(server, model_of):
    server.answers(lambda exchange: fails(503))
    with pytest.raises(errors.ModelUnavailable):
        await read(model_of(server, max_retries=1))
    assert len(server.exchanges) == 2


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (fails(400, "Bad tool schema."), errors.ModelRejectedRequest),
        (fails(400, "Too long.", code="context_length_exceeded"), errors.ConversationTooLong),
        (fails(401), errors.ModelMisconfigured),
        (fails(403), errors.ModelMisconfigured),
        (fails(404, code="model_not_found"), errors.ModelMisconfigured),
        (fails(422), errors.ModelRejectedRequest),
        (fails(429, code="insufficient_quota"), errors.ModelQuotaSpent),
    ],
)
async def test_a_request_that_cannot_succeed_is_made_once_and_its_error_is_named(server, reply, kind, model_of):
    server.will(reply)
    with pytest.raises(kind) as caught:
        await read(model_of(server, max_retries=0))
    assert not caught.value.retryable
    assert len(server.exchanges) == 1


async def test_nobody_at_the_address_is_model_unavailable(model_of):
    with OpenAIServer() as server:
        model = model_of(server, max_retries=0)
    with pytest.raises(errors.ModelUnavailable):
        await read(model)


@pytest.mark.parametrize(
    "slow", [says("late", before=20.0), says("late", trouble=Trouble(kind="stall", after=0))], ids=["headers", "body"]
)
async def test_a_first_token_that_does_not_come_is_a_time_out(server, slow, model_of):
    server.will(slow)
    began = time.monotonic()
    with pytest.raises(errors.ModelTimedOut):
        await read(model_of(server, timeout=0.2, max_retries=0))
    assert time.monotonic() - began < 10
    server.wait_until(lambda: server.disconnects == 1)


@pytest.mark.parametrize("kind", ["cut", "end", "garbage"])
async def test_an_answer_that_is_not_streamed_and_breaks_off_is_a_broken_reply(server, model_of, kind):
    server.will(says("Half.", trouble=Trouble(kind=kind)))
    with pytest.raises(errors.BrokenReply), errors.wrap_model_errors():
        await model_of(server, max_retries=0).ainvoke(HELLO)
