"""The desk: what staff do in a conversation, and that the agent hears of it."""

import uuid

import pytest

from support_site.chat import actions, desk, turns
from support_site.chat.models import Action, Conversation, Message, Turn
from support_site.chat.sentences import HANDED_BACK, HANDED_OFF, STAFF_DECIDES, TAKEN_OVER, Refused
from tests.chat.scripted import RECEIPT, ScriptedAgent, carries_out, proposes, says
from tests.chat.test_accept import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def write(conversation, sam):
    """Write to the customer as sam."""
    return lambda text, **more: desk.answer(conversation, form_id=uuid.uuid4(), text=text, user=more.get("user", sam))


@pytest.fixture
def for_staff(say, answer):
    """A turn that waits for a decision of staff, the customer having agreed."""
    turn = say("Cancel my order")
    answer(turn, ScriptedAgent(proposes(turn)))
    actions.decide(turn.conversation, f"{turn.pk}:call_1", digest="d1", decision="confirm", user=None)
    assert answer(turn, ScriptedAgent(proposes(turn, approver="staff"))) == "waiting"
    return Action.objects.select_related("turn__conversation").get()


def said(conversation, role):
    return list(conversation.messages.filter(role=role).values_list("text", flat=True))


def refusal(call):
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.code


def test_what_staff_write_is_kept_with_their_name(conversation, write, sam):
    assert write("Hello <Alice>")
    message = conversation.messages.get()
    assert (message.role, message.author, message.turn) == ("staff", sam, None)
    assert message.html == "<p>Hello &lt;Alice&gt;</p>"


def test_a_form_that_is_sent_twice_at_once_is_one_message(conversation, sam):
    form = uuid.uuid4()
    results = at_once(lambda: desk.answer(conversation, form_id=form, text="Hello", user=sam), times=10)
    assert sorted(results) == [False] * 9 + [True]
    assert said(conversation, "staff") == ["Hello"]


@pytest.mark.parametrize(("text", "code"), [(" \n", "empty"), ("x" * 8001, "too_long")])
def test_what_cannot_be_sent_is_refused(write, conversation, text, code):
    assert refusal(lambda: write(text)) == code
    assert not conversation.messages.exists()


def test_taking_over_stops_the_running_turn_and_ends_the_queued_one(running, conversation, say, sam):
    _, agent, future = running
    queued = say("And?")
    assert desk.take_over(conversation, user=sam)
    assert future.result(30) == "stopped"
    agent.let_go()
    queued.refresh_from_db()
    assert (queued.status, queued.started_at) == ("done", None)
    assert said(conversation, "system") == [TAKEN_OVER]


def test_taking_over_withdraws_what_waits_for_a_decision(conversation, for_staff, sam):
    desk.take_over(conversation, user=sam)
    for_staff.refresh_from_db()
    assert (for_staff.status, for_staff.turn.status) == ("withdrawn", "done")
    assert refusal(lambda: desk.decide(for_staff, digest="d1", decision="approve", user=sam)) == "already_decided"


def test_taking_over_and_handing_back_many_times_is_told_once(conversation, sam):
    assert sorted(at_once(lambda: desk.take_over(conversation, user=sam), times=8)) == [False] * 7 + [True]
    assert sorted(at_once(lambda: desk.hand_back(conversation), times=8)) == [False] * 7 + [True]
    assert said(conversation, "system") == [TAKEN_OVER, HANDED_BACK]


def test_a_colleague_can_take_over_and_the_customer_is_not_told_again(conversation, sam, rita):
    desk.take_over(conversation, user=sam)
    assert desk.take_over(conversation, user=rita)
    assert Conversation.objects.get().taken_by == rita
    assert said(conversation, "system") == [TAKEN_OVER]


