"""A write waits for the customer's click, through the whole graph."""

import pytest
from langchain_core.messages import ToolMessage

from agents import prompts
from agents.options import AgentOptions
from agents.runner import Continue, Decide, NoSuchAction
from agents.testing import Reply, call
from tests.agents.conftest import (
    ALICE,
    Talk,
    final_text,
    of_type,
    order,
    put_orders,
)

CANCEL = call("cancel_pending_order", "cancel", order_id="#W1000001", reason="no longer needed")


async def proposal_of(talk: Talk):
    events = await talk.say("Cancel my order #W1000001, I no longer need it.")
    return of_type(events, "action.proposed")[0]


def confirm(proposed) -> Decide:
    return Decide(decisions={proposed.action: {"decision": "confirm", "digest": proposed.digest}})


async def test_a_write_waits_for_the_click_and_changes_nothing_before(scripted, store):
    await put_orders(store, ALICE, order())
    talk, _ = scripted(CANCEL, "It is cancelled.")
    proposed = await proposal_of(talk)
    assert proposed.action == f"{talk.turn}:cancel"
    assert (proposed.tool, proposed.approver) == ("cancel_pending_order", "customer")
    assert (await store.aget(("accounts", ALICE, "orders"), "#W1000001")).value["status"] == "pending"
    events = await talk.run(confirm(proposed))
    assert (await store.aget(("accounts", ALICE, "orders"), "#W1000001")).value["status"] == "cancelled"
    card = of_type(events, "tool.done")[0].card
    assert card["type"] == "receipt"
    assert card["order_id"] == "#W1000001"


async def test_a_decision_that_comes_twice_is_applied_once_and_told_again(scripted, store):
    await put_orders(store, ALICE, order())
    talk, model = scripted(CANCEL, "Order #W1000001 is cancelled.")
    proposed = await proposal_of(talk)
    first = await talk.run(confirm(proposed))
    again = await talk.run(confirm(proposed))
    assert of_type(again, "tool.done") == of_type(first, "tool.done")
    assert final_text(again) == final_text(first)
    assert len(model.requests) == 2
    assert len((await store.aget(("accounts", ALICE, "orders"), "#W1000001")).value["changes"]) == 1


async def test_a_read_beside_a_waiting_write_is_not_run_again(scripted, store):
    await put_orders(store, ALICE, order())
    talk, _ = scripted(Reply(calls=[call("get_profile", "read"), CANCEL]), "Cancelled.")
    events = await talk.say("Cancel #W1000001 and show my profile")
    assert [event.tool for event in of_type(events, "tool.done")] == ["get_profile"]
    resumed = await talk.run(confirm(of_type(events, "action.proposed")[0]))
    assert [event.tool for event in of_type(resumed, "tool.done")] == ["cancel_pending_order"]


async def test_of_two_proposals_one_can_be_decided_and_the_other_goes_on_waiting(scripted, store):
    await put_orders(store, ALICE, order("#W1000001"), order("#W1000002"))
    other = call("cancel_pending_order", "other", order_id="#W1000002", reason="no longer needed")
    talk, model = scripted(Reply(calls=[CANCEL, other]), "Both are dealt with.")
    first, second = of_type(await talk.say("Cancel #W1000001 and #W1000002"), "action.proposed")
    events = await talk.run(confirm(first))
    assert [event.action for event in of_type(events, "action.proposed")] == [second.action]
    assert len(model.requests) == 1
    events = await talk.run(Decide(decisions={second.action: {"decision": "decline", "digest": second.digest}}))
    assert final_text(events)
    statuses = [
        (await store.aget(("accounts", ALICE, "orders"), key)).value["status"] for key in ("#W1000001", "#W1000002")
    ]
    assert statuses == ["cancelled", "pending"]


async def test_writing_instead_of_deciding_withdraws_the_proposal(scripted, store):
    await put_orders(store, ALICE, order())
    talk, model = scripted(CANCEL, "All right, I leave it as it is.")
    await proposal_of(talk)
    await talk.say("Wait, what else is in it?")
    results = [message for message in model.last if isinstance(message, ToolMessage)]
    assert [result.text for result in results] == [prompts.NOT_CONFIRMED]
    roles = [message.type for message in model.last]
    assert roles == ["system", "human", "ai", "tool", "human"]
    assert not (await talk.state()).interrupts


async def test_a_finished_read_beside_the_withdrawn_proposal_keeps_its_result(scripted, store):
    await put_orders(store, ALICE, order())
    talk, model = scripted(Reply(calls=[call("get_profile", "read"), CANCEL]), "All right.")
    await talk.say("Cancel #W1000001 and show my profile")
    await talk.say("Never mind.")
    results = {message.tool_call_id: message.text for message in model.last if isinstance(message, ToolMessage)}
    assert "alice@example.com" in results["read"]
    assert results["cancel"] == prompts.NOT_CONFIRMED
    assert len([message for message in await talk.messages() if isinstance(message, ToolMessage)]) == 2


async def test_a_waiting_turn_proposes_again_when_it_is_continued(scripted, store):
    await put_orders(store, ALICE, order())
    talk, model = scripted(CANCEL, "never said")
    proposed = await proposal_of(talk)
    assert await talk.run(Continue(text="whatever", message_id=talk.message)) == [proposed]
    assert len(model.requests) == 1


async def test_a_crash_after_the_write_and_before_its_result_is_kept_applies_it_once(scripted, store, monkeypatch):
    await put_orders(store, ALICE, order())
    talk, _ = scripted(CANCEL, "It is cancelled.")
    proposed = await proposal_of(talk)
    batch = type(store).abatch

    async def write_and_die(self, ops):
        ops = list(ops)
        results = await batch(self, ops)
        if any(getattr(op, "value", None) for op in ops):
            raise ProcessLookupError("killed")
        return results

    with monkeypatch.context() as patch:
        patch.setattr(type(store), "abatch", write_and_die)
        with pytest.raises(ProcessLookupError):
            await talk.run(confirm(proposed))
    events = await talk.run(confirm(proposed))
    assert of_type(events, "tool.done")[0].card["order_id"] == "#W1000001"
    assert len((await store.aget(("accounts", ALICE, "orders"), "#W1000001")).value["changes"]) == 1


async def test_a_decision_about_an_action_of_another_turn_is_refused(scripted):
    talk, _ = scripted("Hello.")
    await talk.say("hi")
    with pytest.raises(NoSuchAction):
        await talk.run(Decide(decisions={"another-turn:call_9": {"decision": "confirm", "digest": "x"}}))


async def test_a_refund_above_the_limit_asks_staff_too(scripted, store):
    await put_orders(store, ALICE, order())
    talk, _ = scripted(CANCEL, "Done.", options=AgentOptions(staff_approval_above_cents=1_000))
    proposed = await proposal_of(talk)
    for_staff = of_type(await talk.run(confirm(proposed)), "action.proposed")[0]
    assert for_staff.approver == "staff"
    assert (await store.aget(("accounts", ALICE, "orders"), "#W1000001")).value["status"] == "pending"
