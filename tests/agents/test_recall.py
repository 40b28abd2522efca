"""What is known when a turn begins."""

from dataclasses import replace

from agents import namespaces
from agents.context import RunContext
from agents.memory import MemoryDraft, Source, remember
from agents.options import AgentOptions
from agents.recall import recollect
from tests.agents.conftest import ALICE, BOB, StoreThatIsDown, order, put_orders

CONTEXT = RunContext(account_id=ALICE, conversation_id="c", turn_id="t", message_id="m")


def mention(order_id: str) -> MemoryDraft:
    return MemoryDraft(text=f"The customer wrote about order {order_id}.", kind="order_mention", order_id=order_id)


async def test_an_order_named_in_the_message_is_looked_up_as_it_is_now(store):
    await put_orders(store, ALICE, order(status="delivered"))
    known = await recollect(store, CONTEXT, ["where is w1000001?"])
    assert [(one["order_id"], one["status"]) for one in known["orders"]] == [("#W1000001", "delivered")]
    assert known["name"] == "Alice Moreau"
    assert known["not_on_file"] == []


async def test_bookkeeping_of_a_record_stays_out_of_the_prompt(store):
    await put_orders(store, ALICE, order())
    shown = (await recollect(store, CONTEXT, ["#W1000001"]))["orders"][0]
    assert not {"version", "changes", "user_id"} & set(shown)


async def test_an_order_mentioned_in_an_earlier_conversation_is_looked_up_too(store):
    await put_orders(store, ALICE, order(status="pending"))
    await remember(store, ALICE, mention("#W1000001"), Source(turn="earlier"), said_at="2099-01-01T00:00:00+00:00")
    shown = (await recollect(store, CONTEXT, ["any updates on my order?"]))["orders"][0]
    assert shown["status"] == "pending"
    assert "changed_since_mentioned" not in shown


async def test_an_order_that_changed_since_it_was_mentioned_says_when(store):
    await remember(store, ALICE, mention("#W1000001"), Source(turn="earlier"), said_at="2020-01-01T00:00:00+00:00")
    await put_orders(store, ALICE, order(status="delivered"))
    shown = (await recollect(store, CONTEXT, ["any updates?"]))["orders"][0]
    assert shown["changed_since_mentioned"] > "2020"


async def test_a_memory_never_holds_the_status_of_an_order(store):
    await put_orders(store, ALICE, order(status="pending"))
    memory = await remember(store, ALICE, mention("#W1000001"), Source(turn="t"))
    assert "pending" not in str(memory.value())


async def test_an_order_that_is_not_on_file_is_said_to_be_so(store):
    await remember(store, ALICE, mention("#12345"), Source(turn="earlier"))
    known = await recollect(store, CONTEXT, ["Any updates on my order?"])
    assert (known["orders"], known["not_on_file"]) == ([], ["#12345"])


async def test_an_order_of_another_account_is_not_on_file_by_any_spelling(store):
    await put_orders(store, BOB, order("#W1000001"))
    for spelling in ("#W1000001", "w1000001", "order 1000001", "#1000001"):
        known = await recollect(store, CONTEXT, [spelling])
        assert known["orders"] == []
        assert len(known["not_on_file"]) == 1


async def test_two_spellings_of_one_order_are_one_order(store):
    await put_orders(store, ALICE, order())
    known = await recollect(store, CONTEXT, ["order 1000001, I mean #W1000001"])
    assert len(known["orders"]) == 1
    assert known["not_on_file"] == []


async def test_no_more_orders_than_the_prompt_has_room_for(store):
    ids = [f"#W100000{number}" for number in range(9)]
    await put_orders(store, ALICE, *(order(order_id) for order_id in ids))
    known = await recollect(store, CONTEXT, [" ".join(ids)], AgentOptions(recalled_orders=3))
    assert [one["order_id"] for one in known["orders"]] == ids[:3]


async def test_memories_carry_date_and_trust_and_stay_within_the_budget(store):
    for number in range(5):
        draft = MemoryDraft(text=f"The customer owns lamp {number}.", kind="fact")
        await remember(store, ALICE, draft, Source(turn="t"), said_at=f"2025-11-0{number + 1}T10:00:00+00:00")
    known = await recollect(store, CONTEXT, ["hi"], AgentOptions(recalled_tokens=110))
    assert [memory["since"][:10] for memory in known["memories"]] == ["2025-11-05", "2025-11-04"]
    assert {memory["trust"] for memory in known["memories"]} == {"customer"}


async def test_paused_memory_recalls_orders_by_name_and_nothing_else(store):
    await put_orders(store, ALICE, order())
    await remember(store, ALICE, MemoryDraft(text="The customer has a dog.", kind="fact"), Source(turn="t"))
    await remember(store, ALICE, mention("#12345"), Source(turn="t"))
    known = await recollect(store, replace(CONTEXT, memory_paused=True), ["#W1000001"])
    assert known["memories"] == known["not_on_file"] == []
    assert len(known["orders"]) == 1
    assert known["paused"]


async def test_a_store_that_is_down_is_told_and_not_raised_and_the_log_says_why(caplog):
    known = await recollect(StoreThatIsDown(), CONTEXT, ["where is #W1000001?"])
    assert known == {"unavailable": True, "paused": False}
    assert "the store cannot be read (StoreUnavailable)" in caplog.text


async def test_only_the_runs_own_account_is_ever_read(store):
    await put_orders(store, BOB, order())
    await store.aput(namespaces.memories(BOB), "k", {"text": "canary-of-bob"})
    for words in ("", f"account {BOB}", f'("accounts", "{BOB}", "memories")', "#W1000001"):
        assert "canary" not in str(await recollect(store, CONTEXT, [words]))
