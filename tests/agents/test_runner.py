"""What a run tells, and what it leaves in the thread."""

import asyncio
from contextlib import aclosing

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from agents import prompts
from agents.attribution import current_attribution
from agents.errors import BrokenReply, ModelBusy, ModelMisconfigured, ModelRefused, ModelUnavailable
from agents.memory import every_memory
from agents.options import AgentOptions
from agents.runner import Continue, Drained, ForeignThread, Say
from agents.testing import Reply, ScriptedChatModel, call
from tests.agents.conftest import (
    ALICE,
    BOB,
    QUICK,
    StoreThatIsDown,
    Talk,
    final_text,
    of_type,
    order,
    put_orders,
    streamed_text,
)


async def test_the_reply_streams_word_by_word_and_ends_with_its_final_text(scripted):
    talk, _ = scripted("Hello Alice, how can I help?")
    events = await talk.say("Hi!")
    assert [event.type for event in events] == [
        "message.start",
        *["message.delta"] * 6,
        "usage",
        "message.done",
    ]
    assert streamed_text(events) == final_text(events) == "Hello Alice, how can I help?"
    assert len({event.message for event in events if event.type.startswith("message")}) == 1


async def test_events_of_a_tool_call_name_it_for_the_customer(scripted, store):
    await put_orders(store, ALICE, order("#W1000001"))
    talk, _ = scripted(call("get_order_details", order_id="w1000001"), "Your order is pending.")
    events = await talk.say("Where is my order?")
    started, done = of_type(events, "tool.start")[0], of_type(events, "tool.done")[0]
    assert (started.label, started.call) == ("Looking up order #W1000001", done.call)
    assert done.ok
    assert final_text(events) == "Your order is pending."


async def test_usage_is_reported_for_each_model_call(scripted):
    talk, _ = scripted(call("search_help", query="returns"), "You can return within 30 days.")
    events = await talk.say("How do I return something?")
    assert [usage.input_tokens for usage in of_type(events, "usage")] == [10, 10]


async def test_argument_fragments_of_a_tool_call_never_become_text(scripted):
    talk, _ = scripted(call("search_help", query="a secret argument"), "Done.")
    events = await talk.say("Hi")
    assert "secret" not in streamed_text(events)
    assert len(of_type(events, "message.start")) == 1


async def test_only_what_respond_tells_reaches_the_customer(store):
    """A model that is called inside a tool streams too; its words are not the agent's."""
    from langchain_core.tools import tool

    from agents.runner import SupportAgent

    inner = ScriptedChatModel(script=["inner words that must stay inside"])

    @tool
    async def think() -> str:
        """Think."""
        await inner.ainvoke("think")
        return "thought"

    outer = ScriptedChatModel(script=[call("think"), "Only this."])
    agent = SupportAgent(model=outer, store=store, options=QUICK, tools=[think])
    events = await Talk(agent, ALICE).say("Hi")
    assert streamed_text(events) == "Only this."


async def test_parallel_calls_run_beside_each_other_and_each_gets_its_result(scripted, store):
    await put_orders(store, ALICE, order("#W1000001"), order("#W1000002", status="delivered"))
    calls = [call("get_order_details", "a", order_id="#W1000001"), call("get_order_details", "b", order_id="#W1000002")]
    talk, model = scripted(Reply(calls=calls), "One is pending, one is delivered.")
    await talk.say("What about my orders?")
    results = {message.tool_call_id: message.text for message in model.last if isinstance(message, ToolMessage)}
    assert '"pending"' in results["a"]
    assert '"delivered"' in results["b"]


async def test_a_call_id_that_was_used_before_gets_a_new_one(scripted):
    talk, _ = scripted(call("search_help", "call_0", query="a"), call("search_help", "call_0", query="b"), "Done.")
    await talk.say("Hi")
    ids = [
        one["id"] for message in await talk.messages() if isinstance(message, AIMessage) for one in message.tool_calls
    ]
    assert ids[0] == "call_0"
    assert len(set(ids)) == 2
    assert [result.tool_call_id for result in await talk.results()] == ids


async def test_a_tool_that_does_not_exist_is_told_to_the_model(scripted):
    talk, _ = scripted(call("delete_everything", account_id=BOB), "I cannot do that.")
    events = await talk.say("Hi")
    assert not of_type(events, "tool.done")[0].ok
    assert final_text(events) == "I cannot do that."


async def test_the_same_message_id_is_said_once_and_answered_anew(scripted):
    talk, model = scripted("First answer.", "Second answer.")
    await talk.say("Hello?", message="m1")
    await talk.say("Hello?", message="m1")
    assert [(message.type, message.text) for message in await talk.messages()] == [
        ("human", "Hello?"),
        ("ai", "Second answer."),
    ]
    assert [message.text for message in model.last if isinstance(message, HumanMessage)] == ["Hello?"]