def test_what_the_agent_gave_away_can_be_taken_over(conversation, say, answer, sam):
    from agents.events import HandedOff

    answer(say(), ScriptedAgent([HandedOff(summary="wants a person"), *says("A person comes.")]))
    assert desk.take_over(conversation, user=sam)
    assert said(conversation, "system") == [HANDED_OFF, TAKEN_OVER]


def test_an_agent_that_gives_away_what_was_taken_over_says_nothing_more(conversation, say, beginning, sam, monkeypatch):
    from agents.events import HandedOff
    from support_site.chat import leases
    from tests.chat.scripted import HOLD

    monkeypatch.setattr(leases, "renew", lambda lease: leases.Held.YES)
    agent = ScriptedAgent([HandedOff(summary="wants a person"), *says("A person comes."), HOLD])
    future = beginning(say(), agent)
    assert agent.wait_until_held()
    desk.take_over(conversation, user=sam)
    agent.let_go()
    future.result(30)
    assert said(conversation, "system") == [TAKEN_OVER]


def test_the_agent_is_silent_while_a_person_answers_and_answers_after_that(conversation, say, sam):
    desk.take_over(conversation, user=sam)
    assert say("Are you there?") is None
    assert not Turn.objects.exists()
    desk.hand_back(conversation)
    turn = say("And now?")
    assert turns.next_turn(conversation.pk) == turn


def test_the_agent_hears_what_was_said_without_it_once_and_in_order(conversation, say, answer, write, sam):
    answer(say("Hi"), ScriptedAgent(says("Hello!")))
    desk.take_over(conversation, user=sam)
    say("Can I keep the mug?")
    write("Yes, you can keep it.")
    desk.hand_back(conversation)
    first, second = ScriptedAgent(says("You can.")), ScriptedAgent(says("Bye."))
    answer(say("So what happens with it?"), first)
    heard = [(each.text, each.by_staff) for each in first.inputs[0].meanwhile]
    assert heard == [("Can I keep the mug?", False), ("Yes, you can keep it.", True)]
    answer(say("Bye"), second)
    assert second.inputs[0].meanwhile == []


def test_what_staff_write_while_the_agent_does_is_heard_the_next_time(running, conversation, write, say, answer):
    _, agent, future = running
    write("I am looking into it too.")
    agent.let_go()
    assert future.result(30) == "done"
    following = ScriptedAgent(says("Yes."))
    answer(say("And?"), following)
    assert [each.text for each in following.inputs[0].meanwhile] == ["I am looking into it too."]


def test_a_message_that_was_queued_when_a_person_took_over_is_heard(running, conversation, say, answer, sam):
    _, agent, future = running
    say("I meant the blue one")
    desk.take_over(conversation, user=sam)
    agent.let_go()
    future.result(30)
    desk.hand_back(conversation)
    following = ScriptedAgent(says("The blue one."))
    answer(say("Well?"), following)
    assert [each.text for each in following.inputs[0].meanwhile] == ["I meant the blue one"]


def test_a_message_that_waits_for_its_turn_is_not_heard_before(running, say, expire, answer):
    """Else its own turn could not be answered: the thread would have gone on since."""
    turn, _, _ = running
    say("And the mug?")
    expire(turn)
    again = ScriptedAgent(says("Done."))
    assert answer(turn, again) == "done"
    assert again.inputs[0].meanwhile == []


def test_a_turn_cannot_be_tried_again_once_a_person_has_answered(conversation, say, answer, write):
    turn = say("Hi")
    answer(turn, ScriptedAgent([RuntimeError("broken")]))
    write("I can help.")
    assert refusal(lambda: turns.retry(conversation, turn.pk)) == "too_late"


def test_when_the_customer_agreed_is_kept_while_staff_decide(for_staff):
    assert (for_staff.status, for_staff.decided_at) == ("proposed", None)
    assert for_staff.confirmed_at is not None


