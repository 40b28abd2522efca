"""What is told in one conversation and known in the next, corrected and forgotten."""

import pytest

from agents.tools.memory import CONTRADICTS, FOR_REVIEW, OFF_RECORD, PAUSED
from tests.offline.conftest import Conversation


def test_a_name_is_known_in_the_next_conversation(chat: Conversation) -> None:
    chat.name = None
    assert "do not know your name" in chat.say("What's my name?").reply
    chat.say("Hi! Remember: my name is Bob")
    chat.messages.clear()
    assert "**Bob**" in chat.say("What's my name?").reply
    assert "Bob" in chat.say("hi").reply


def test_a_name_is_corrected_by_the_key_of_its_note(chat: Conversation) -> None:
    chat.note("K1", "The customer's name is Bob.", "name")
    answer = chat.say("Actually my name is Rob")
    assert answer.calls == [("update_memory", {"key": "K1", "text": "The customer's name is Rob."})]
    assert "**Rob**" in chat.say("what's my name").reply


def test_the_newest_name_counts(chat: Conversation) -> None:
    chat.note("01AAA", "The customer's name is Bob.", "name")
    chat.note("01BBB", "The customer's name is Rob.", "name")
    assert "**Rob**" in chat.say("what's my name").reply


def test_the_order_mentioned_before_is_meant(chat: Conversation) -> None:
    chat.note("K1", "The customer reported a problem with order #12345.", "order_mention")
    answer = chat.say("Any updates on my order?")
    assert answer.calls == [("get_order_details", {"order_id": "#12345"})]
    assert "You mentioned order **#12345** before" in answer.reply
    assert "not on file" in answer.reply


def test_a_remembered_order_on_file_is_told_as_it_is_now(chat: Conversation) -> None:
    chat.note("K1", "The customer asked about order #W1000002.", "order_mention")
    answer = chat.say("Any updates on my order?")
    assert "has been delivered" in answer.reply
    assert "the order you mentioned before" in answer.reply


def test_only_what_fits_is_forgotten(chat: Conversation) -> None:
    chat.note("K1", "The customer likes blue.", "preference")
    chat.note("K2", "The customer lives in Rome.")
    assert chat.say("forget that I like blue").arguments("forget_memory") == {"key": "K1"}
    assert [note["key"] for note in chat.notes] == ["K2"]


def test_several_notes_that_fit_are_asked_about(chat: Conversation) -> None:
    chat.note("K1", "The customer prefers blue shirts.", "preference")
    chat.note("K2", "The customer prefers blue shoes.", "preference")
    assert "Which one" in chat.say("forget that I like blue").reply
    assert chat.say("the second one").arguments("forget_memory") == {"key": "K2"}


def test_what_is_not_noted_is_not_claimed(chat: Conversation) -> None:
    chat.note("K2", "The customer lives in Rome.")
    assert "nothing noted about that" in chat.say("when is my birthday?").reply
    assert "Rome" in chat.say("where do I live?").reply


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (PAUSED, "Memory is paused"),
        (OFF_RECORD, "leaves no memory"),
        (FOR_REVIEW, "could not note"),
        (CONTRADICTS, "look at this first"),
    ],
)
def test_a_note_that_was_refused_is_not_told_as_noted(result: str, told: str) -> None:
    class Refusing(Conversation):
        def save_memory(self, text: str, kind: str = "fact", about: str = "") -> str:
            return result

    reply = Refusing().say("remember that I live in Rome").reply
    assert told in reply
    assert "the customer" not in reply