async def test_a_message_that_was_answered_long_ago_is_not_answered_again(scripted):
    talk, _ = scripted("One.", "Two.")
    await talk.say("a", message="m1")
    await talk.say("b", message="m2")
    with pytest.raises(ValueError, match="went on since"):
        await talk.say("a", message="m1")


async def test_an_earlier_turn_is_in_the_prompt_of_the_next(scripted):
    talk, model = scripted("Hello.", "You said hi.")
    await talk.say("hi")
    await talk.say("what did I say?")
    assert [message.text for message in model.last[1:]] == ["hi", "Hello.", "what did I say?"]


async def test_nobody_else_can_go_on_in_the_thread(scripted):
    talk, model = scripted("Hello.", "never said")
    await talk.say("hi")
    intruder = Talk(talk.agent, BOB, thread=talk.thread)
    with pytest.raises(ForeignThread):
        await intruder.say("what did she say?")
    assert len(model.requests) == 1


async def test_healing_and_stopping_leave_the_thread_with_its_owner(scripted):
    talk, _ = scripted("Hello.")
    await talk.say("hi")
    await talk.agent.keep_partial(talk.thread, "partial", "half of")
    with pytest.raises(ForeignThread):
        await Talk(talk.agent, BOB, thread=talk.thread).say("go on")


async def test_halves_of_characters_never_leave_the_agent(scripted):
    talk, _ = scripted("Lone \ud800 and split \ud83d\ude00 halves")
    events = await talk.say("hi")
    assert final_text(events) == "Lone \ufffd and split \U0001f600 halves"
    assert streamed_text(events).encode()
    assert (await talk.messages())[-1].text == final_text(events)


async def test_a_claim_without_a_source_is_not_in_the_final_text_nor_in_the_thread(scripted, store):
    await put_orders(store, ALICE, order(status="pending"))
    look = call("get_order_details", order_id="#W1000001")
    talk, _ = scripted(look, "Good news. Order #W1000001 was delivered and 999.99 dollars went back to you.")
    events = await talk.say("Where is #W1000001?")
    assert "999.99" in streamed_text(events)
    assert "999.99" not in final_text(events)
    assert final_text(events).startswith("Good news.")
    assert of_type(events, "message.done")[0].replaced
    assert (await talk.messages())[-1].text == final_text(events)


async def test_a_true_reply_is_left_as_it_is(scripted, store):
    await put_orders(store, ALICE, order(status="pending"))
    text = "Order #W1000001 is pending. It costs $47.84."
    talk, _ = scripted(call("get_order_details", order_id="#W1000001"), text)
    done = of_type(await talk.say("Where is #W1000001?"), "message.done")[0]
    assert (done.text, done.replaced) == (text, [])


# --- limits ---


async def test_a_model_that_calls_tools_for_ever_is_stopped_with_an_honest_sentence(scripted):
    endless = [call("search_help", f"c{n}", query="again") for n in range(9)]
    talk, model = scripted(*endless, options=AgentOptions(max_tool_calls=3))
    events = await talk.say("loop!")
    assert len(of_type(events, "tool.start")) == 3
    assert final_text(events) == prompts.TOO_MANY_STEPS
    assert model.tools[-1] == []
    assert prompts.NO_MORE_TOOLS in model.system
    assert (await talk.messages())[-1].text == prompts.TOO_MANY_STEPS


async def test_a_hundred_calls_in_one_reply_are_cut_to_the_limit(scripted):
    flood = Reply(calls=[call("search_help", f"c{n}", query="x") for n in range(100)])
    talk, _ = scripted(flood, "Enough.", options=AgentOptions(max_tool_calls=4))
    events = await talk.say("flood!")
    assert len(of_type(events, "tool.done")) == 4
    assert final_text(events) == "Enough."


async def test_the_limit_counts_each_turn_anew(scripted):
    one = [call("search_help", "a", query="x"), "One.", call("search_help", "b", query="y"), "Two."]
    talk, _ = scripted(*one, options=AgentOptions(max_tool_calls=1))
    await talk.say("first")
    assert of_type(await talk.say("second"), "tool.done")


async def test_a_reply_without_words_is_answered_for(scripted):
    talk, _ = scripted(Reply())
    assert final_text(await talk.say("hi")) == prompts.NOTHING_TO_SAY


# --- a model in trouble ---


