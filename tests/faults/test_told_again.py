"""A result whose telling was lost with the process is told when the turn goes on: its receipt is not forgotten."""

import pytest
from langgraph.store.memory import InMemoryStore

from agents.errors import ModelError
from agents.runner import Continue, Decide, SupportAgent
from agents.testing import Reply, ScriptedChatModel, call
from tests.agents.conftest import QUICK, Talk, of_type
from tests.shop.small_shop import ALICE, PENDING, stock


@pytest.mark.parametrize("with_the_decision", [True, False])
async def test_a_turn_that_goes_on_after_its_tool_tells_the_receipt_again(with_the_decision):
    cancel = call("cancel_pending_order", order_id=PENDING, reason="no longer needed")
    model = ScriptedChatModel(script=[cancel, Reply(error=ModelError("no answer")), "I have cancelled it."])
    talk = Talk(SupportAgent(model=model, store=await stock(InMemoryStore()), options=QUICK), ALICE)
    proposed = of_type(await talk.say("Cancel it"), "action.proposed")[0]
    decide = Decide(decisions={proposed.action: {"decision": "confirm", "digest": proposed.digest}})
    with pytest.raises(ModelError):  # the write is done, and whoever listened is gone before the reply
        await talk.run(decide)
    events = await talk.run(decide if with_the_decision else Continue(text="Cancel it", message_id=talk.message))
    [result] = of_type(events, "tool.done")
    assert result.card["title"] == f"Order {PENDING} is cancelled"
    assert [done.text for done in of_type(events, "message.done")] == ["I have cancelled it."]
