"""The whole agent with the real client, against a server that speaks OpenAI's protocol."""

import asyncio

import pytest
from langchain_core.messages import HumanMessage

from agents.errors import ModelBusy, ModelMisconfigured, ModelTimedOut
from agents.extraction import learn
from agents.llm import chat_model
from agents.memory import Source
from agents.options import AgentOptions
from agents.runner import Continue, Say, SupportAgent
from tests.agents.conftest import ALICE, QUICK, Talk, final_text, of_type, order, put_orders, streamed_text
from tests.openai_server import OpenAIServer, Reply, Trouble, calls, fails, says

ONCE = AgentOptions(model_attempts=1, model_backoff=0.0)


@pytest.fixture
def server():
    with OpenAIServer() as server:
        yield server


@pytest.fixture
async def talk_to(server, store):
    made = []

    def make(options: AgentOptions = QUICK, **more) -> Talk:
        given = {"api_key": "key", "base_url": server.url, "model": "test-model", "timeout": 5, "max_retries": 0}
        made.append(chat_model(**given | more))
        return Talk(SupportAgent(model=made[-1], store=store, options=options), ALICE)

    yield make
    for model in made:
        await model.root_async_client.close()


async def test_a_tool_call_and_a_streamed_reply(server, talk_to, store):
    await put_orders(store, ALICE, order(status="delivered"))
    server.will(calls(("get_order_details", {"order_id": "#W1000001"})), says("Order #W1000001 is delivered."))
    events = await talk_to().say("Where is my order?")
    assert of_type(events, "tool.start")[0].label == "Looking up order #W1000001"
    assert streamed_text(events) == final_text(events) == "Order #W1000001 is delivered."
    assert all(usage.input_tokens > 0 for usage in of_type(events, "usage"))
    first, second = (exchange.body for exchange in server.exchanges)
    assert "cancel_pending_order" in {tool["function"]["name"] for tool in first["tools"]}
    assert [message["role"] for message in second["messages"]] == ["system", "user", "assistant", "tool"]


async def test_the_account_is_in_nothing_that_is_sent_to_the_model(server, talk_to, store):
    await put_orders(store, ALICE, order())
    server.will(calls(("get_profile", {})), says("Hello Alice."))
    await talk_to().say("Who am I? Where is #W1000001?")
    assert ALICE not in str([exchange.body for exchange in server.exchanges])


async def test_stopping_closes_the_stream_to_the_model(server, talk_to):
    server.will(says("word " * 200, between=0.02))
    talk = talk_to()
    begun = asyncio.Event()

    async def read() -> None:
        async for event in talk.stream(Say(text="hi", message_id="m1")):
            if event.type == "message.delta":
                begun.set()

    reading = asyncio.create_task(read())
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.to_thread(server.wait_until, lambda: server.disconnects == 1)
    assert server.exchanges[0].sent < 150


async def test_after_a_stop_inside_a_group_of_calls_the_next_request_is_well_formed(server, talk_to, store):
    await put_orders(store, ALICE, order())
    cancel = ("cancel_pending_order", {"order_id": "#W1000001", "reason": "no longer needed"})
    server.will(calls(("get_profile", {}), cancel), says("All right."))
    talk = talk_to()
    await talk.say("Cancel #W1000001")
    await talk.say("Never mind")
    sent = server.exchanges[-1].body["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool", "tool", "user"]
    assert {call["id"] for call in sent[2]["tool_calls"]} == {message["tool_call_id"] for message in sent[3:5]}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (fails(401), ModelMisconfigured),
        (fails(429), ModelBusy),
        (Reply(before=3.0), ModelTimedOut),
    ],
)
async def test_trouble_is_a_typed_error_and_the_message_can_be_answered_later(server, talk_to, reply, error):
    server.will(reply, says("Here I am again."))
    talk = talk_to(ONCE, timeout=0.5)
    with pytest.raises(error):
        await talk.say("hi", message="m1")
    assert final_text(await talk.run(Continue(text="hi", message_id="m1"))) == "Here I am again."


async def test_a_stream_that_is_cut_begins_anew_and_nothing_is_said_twice(server, talk_to):
    server.will(says("This answer breaks off here.", trouble=Trouble(kind="cut", after=3)), says("This one is whole."))
    talk = talk_to()
    events = await talk.say("hi")
    assert final_text(events) == "This one is whole."
    assert [message.text for message in await talk.messages()] == ["hi", "This one is whole."]


async def test_learning_asks_for_structured_output(server, talk_to, store):
    server.will(calls(("Extraction", {"memories": [{"text": "The customer's name is Bob.", "kind": "name"}]})))
    talk = talk_to()
    model = chat_model(api_key="key", base_url=server.url, model="test-model", timeout=5)
    try:
        kept = await learn(store, model, talk.account, [HumanMessage("my name is Bob")], Source(turn="t1"))
    finally:
        await model.root_async_client.close()
    assert [memory.text for memory in kept] == ["The customer's name is Bob."]
    assert "my name is Bob" in str(server.exchanges[0].body["messages"])