@pytest.mark.parametrize("error", [ModelBusy(), ModelMisconfigured(), ModelUnavailable(), ModelRefused()])
async def test_a_failing_model_raises_its_typed_error_and_the_message_can_be_answered_later(scripted, error):
    talk, _ = scripted(Reply(error=error), "Now it works.")
    with pytest.raises(type(error)):
        await talk.say("hi", message="m1")
    assert [message.text for message in await talk.messages()] == ["hi"]
    assert final_text(await talk.run(Continue(text="hi", message_id="m1"))) == "Now it works."
    assert [message.text for message in await talk.messages()] == ["hi", "Now it works."]


async def test_a_reply_that_breaks_off_begins_anew_under_the_same_id(scripted):
    talk, _ = scripted(Reply(text="Half an ans", error=BrokenReply()), "A whole answer.")
    events = await talk.say("hi")
    starts = [place for place, event in enumerate(events) if event.type == "message.start"]
    assert len(starts) == 2
    assert streamed_text(events[starts[1] :]) == final_text(events) == "A whole answer."
    assert len({event.message for event in of_type(events, "message.start")}) == 1


async def test_the_fallback_answers_when_the_model_cannot(scripted):
    fallback = ScriptedChatModel(script=["From the other model."])
    talk, _ = scripted(Reply(error=ModelMisconfigured()), fallback=fallback)
    assert final_text(await talk.say("hi")) == "From the other model."


# --- crash, stop, deploy ---


async def test_continue_falls_back_to_saying_what_the_thread_never_saw(scripted):
    talk, _ = scripted("Hello.")
    assert final_text(await talk.run(Continue(text="hi", message_id="m1"))) == "Hello."
    assert [message.text for message in await talk.messages()] == ["hi", "Hello."]


async def test_continue_does_not_run_a_finished_tool_again(scripted):
    talk, model = scripted(
        call("save_memory", text="The customer's name is Bob.", kind="name"),
        Reply(error=ModelUnavailable()),
        "Noted, Bob.",
    )
    with pytest.raises(ModelUnavailable):
        await talk.say("Remember: my name is Bob", message="m1")
    events = await talk.run(Continue(text="Remember: my name is Bob", message_id="m1"))
    assert not of_type(events, "tool.start")
    assert final_text(events) == "Noted, Bob."
    assert len(model.requests) == 3


async def test_continue_tells_a_finished_turn_again_without_asking_the_model(scripted):
    talk, model = scripted(call("save_memory", text="The customer's name is Bob.", kind="name"), "Noted, Bob.")
    first = await talk.say("Remember: my name is Bob", message="m1")
    again = await talk.run(Continue(text="Remember: my name is Bob", message_id="m1"))
    assert of_type(again, "tool.done") == of_type(first, "tool.done")
    assert of_type(again, "message.done") == of_type(first, "message.done")
    assert len(model.requests) == 2


async def stopped_in_mid_reply(talk: Talk) -> str:
    """Cancel the run after its second delta; the text that had come."""
    talk.turn, talk.message = "t1", "m1"
    seen: list[str] = []
    second_delta = asyncio.Event()

    async def read() -> None:
        async for event in talk.stream(Say(text="tell me a story", message_id="m1")):
            seen.extend([event.text] if event.type == "message.delta" else [])
            if len(seen) == 2:
                second_delta.set()

    reading = asyncio.create_task(read())
    await second_delta.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    return "".join(seen)


async def test_cancelling_closes_the_model_stream_and_the_partial_text_can_be_kept(scripted):
    talk, model = scripted(Reply(text="Once upon a time", hold=asyncio.Event()), "Where was I?")
    text = await stopped_in_mid_reply(talk)
    assert model.cut == 1
    await talk.agent.keep_partial(talk.thread, "partial", text)
    kept = (await talk.messages())[-1]
    assert (kept.id, kept.text, kept.additional_kwargs) == ("partial", text, {"stopped": True})
    assert not (await talk.state()).next
    await talk.say("go on")
    assert [message.text for message in model.last[1:]] == ["tell me a story", text, "go on"]


async def test_a_stopped_turn_can_be_tried_again(scripted):
    talk, _ = scripted(Reply(text="Once upon a time", hold=asyncio.Event()), "A whole story.")
    await talk.agent.keep_partial(talk.thread, "partial", await stopped_in_mid_reply(talk))
    await talk.say("tell me a story", message="m1")
    assert [message.text for message in await talk.messages()] == ["tell me a story", "A whole story."]


async def test_a_stop_before_the_first_step_leaves_a_thread_to_talk_in(scripted):
    talk, _ = scripted("Hello.")
    await talk.agent.keep_partial(talk.thread, "partial", "")
    assert await talk.messages() == []
    assert final_text(await talk.say("hi")) == "Hello."


async def test_a_partial_text_never_replaces_the_whole_one(scripted):
    talk, _ = scripted("The whole text.")
    done = of_type(await talk.say("hi"), "message.done")[0]
    await talk.agent.keep_partial(talk.thread, done.message, "The who")
    assert (await talk.messages())[-1].text == "The whole text."


