"""The switch: the agent is silent at once, everywhere, and nobody who writes is left without an answer."""

import uuid

import pytest
from django.test import Client

from support_site.chat import desk, edges, notices, recovery, switch, turns
from support_site.chat.models import Action, AgentSwitch, Conversation, Message, Spending, Turn
from support_site.chat.sentences import AGENT_IS_OFF, Limited, Refused
from tests.chat.scripted import ScriptedAgent, proposes, says

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def turn_off(sam):
    return lambda: switch.flip(is_on=False, reason="It makes up opening hours", by=sam)


@pytest.fixture
def turn_on(sam):
    return lambda: switch.flip(is_on=True, reason="Mended", by=sam)


def send(conversation, user, text="Hi"):
    return edges.send(conversation, user, client_id=uuid.uuid4(), text=text)


def told(conversation):
    return list(conversation.messages.order_by("position").values_list("role", "text"))


def test_the_agent_is_on_until_somebody_turns_it_off(db):
    assert switch.agent_is_on()


def test_a_message_to_an_agent_that_is_off_is_kept_and_calls_a_person(conversation, alice, turn_off, no_tasks):
    turn_off()
    accepted = send(conversation, alice)
    conversation.refresh_from_db()
    assert (accepted.status, accepted.turn, conversation.needs_person) == ("accepted", None, True)
    assert told(conversation) == [("customer", "Hi"), ("system", AGENT_IS_OFF)]
    assert ("answer", str(Turn.objects.get().pk)) not in no_tasks


def test_who_has_used_up_the_day_can_write_to_people_while_it_is_off(conversation, alice, turn_off, settings):
    settings.TOKENS_PER_DAY, settings.TURNS_AT_ONCE = [1, 1], [1, 1]
    with pytest.raises(Limited):
        send(conversation, alice)
    turn_off()
    accepted = send(conversation, alice)
    conversation.refresh_from_db()
    assert (accepted.status, accepted.turn, conversation.needs_person) == ("accepted", None, True)
    assert not Spending.objects.exclude(tokens=0).exists()


def test_the_answer_that_is_being_written_is_stopped(running, turn_off, conversation):
    _, agent, future = running
    turn_off()
    assert future.result(30) == "stopped"
    assert agent.is_cancelled
    conversation.refresh_from_db()
    assert conversation.needs_person


def test_what_waits_for_a_click_or_in_the_queue_ends_and_a_person_is_called(say, answer, turn_off, conversation):
    turn = say()
    assert answer(turn, ScriptedAgent(proposes(turn))) == "waiting"
    Turn.objects.create(conversation=conversation)
    turn_off()
    assert {each.status for each in Turn.objects.all()} == {"done"}
    assert Action.objects.get().status == "withdrawn"
    conversation.refresh_from_db()
    assert conversation.needs_person


def test_a_turn_that_was_queued_just_before_is_not_begun(say, answer, sam, conversation):
    turn = say()
    AgentSwitch.objects.create(is_on=False, reason="At the same moment", by=sam)
    agent = ScriptedAgent(says("Hello"))
    assert answer(turn, agent) is None
    assert agent.inputs == []
    conversation.refresh_from_db()
    assert conversation.needs_person


def test_a_turn_whose_worker_died_is_not_taken_up_again(running, expire, turn_off):
    turn, _, _ = running
    expire(turn)
    turn_off()
    turn.refresh_from_db()
    assert turn.status == "stopped"
    assert recovery.recover().to_answer == []


def test_trying_again_while_it_is_off_calls_a_person(say, answer, turn_off, conversation):
    turn = say()
    answer(turn, ScriptedAgent([ValueError()]))
    turn_off()
    edges.retry(conversation, turn.pk)
    conversation.refresh_from_db()
    assert conversation.needs_person
    with pytest.raises(Refused, match="with_person"):
        turns.retry(conversation, turn.pk)


def test_staff_answer_as_ever(conversation, alice, sam, turn_off):
    turn_off()
    send(conversation, alice)
    assert desk.answer(conversation, form_id=uuid.uuid4(), text="Good evening", user=sam)
    assert Message.objects.filter(role="staff").exists()


def test_switched_on_again_new_conversations_are_answered_and_waiting_ones_wait(
    conversation, alice, answer, turn_off, turn_on
):
    turn_off()
    send(conversation, alice)
    turn_on()
    fresh = Conversation.objects.create(account=alice.account)
    assert answer(send(fresh, alice).turn, ScriptedAgent(says("Hello"))) == "done"
    assert send(conversation, alice).turn is None
    desk.hand_back(conversation)
    assert send(conversation, alice).turn


def test_every_page_says_so_while_it_is_off(turn_off, turn_on):
    assert notices.notices() == []
    turn_off()
    assert [notice["code"] for notice in notices.notices()] == ["agent_off"]
    turn_on()
    assert notices.notices() == []


# --- In the admin


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def test_staff_turn_it_off_in_the_admin_and_it_is_on_record(sam):
    client = signed_in(sam)
    client.post("/admin/chat/agentswitch/add/", {"is_on": "False", "reason": "It makes things up"})
    flipped = AgentSwitch.objects.get()
    assert (flipped.is_on, flipped.by, flipped.reason) == (False, sam, "It makes things up")
    assert not switch.agent_is_on()
    for page in ("/admin/", "/admin/chat/agentswitch/"):
        shown = client.get(page).content.decode()
        assert "It makes things up" in shown
        assert sam.email in shown


def test_a_reason_has_to_be_given(sam):
    page = signed_in(sam).post("/admin/chat/agentswitch/add/", {"is_on": "False", "reason": ""})
    assert "This field is required" in page.content.decode()
    assert switch.agent_is_on()


def test_who_may_only_read_cannot_turn_it(rita):
    client = signed_in(rita)
    assert client.post("/admin/chat/agentswitch/add/", {"is_on": "False", "reason": "No"}).status_code == 403
    assert client.get("/admin/chat/agentswitch/").status_code == 200
    assert switch.agent_is_on()


def test_what_stands_on_record_cannot_be_changed(sam, turn_off):
    row = turn_off()
    client = signed_in(sam)
    assert client.post(f"/admin/chat/agentswitch/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(f"/admin/chat/agentswitch/{row.pk}/change/", {"is_on": "True", "reason": "Never was"})
    row.refresh_from_db()
    assert (row.is_on, row.reason) == (False, "It makes up opening hours")
