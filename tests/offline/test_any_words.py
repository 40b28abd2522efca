"""Whatever a customer writes, there is an answer, and no change without all that it needs."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.offline import extract
from agents.offline.intents import INTENTS
from agents.offline.skills import SKILLS
from agents.offline.wishes import wishes
from tests.offline.conftest import TOOLS, Conversation
from tests.offline.table import CALLS, TALK

SAID = [said for said, *_ in [*TALK, *CALLS]]
PARTS = st.sampled_from([word for said in SAID for word in said.split()] + ["#W2611340", "order", "12", "yes", "no"])
TEXTS = st.one_of(st.text(max_size=200), st.lists(PARTS, max_size=15).map(" ".join), st.sampled_from(SAID))
ARGUMENTS = {tool.name: tool.tool_call_schema.model_json_schema() for tool in TOOLS}


@given(st.lists(TEXTS, min_size=1, max_size=5))
@settings(max_examples=80, deadline=None)
def test_every_conversation_is_answered_with_valid_calls_or_words(said: list[str]) -> None:
    chat = Conversation(decision="decline")
    for text in said:
        answer = chat.say(text)
        assert answer.reply.strip()
        for tool, arguments in answer.calls:
            assert set(ARGUMENTS[tool].get("required", [])) <= set(arguments)
            assert set(arguments) <= set(ARGUMENTS[tool]["properties"])
            assert all(value for name, value in arguments.items() if name != "address2"), json.dumps(arguments)


@given(st.lists(TEXTS, max_size=4))
@settings(max_examples=80, deadline=None)
def test_extraction_takes_any_text(said: list[str]) -> None:
    for draft in extract(said):
        assert draft.text
        assert len(draft.text) <= 300
        assert "\n" not in draft.text


def test_every_intent_has_a_skill_and_every_skill_an_intent() -> None:
    unmatched = {"yes", "no", "unclear", "foreign"}
    assert {intent.name for intent in INTENTS} | unmatched == set(SKILLS)


def test_a_message_is_read_once_however_often_it_is_seen() -> None:
    wishes.cache_clear()
    chat = Conversation()
    for _ in range(5):
        chat.say("list my orders")
    assert wishes.cache_info().misses == 1