async def test_a_stop_inside_a_tool_leaves_nothing_open(store):
    from langchain_core.tools import tool

    from agents.runner import SupportAgent

    inside = asyncio.Event()

    @tool
    async def slow() -> str:
        """Slow."""
        inside.set()
        await asyncio.sleep(60)
        return "never"

    model = ScriptedChatModel(script=[call("slow"), "Let us talk about something else."])
    talk = Talk(SupportAgent(model=model, store=store, options=QUICK, tools=[slow]), ALICE)
    run = asyncio.create_task(talk.say("go"))
    await inside.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    await talk.say("something else")
    assert [message.type for message in model.recording.last] == ["system", "human", "ai", "tool", "human"]
    assert model.recording.last[3].text == prompts.CUT_SHORT


async def test_a_consumer_that_stops_reading_closes_the_model_stream(scripted):
    talk, model = scripted(Reply(text="Once upon a time", hold=asyncio.Event()))
    async with aclosing(talk.stream(Say(text="hi", message_id="m1"))) as events:
        async for event in events:
            if event.type == "message.delta":
                break
    assert model.cut == 1


async def test_a_drained_run_stops_between_steps_and_goes_on_elsewhere(scripted, store):
    await put_orders(store, ALICE, order())
    saver = InMemorySaver()
    talk, model = scripted(call("get_profile"), checkpointer=saver)
    talk.turn, talk.message = "t1", "m1"

    async def drained_at_the_first_tool() -> None:
        async for event in talk.stream(Say(text="who am I?", message_id="m1")):
            if event.type == "tool.start":
                talk.agent.drain()

    with pytest.raises(Drained):
        await drained_at_the_first_tool()
    assert len(model.requests) == 1
    other, _ = scripted("Hello Alice.", checkpointer=saver)
    elsewhere = Talk(other.agent, ALICE, thread=talk.thread, turn="t1", message="m1")
    events = await elsewhere.run(Continue(text="who am I?", message_id="m1"))
    assert not of_type(events, "tool.start")
    assert final_text(events) == "Hello Alice."


async def test_an_agent_that_drains_begins_nothing_it_would_have_to_finish(scripted):
    talk, model = scripted("never said")
    talk.agent.drain()
    with pytest.raises(Drained):
        await talk.say("hi")
    assert not model.requests


# --- the store, and who writes to it ---


async def test_a_store_that_is_down_is_told_and_the_turn_goes_on(scripted):
    talk, model = scripted(call("list_orders"), "I cannot look that up right now.", store=StoreThatIsDown())
    events = await talk.say("Where is my order #W1000001?")
    assert prompts.UNAVAILABLE in model.system
    assert prompts.FILE_OPEN not in model.system
    assert [result.text for result in await talk.results()] == [prompts.STORE_DOWN]
    assert not of_type(events, "tool.done")[0].ok
    assert final_text(events) == "I cannot look that up right now."


async def test_what_a_tool_writes_is_attributed_to_the_agent_and_the_turn(scripted, store, monkeypatch):
    seen = []
    batch = type(store).abatch

    async def watched(self, ops):
        ops = list(ops)
        seen.extend(current_attribution() for op in ops if hasattr(op, "value"))
        return await batch(self, ops)

    monkeypatch.setattr(type(store), "abatch", watched)
    talk, _ = scripted(call("save_memory", text="The customer's name is Bob.", kind="name"), "Noted.")
    await talk.say("my name is Bob")
    assert [(one.actor, one.turn_id) for one in seen] == [("agent", talk.turn)]
    assert current_attribution().actor == "system"


async def test_a_hand_over_is_told_with_its_summary(scripted):
    talk, _ = scripted(call("transfer_to_human_agents", summary="Wants a person."), "A person will take over.")
    events = await talk.say("Let me talk to a person")
    assert [event.summary for event in of_type(events, "handed.off")] == ["Wants a person."]
    assert final_text(events) == "A person will take over."


async def test_a_forgotten_thread_leaves_nothing(scripted):
    talk, _ = scripted("Hello.")
    await talk.say("hi")
    await talk.agent.forget_thread(talk.thread)
    assert await talk.messages() == []


async def test_memories_are_shared_between_the_conversations_of_one_account_only(scripted, store):
    talk, model = scripted(
        call("save_memory", text="The customer's name is Bob.", kind="name"), "Noted!", "You are Bob.", "I do not know."
    )
    await talk.say("Hi! Remember: my name is Bob")
    await talk.elsewhere().say("What's my name?")
    assert "The customer's name is Bob." in model.system
    await Talk(talk.agent, BOB).say("What's my name?")
    assert "The customer's name is Bob." not in model.system
    assert await every_memory(store, BOB) == []
