"""Sending: kept once, answered in order, and never lost."""

import threading
import uuid

import pytest

from support_site.chat import desk, turns
from support_site.chat.models import Action, Conversation, Message, Turn
from support_site.chat.sentences import Refused
from tests.chat.scripted import ScriptedAgent, proposes, says

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(call, times=50):
    """What ``call`` answers or raises in each of many threads that begin together."""
    from django.db import connection

    results, gate = [], threading.Barrier(times)

    def run():
        gate.wait()
        try:
            results.append(call())
        except Refused as error:
            results.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    return results


def test_the_same_id_sent_fifty_times_at_once_is_one_message_and_one_turn(conversation, alice):
    client_id = uuid.uuid4()
    results = at_once(lambda: turns.accept(conversation, client_id=client_id, text="Hi", user=alice))
    assert sorted(result.status for result in results) == ["accepted"] + ["duplicate"] * 49
    assert len({result.message.pk for result in results}) == len({result.turn.pk for result in results}) == 1
    assert (Message.objects.count(), Turn.objects.count()) == (1, 1)


def test_different_messages_at_once_all_get_a_place_of_their_own(conversation, alice):
    at_once(lambda: turns.accept(conversation, client_id=uuid.uuid4(), text="Hi", user=alice), times=20)
    assert list(conversation.messages.order_by("position").values_list("position", flat=True)) == list(range(1, 21))


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty"), (" \n\t ", "empty"), ("\x00", "empty"), ("x" * 8001, "too_long")]
)
def test_a_text_that_cannot_be_sent_is_refused_and_nothing_is_kept(conversation, alice, text, code):
    with pytest.raises(Refused) as refused:
        turns.accept(conversation, client_id=uuid.uuid4(), text=text, user=alice)
    assert refused.value.code == code
    assert not Message.objects.exists()
    assert not Turn.objects.exists()


def test_eight_thousand_characters_are_kept_whole(conversation, alice):
    accepted = turns.accept(conversation, client_id=uuid.uuid4(), text="é" * 8000, user=alice)
    assert Message.objects.get(pk=accepted.message.pk).text == "é" * 8000


def test_half_a_surrogate_pair_and_nul_do_not_reach_the_database(say):
    turn = say("a\ud800b\x00c")
    assert turn.messages.get().text == "a?bc"


def test_the_first_words_become_the_title(say, conversation):
    say("Where is my order #W2611340?")
    say("Hello?")
    assert Conversation.objects.get(pk=conversation.pk).title == "Where is my order #W2611340?"


def test_messages_that_wait_are_answered_together(say, answer):
    first, second = say("Hi"), say("Where is my order?")
    assert first.pk == second.pk
    agent = ScriptedAgent(says("Hello!"))
    answer(first, agent)
    assert agent.inputs[0].text == "Hi\n\nWhere is my order?"


def test_a_message_while_a_turn_runs_is_queued_behind_it(running, conversation, alice):
    turn, _, _ = running
    accepted = turns.accept(conversation, client_id=uuid.uuid4(), text="And?", user=alice)
    assert accepted.status == "queued"
    assert accepted.turn.pk != turn.pk
    assert turns.next_turn(conversation.pk) is None


def test_a_message_withdraws_the_action_that_waits_for_a_click(conversation, say, answer):
    waiting = say("Cancel my order")
    assert answer(waiting, ScriptedAgent(proposes(waiting))) == "waiting"
    following = say("No, wait")
    waiting.refresh_from_db()
    assert (waiting.status, Action.objects.get().status) == ("done", "withdrawn")
    assert following.status == "queued"
    assert turns.next_turn(conversation.pk) == following
    assert [event.event["type"] for event in waiting.events.all()][-2:] == ["action.decided", "turn.done"]


def test_where_a_person_answers_a_message_is_kept_and_starts_no_turn(conversation, alice):
    Conversation.objects.update(needs_person=True)
    accepted = turns.accept(conversation, client_id=uuid.uuid4(), text="Anybody?", user=alice)
    assert (accepted.turn, accepted.status) == (None, "accepted")
    assert conversation.messages.get().text == "Anybody?"
    assert not Turn.objects.exists()


def test_after_handing_back_the_agent_answers_again(conversation, say):
    Conversation.objects.update(needs_person=True)
    assert say("Anybody?") is None
    desk.hand_back(conversation)
    assert say("Hello?").status == "queued"


def test_a_new_conversation_is_the_empty_one_if_there_is_one(alice, conversation, say):
    assert turns.start_conversation(alice.account) == conversation
    say("Hi")
    assert turns.start_conversation(alice.account) != conversation
