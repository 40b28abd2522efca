"""What a person said while the agent was silent is in what the model is asked next."""

from uuid import uuid4

from langchain_core.messages import AIMessage, HumanMessage

from agents import prompts
from agents.claims import check, sources_of
from agents.history import staff_message
from agents.runner import Continue, Said, Say
from tests.agents.conftest import final_text

WROTE = Said(text="I still need help", message_id="customer-2")
PROMISED = Said(text="You get $25.00 back by Friday.", message_id="staff-1", by_staff=True)


def say(text, *meanwhile, message_id=None):
    return Say(text=text, message_id=message_id or str(uuid4()), meanwhile=meanwhile)


def asked(request):
    return [(type(message), str(message.text)) for message in request[1:]]


async def test_the_model_reads_what_staff_promised_before_the_new_message(scripted):
    talk, model = scripted("Hello!", "My colleague promised you $25.00.")
    await talk.say("Hi")
    events = await talk.run(say("What was promised?", WROTE, PROMISED))
    assert asked(model.last)[2:] == [
        (HumanMessage, "I still need help"),
        (AIMessage, f"{prompts.BY_STAFF}You get $25.00 back by Friday."),
        (HumanMessage, "What was promised?"),
    ]
    assert prompts.BY_STAFF.strip() in model.system
    assert final_text(events) == "My colleague promised you $25.00."


async def test_what_was_heard_is_not_heard_again(scripted):
    talk, model = scripted("One.", "Two.")
    await talk.run(say("First", PROMISED))
    await talk.run(say("Second", PROMISED, WROTE))
    texts = [text for _, text in asked(model.last)]
    assert texts == [f"{prompts.BY_STAFF}{PROMISED.text}", "First", "One.", WROTE.text, "Second"]


async def test_a_thread_that_begins_with_staff_belongs_to_its_account(scripted):
    talk, _ = scripted("Hello!")
    await talk.run(say("Hi", PROMISED))
    assert (await talk.state()).metadata["account"] == talk.account


async def test_a_turn_that_never_began_hears_it_when_it_is_gone_on_with(scripted):
    talk, model = scripted("Hello!")
    await talk.run(Continue(text="Hi", message_id="m", meanwhile=(PROMISED,)))
    assert [text for _, text in asked(model.last)] == [f"{prompts.BY_STAFF}{PROMISED.text}", "Hi"]


async def test_an_answer_that_is_written_anew_keeps_what_staff_said(scripted):
    talk, _ = scripted("Once.", "Anew.")
    await talk.run(say("Hi", PROMISED, message_id="m"))
    await talk.run(say("Hi", PROMISED, message_id="m"))
    texts = [str(message.text) for message in await talk.messages()]
    assert texts == [f"{prompts.BY_STAFF}{PROMISED.text}", "Hi", "Anew."]


def test_what_staff_said_is_a_source_and_what_the_agent_said_is_none():
    claim = "You get $25.00 back."
    assert not check(claim, sources_of([HumanMessage("Hi"), staff_message(PROMISED.text, "s")]))
    assert check(claim, sources_of([HumanMessage("Hi"), AIMessage(PROMISED.text)]))
