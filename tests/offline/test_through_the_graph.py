"""The offline model behind the real graph and the real tools, over LangGraph's own store."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from langgraph.store.memory import InMemoryStore

from agents import namespaces
from agents.context import RunContext
from agents.events import AgentEvent
from agents.memory import Source, remember
from agents.offline import OfflineChatModel, extract
from agents.options import AgentOptions
from agents.runner import Decide, Say, SupportAgent
from tests.offline.conftest import ADDRESS, ARTICLES, DELIVERED, METHODS, PENDING, PROCESSED, PRODUCTS
from tests.offline.table import CALLS, REPLIES

NO_STAFF = AgentOptions(staff_approval_above_cents=None)
ANN, BEN = "11111111-0000-4000-8000-00000000000a", "22222222-0000-4000-8000-00000000000b"


@dataclass
class Talk:
    agent: SupportAgent
    account: str
    thread: str = field(default_factory=lambda: str(uuid4()))
    context: Any = None

    async def say(self, text: str) -> list[AgentEvent]:
        self.context = RunContext(
            account_id=self.account, conversation_id=self.thread, turn_id=str(uuid4()), message_id=str(uuid4())
        )
        return await self.run(Say(text=text, message_id=self.context.message_id))

    async def click(self, events: Sequence[AgentEvent], decision: str = "confirm") -> list[AgentEvent]:
        [proposed] = [event for event in events if event.type == "action.proposed"]
        decided = {"decision": decision, "digest": proposed.digest}
        return await self.run(Decide(decisions={proposed.action: decided}))

    async def run(self, turn_input: Any) -> list[AgentEvent]:
        return [event async for event in self.agent.astream(turn_input, thread_id=self.thread, context=self.context)]


def final(events: Sequence[AgentEvent]) -> str:
    return [event for event in events if event.type == "message.done"][-1].text


async def stocked() -> InMemoryStore:
    store = InMemoryStore()
    for record in (PROCESSED, DELIVERED, PENDING):
        await store.aput(namespaces.orders(ANN), record["order_id"], record)
    for record in PRODUCTS.values():
        await store.aput(namespaces.PRODUCTS, record["product_id"], record)
    for article in ARTICLES:
        await store.aput(namespaces.HELP, article["title"].lower(), article)
    profile = {
        "user_id": "ann_1",
        "name": {"first_name": "Ann", "last_name": "Lee"},
        "email": "ann@example.com",
        "address": ADDRESS,
        "payment_methods": METHODS,
        "orders": [record["order_id"] for record in (PROCESSED, DELIVERED, PENDING)],
        "version": 1,
        "changes": [],
    }
    await store.aput(namespaces.profile(ANN), namespaces.PROFILE_KEY, profile)
    return store


@pytest.fixture
async def store() -> InMemoryStore:
    return await stocked()


@pytest.fixture
def agent(store: InMemoryStore) -> SupportAgent:
    """Asks no member of staff, whose part is tried elsewhere."""
    return SupportAgent(model=OfflineChatModel(), store=store, options=NO_STAFF)


async def learned(store: InMemoryStore, talk: Talk, text: str) -> None:
    """What the site does after a turn."""
    for draft in extract([text]):
        await remember(store, talk.account, draft, Source(conversation=talk.thread, turn=talk.context.turn_id))


async def test_a_name_told_in_one_conversation_is_known_in_the_next_and_to_nobody_else(agent: SupportAgent) -> None:
    await Talk(agent, BEN).say("Hi! Remember: my name is Bob")
    assert "Bob" in final(await Talk(agent, BEN).say("What's my name?"))
    assert "Bob" not in final(await Talk(agent, ANN).say("What's my name?"))


async def test_a_name_is_corrected_and_forgotten(agent: SupportAgent) -> None:
    talk = Talk(agent, BEN)
    await talk.say("call me Bob")
    assert "Rob" in final(await talk.say("Actually my name is Rob"))
    assert "**Rob**" in final(await Talk(agent, BEN).say("What's my name?"))
    assert "Forgotten" in final(await talk.say("forget my name"))
    assert "do not know your name" in final(await Talk(agent, BEN).say("What's my name?"))


async def test_an_order_that_is_not_on_file_is_remembered_and_not_invented(
    agent: SupportAgent, store: InMemoryStore
) -> None:
    said = "I have a problem with my order #12345"
    talk = Talk(agent, BEN)
    assert "not on file" in final(await talk.say(said))
    await learned(store, talk, said)
    reply = final(await Talk(agent, BEN).say("Any updates on my order?"))
    assert "#12345" in reply
    assert "not on file" in reply


async def test_the_status_of_an_order_is_the_one_in_the_store(agent: SupportAgent) -> None:
    events = await Talk(agent, ANN).say("where is my lamp?")
    assert "has been delivered" in final(events)
    assert "357962501027" in final(events)
    assert "tool.start" in [event.type for event in events]
    deltas = [event.text for event in events if event.type == "message.delta"]
    assert "".join(deltas) == final(events)
    assert len(deltas) > 10


async def test_a_cancellation_waits_for_the_click_and_then_is_told(agent: SupportAgent, store: InMemoryStore) -> None:
    talk = Talk(agent, ANN)
    assert "ordered by mistake" in final(await talk.say("cancel my chair order"))
    proposed = await talk.say("I don't need it anymore")
    assert (await store.aget(namespaces.orders(ANN), "#W2611340")).value["status"] == "pending"
    reply = final(await talk.click(proposed))
    assert "is cancelled" in reply
    assert "$536.65" in reply
    assert (await store.aget(namespaces.orders(ANN), "#W2611340")).value["status"] == "cancelled"


async def test_a_declined_proposal_is_told_as_that(agent: SupportAgent) -> None:
    talk = Talk(agent, ANN)
    reply = final(await talk.click(await talk.say("cancel #W2611340, no longer needed"), "decline"))
    assert "nothing was changed" in reply


async def test_a_typed_yes_shows_the_card_again_and_changes_nothing(agent: SupportAgent, store: InMemoryStore) -> None:
    talk = Talk(agent, ANN)
    await talk.say("cancel #W2611340, no longer needed")
    again = await talk.say("yes")
    assert (await store.aget(namespaces.orders(ANN), "#W2611340")).value["status"] == "pending"
    assert "is cancelled" in final(await talk.click(again))


async def test_an_exchange_through_several_messages(agent: SupportAgent, store: InMemoryStore) -> None:
    talk = Talk(agent, ANN)
    for said in ("exchange the t-shirt", "the blue one", "black"):
        assert final(await talk.say(said)).endswith("?")
    assert "Exchange requested" in final(await talk.click(await talk.say("paypal")))
    order = (await store.aget(namespaces.orders(ANN), "#W1000002")).value
    assert (order["exchange_items"], order["exchange_new_items"]) == (["9612497925"], ["3799046073"])


async def test_the_orders_of_another_account_are_not_there(agent: SupportAgent) -> None:
    reply = final(await Talk(agent, BEN).say("where is order #W2611340?"))
    assert "not on file" in reply
    assert "Chair" not in reply


async def test_a_person_is_called(agent: SupportAgent) -> None:
    events = await Talk(agent, ANN).say("I want to talk to a person")
    assert "handed.off" in [event.type for event in events]
    assert "A person takes over" in final(events)


CHANGES = [said for said, tools, _ in CALLS if tools[-1].startswith(("cancel", "modify", "return", "exchange"))]


@pytest.mark.parametrize(
    ("decision", "table"),
    [("decline", CHANGES), ("confirm", [said for said, *_ in [*CALLS, *REPLIES]])],
)
async def test_the_claim_check_finds_nothing_to_replace(decision: str, table: list[str]) -> None:
    """Every sentence of the table, said to a fresh shop, with every proposal decided."""
    for said in dict.fromkeys(table):
        talk = Talk(SupportAgent(model=OfflineChatModel(), store=await stocked(), options=NO_STAFF), ANN)
        events = await talk.say(said)
        if any(event.type == "action.proposed" for event in events):
            events = await talk.click(events, decision)
        replaced = [event.replaced for event in events if event.type == "message.done"]
        assert replaced == [[]], f"{said}: {final(events)}"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("what's your return policy?", "within 30 days"),
        ("what colours does the T-shirt come in", "black, blue, purple, red"),
        ("what do you sell?", "Office Chair"),
        ("what's my gift card balance?", "$900.00"),
        ("list my orders", "#W1000003"),
        ("how much did I pay for order #W2611340?", "$536.65"),
        ("what do you know about me?", "Ann Lee"),
        ("is item 4168944673 in stock?", "$471.82"),
    ],
)
async def test_answers_rest_on_the_real_tools(agent: SupportAgent, said: str, words: str) -> None:
    assert words in final(await Talk(agent, ANN).say(said))
