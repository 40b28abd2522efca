"""The main job, for real: offline model, rules, Chroma on disk, two conversations, two customers."""

from collections.abc import AsyncIterator

import chromadb
import pytest
from langchain_core.messages import HumanMessage
from langgraph.store.base import BaseStore

from agents.embeddings import LexicalEmbeddings
from agents.extraction import learn
from agents.memory import MemoryDraft, Source, every_memory, recall, remember
from agents.offline.model import OfflineChatModel
from agents.runner import Decide, SupportAgent
from agents.store import ChromaStore
from tests.agents.conftest import ALICE, BOB, QUICK, Talk, final_text, of_type, order, put_orders

MODEL, EMBEDDER = OfflineChatModel(), LexicalEmbeddings()


@pytest.fixture
async def store(tmp_path) -> AsyncIterator[BaseStore]:
    settings = chromadb.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(str(tmp_path / "chroma"), settings=settings)
    index = {"dims": EMBEDDER.dims, "embed": EMBEDDER, "fields": ["text"]}
    yield ChromaStore(client, index=index)
    client.close()


@pytest.fixture
def alice(store) -> Talk:
    return Talk(SupportAgent(model=MODEL, store=store, options=QUICK), ALICE)


@pytest.fixture
def bob(alice) -> Talk:
    return Talk(alice.agent, BOB)


async def say_and_learn(talk: Talk, text: str) -> str:
    """One turn and the learning after it; the reply."""
    reply = final_text(await talk.say(text))
    source = Source(conversation=talk.thread, turn=talk.turn, message=talk.message)
    await learn(talk.agent.graph.store, MODEL, talk.account, [HumanMessage(text)], source)
    return reply


async def test_a_name_told_in_one_conversation_is_known_in_the_next_and_to_nobody_else(alice, bob):
    await say_and_learn(alice, "Hi! Remember: my name is Bob")
    assert "Bob" in await say_and_learn(alice.elsewhere(), "What's my name?")
    assert "Bob" not in await say_and_learn(bob, "What's my name?")


async def test_the_order_meant_is_known_later_and_said_not_to_be_on_file(alice, store):
    await say_and_learn(alice, "I have a problem with my order #12345")
    reply = await say_and_learn(alice.elsewhere(), "Any updates on my order?")
    assert "#12345" in reply
    assert "not on file" in reply


@pytest.mark.parametrize("numbers", [("#12345", "#67890"), ("#67890", "#12345"), ("#11111", "#22222")])
async def test_of_two_orders_mentioned_the_later_one_is_meant(alice, numbers):
    earlier, later = numbers
    await say_and_learn(alice, f"I have a problem with my order {earlier}")
    await say_and_learn(alice.elsewhere(), f"I have a problem with my order {later}")
    assert later in (await say_and_learn(alice.elsewhere(), "Any updates on my order?")).partition("\n")[0]


async def test_where_is_my_order_is_answered_from_the_store(alice, store):
    sent = [{"tracking_id": ["443521489581"], "item_ids": ["201"]}]
    await put_orders(store, ALICE, order("#W1000001", status="delivered", fulfillments=sent))
    reply = await say_and_learn(alice, "Where is my order?")
    assert "#W1000001" in reply
    assert "delivered" in reply
    assert "443521489581" in reply


async def test_the_same_order_number_asked_for_by_another_customer_is_not_on_file(alice, bob, store):
    await put_orders(store, ALICE, order("#W1000001", status="delivered"))
    reply = await say_and_learn(bob, "Where is order #W1000001?")
    assert "not on file" in reply
    assert "delivered" not in reply


async def test_cancelling_asks_first_and_then_really_cancels(alice, store):
    await put_orders(store, ALICE, order("#W1000001"))
    proposed = of_type(await alice.say("Please cancel order #W1000001, I no longer need it"), "action.proposed")[0]
    assert (await store.aget(("accounts", ALICE, "orders"), "#W1000001")).value["status"] == "pending"
    decision = {"decision": "confirm", "digest": proposed.digest}
    events = await alice.run(Decide(decisions={proposed.action: decision}))
    assert (await store.aget(("accounts", ALICE, "orders"), "#W1000001")).value["status"] == "cancelled"
    assert "cancelled" in final_text(events)
    assert of_type(events, "tool.done")[0].card["amount"] == "47.84"


async def test_learning_the_same_turn_twice_keeps_one_of_each(alice, store):
    await say_and_learn(alice, "My name is Bob. I have a problem with my order #12345")
    before = await every_memory(store, ALICE)
    source = Source(conversation=alice.thread, turn=alice.turn, message=alice.message)
    await learn(store, MODEL, ALICE, [HumanMessage("My name is Bob. I have a problem with my order #12345")], source)
    assert await every_memory(store, ALICE) == before


async def test_a_large_account_recalls_by_meaning_of_its_words(store):
    for number in range(60):
        draft = MemoryDraft(text=f"The customer owns garden lamp number {number}.", kind="fact")
        await remember(store, ALICE, draft, Source(turn="t1"), said_at="2025-01-02T00:00:00+00:00")
    violin = MemoryDraft(text="The customer's violin is kept in a walnut case.", kind="fact")
    await remember(store, ALICE, violin, Source(turn="t0"), said_at="2025-01-01T00:00:00+00:00")
    recalled = await recall(store, ALICE, "which case is my violin in?", limit=5)
    assert "violin" in recalled[0].text
