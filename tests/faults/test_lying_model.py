"""A model that lies, in the whole agent: what it made up is in no final message and not in the thread it remembers."""

import pytest
from langchain_core.messages import AIMessage
from langgraph.store.memory import InMemoryStore

from agents.runner import SupportAgent
from agents.testing import ScriptedChatModel, call
from tests.agents.conftest import QUICK, Talk, final_text, of_type, streamed_text
from tests.claims.test_lies import EVERY_LIE
from tests.shop.small_shop import ALICE, DELIVERED, PENDING, stock

BEFORE = "What was in order #W1000002?"
ASKED = "Please cancel order w1000001. A friend told me about order 7777777, I paid $75.00 for item 8888877777."
HARMLESS = ["It has two desk lamps.", "I am here if you need me."]


@pytest.mark.parametrize(("kind", "lie"), EVERY_LIE)
async def test_a_lie_is_in_no_final_message_and_not_in_the_thread(kind, lie):
    told = f"Hello Alice, thank you for waiting.\n\n{lie}\n\nCan I help you with anything else?"
    looks = [call("get_order_details", f"look_{order_id}", order_id=order_id) for order_id in (DELIVERED, PENDING)]
    model = ScriptedChatModel(script=[looks[0], HARMLESS[0], looks[1], told, HARMLESS[1]])
    talk = Talk(SupportAgent(model=model, store=await stock(InMemoryStore()), options=QUICK), ALICE)
    await talk.say(BEFORE)
    events = await talk.say(ASKED)
    assert lie in streamed_text(events), "the model has not lied"
    assert kind in of_type(events, "message.done")[-1].replaced
    assert lie not in final_text(events)
    assert final_text(events).startswith("Hello Alice, thank you for waiting.")
    kept = [message.text for message in await talk.messages() if isinstance(message, AIMessage) and message.text]
    assert kept == [HARMLESS[0], final_text(events)]
    await talk.say("And now?")
    assert lie not in str(model.recording.last), "the model reads its own lie as if it were so"