def test_an_approval_is_carried_out_once_however_often_it_is_clicked(for_staff, answer, sam):
    results = at_once(lambda: desk.decide(for_staff, digest="d1", decision="approve", user=sam), times=20)
    assert [result.turn is not None for result in results].count(True) == 1
    assert [result.is_new for result in results].count(True) == 1
    agent = ScriptedAgent([*carries_out(), *says("Approved.")])
    assert answer(for_staff.turn, agent) == "done"
    assert agent.inputs[0].decisions[for_staff.pk] == {"decision": "approve", "digest": "d1", "reason": ""}
    action = Action.objects.get()
    assert (action.status, action.decided_by, action.receipt) == ("applied", sam, RECEIPT)


def test_approve_and_decline_at_once_are_one_of_the_two(for_staff, sam):
    choices = iter(["approve", "decline"] * 6)
    results = at_once(
        lambda: desk.decide(for_staff, digest="d1", decision=next(choices), user=sam, reason="no"), times=12
    )
    assert [error.code for error in results if isinstance(error, Refused)] == ["already_decided"] * 6
    assert [not isinstance(result, Refused) and result.is_new for result in results].count(True) == 1


def test_a_decline_needs_a_reason_and_the_agent_passes_it_on(for_staff, answer, sam):
    assert refusal(lambda: desk.decide(for_staff, digest="d1", decision="decline", user=sam, reason=" ")) == (
        "needs_reason"
    )
    assert Action.objects.get().status == "proposed"
    decided = desk.decide(for_staff, digest="d1", decision="decline", user=sam, reason="Worn.")
    agent = ScriptedAgent([*carries_out(card=None), *says("Declined.")])
    answer(decided.turn, agent)
    assert agent.inputs[0].decisions[for_staff.pk]["reason"] == "Worn."
    assert Action.objects.get().status == "declined"


def test_only_who_has_the_permission_decides(for_staff, rita, alice, sam):
    for user in (rita, alice):
        assert refusal(lambda user=user: desk.decide(for_staff, digest="d1", decision="approve", user=user)) == (
            "needs_staff"
        )
    assert refusal(lambda: desk.decide(for_staff, digest="d0", decision="approve", user=sam)) == "changed"


def test_nobody_approves_what_goes_to_their_own_account(for_staff, alice):
    alice.is_staff = alice.is_superuser = True
    alice.save()
    assert refusal(lambda: desk.decide(for_staff, digest="d1", decision="approve", user=alice)) == "own_account"


def test_staff_do_not_confirm_for_a_customer(say, answer, conversation, sam):
    turn = say()
    answer(turn, ScriptedAgent(proposes(turn)))
    action = Action.objects.select_related("turn__conversation").get()
    assert refusal(lambda: desk.decide(action, digest="d1", decision="approve", user=sam)) == "needs_customer"
    by_hand = {"digest": "d1", "decision": "approve", "user": sam}
    assert refusal(lambda: actions.decide(conversation, action.pk, **by_hand)) == "needs_customer"


def test_a_message_does_not_withdraw_what_waits_for_staff(for_staff, conversation, say, alice, sam):
    following = say("Thank you")
    for_staff.refresh_from_db()
    assert (for_staff.status, following.status) == ("proposed", "queued")
    say("Any news?")
    assert said(conversation, "system") == [STAFF_DECIDES]
    assert turns.next_turn(conversation.pk) is None
    assert turns.accept(conversation, client_id=uuid.uuid4(), text="Hello?", user=alice).status == "queued"
    assert desk.decide(for_staff, digest="d1", decision="approve", user=sam).turn == for_staff.turn


def test_replaced_claims_are_counted_on_the_turn(say, answer):
    from agents.events import MessageDone

    turn = say()
    lies = [MessageDone(message=str(uuid.uuid4()), text="It is on its way.", replaced=["amount", "status"])]
    answer(turn, ScriptedAgent([*lies, *says("Bye.")]))
    turn.refresh_from_db()
    assert turn.replaced_claims == ["amount", "status"]
    assert Message.objects.filter(turn=turn, role="agent").count() == 2
