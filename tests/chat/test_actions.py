"""Actions: one decision, of the right person, about exactly what was shown."""

import pytest

from support_site.chat import actions, turns
from support_site.chat.models import Action, Conversation, Turn
from support_site.chat.sentences import Refused
from tests.chat.conftest import wait_until_written
from tests.chat.scripted import RECEIPT, ScriptedAgent, carries_out, proposes, says
from tests.chat.test_accept import at_once
from tests.chat.test_answering import events

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting(say, answer):
    """A turn that waits for the customer's click."""
    turn = say("Cancel my order")
    assert answer(turn, ScriptedAgent([*says("Shall I?"), *proposes(turn)])) == "waiting"
    turn.refresh_from_db()
    return turn


@pytest.fixture
def decide(conversation, alice):
    def decide(turn, decision="confirm", *, digest="d1", call="call_1", user=alice, where=None):
        return actions.decide(where or conversation, f"{turn.pk}:{call}", digest=digest, decision=decision, user=user)

    return decide


def code_of(call):
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.code


def test_a_proposal_waits_with_its_preview_for_the_click(waiting):
    action = Action.objects.get()
    assert (waiting.status, action.status, action.preview["amount"]) == ("waiting", "proposed", "12.00")
    proposed = events(waiting, "action.proposed")[0]
    assert (proposed["digest"], proposed["approver"]) == ("d1", "customer")
    assert "arguments" not in proposed
    assert events(waiting)[-1] == {"type": "turn.done", "status": "waiting", "error": None}


def test_a_confirmed_action_is_carried_out_and_its_receipt_kept(waiting, decide, answer):
    assert decide(waiting).turn == waiting
    agent = ScriptedAgent([*carries_out(), *says("Done.")])
    assert answer(waiting, agent) == "done"
    assert agent.inputs[0].decisions == {f"{waiting.pk}:call_1": {"decision": "confirm", "digest": "d1", "reason": ""}}
    action = Action.objects.get()
    assert (action.status, action.receipt) == ("applied", RECEIPT)
    assert [event["status"] for event in events(waiting, "action.decided")] == ["confirmed", "applied"]
    assert waiting.messages.filter(role="agent").last().cards == [RECEIPT]


def test_a_declined_action_changes_nothing(waiting, decide, answer):
    decide(waiting, "decline")
    assert answer(waiting, ScriptedAgent([*carries_out(card=None), *says("All right.")])) == "done"
    assert Action.objects.get().status == "declined"


def test_an_action_that_was_confirmed_and_is_refused_by_the_rules_says_so(waiting, decide, answer):
    decide(waiting)
    answer(waiting, ScriptedAgent([*carries_out(card=None, ok=False), *says("That is not possible any more.")]))
    assert Action.objects.get().status == "refused"


def test_fifty_clicks_at_once_are_one_decision_and_one_run(waiting, decide, alice):
    results = at_once(lambda: decide(waiting))
    assert [result.turn for result in results].count(None) == 49
    assert Action.objects.get().decided_by == alice


def test_confirm_and_decline_at_once_are_one_of_the_two(waiting, decide):
    choices = iter(["confirm", "decline"] * 10)
    results = at_once(lambda: decide(waiting, next(choices)), times=20)
    refused = [result for result in results if isinstance(result, Refused)]
    assert [error.code for error in refused] == ["already_decided"] * 10
    assert sum(not isinstance(result, Refused) and result.turn is not None for result in results) == 1


def test_a_click_on_what_is_not_proposed_any_more_is_refused(waiting, decide):
    assert code_of(lambda: decide(waiting, digest="d0")) == "changed"
    assert Action.objects.get().status == "proposed"


def test_an_action_of_another_account_does_not_exist(waiting, decide, bob):
    foreign = Conversation.objects.create(account=bob.account)
    assert code_of(lambda: decide(waiting, where=foreign, user=bob)) == "not_found"
    assert code_of(lambda: decide(waiting, call="call_9")) == "not_found"


def test_what_staff_must_approve_a_customer_cannot(say, answer, decide, sam):
    turn = say()
    answer(turn, ScriptedAgent(proposes(turn, approver="staff")))
    assert code_of(lambda: decide(turn)) == "needs_staff"
    decide(turn, "approve", user=sam)
    agent = ScriptedAgent([*carries_out(), *says("Done.")])
    answer(turn, agent)
    assert agent.inputs[0].decisions[f"{turn.pk}:call_1"]["decision"] == "approve"


def test_after_the_customer_staff_are_asked_about_the_same_action(waiting, decide, answer, sam):
    decide(waiting)
    assert answer(waiting, ScriptedAgent(proposes(waiting, approver="staff"))) == "waiting"
    action = Action.objects.get()
    assert (action.status, action.approver, action.decided_by) == ("proposed", "staff", None)
    assert decide(waiting, "approve", user=sam).turn


def test_records_that_changed_meanwhile_are_proposed_anew(waiting, decide, answer):
    decide(waiting)
    assert answer(waiting, ScriptedAgent(proposes(waiting, digest="d2"))) == "waiting"
    action = Action.objects.get()
    assert (action.status, action.digest) == ("proposed", "d2")
    assert code_of(lambda: decide(waiting, digest="d1")) == "changed"
    assert decide(waiting, digest="d2").turn


def test_of_two_actions_the_second_still_waits_when_the_first_is_decided(say, answer, decide):
    turn = say()
    answer(turn, ScriptedAgent([*proposes(turn, "call_1"), *proposes(turn, "call_2")]))
    decide(turn)
    assert answer(turn, ScriptedAgent([*carries_out("call_1"), *proposes(turn, "call_2")])) == "waiting"
    assert sorted(Action.objects.values_list("status", flat=True)) == ["applied", "proposed"]


def test_a_click_that_comes_while_the_turn_runs_is_not_lost(say, answer, decide):
    turn = say()
    answer(turn, ScriptedAgent([*proposes(turn, "call_1"), *proposes(turn, "call_2")]))
    decide(turn)
    Turn.objects.filter(pk=turn.pk).update(status="running")
    assert decide(turn, call="call_2").turn is None
    agent = ScriptedAgent(
        [*carries_out("call_1"), *proposes(turn, "call_2")], [*carries_out("call_2"), *says("Both done.")]
    )
    agent.runs[0] = [*carries_out("call_1"), *carries_out("call_2"), *says("Both done.")]
    assert answer(turn, agent) == "done"
    assert list(Action.objects.values_list("status", flat=True)) == ["applied", "applied"]


def test_a_decision_that_comes_before_the_turn_has_paused_is_carried_out_without_a_pause(say, beginning, decide):
    from tests.chat.scripted import HOLD

    turn = say()
    agent = ScriptedAgent([*proposes(turn), HOLD], [*carries_out(), *says("Done.")])
    future = beginning(turn, agent)
    assert agent.wait_until_held()
    assert decide(turn).turn is None
    agent.let_go()
    assert future.result(30) == "done"
    assert Action.objects.get().status == "applied"


def test_a_decision_survives_the_worker_that_was_to_carry_it_out(waiting, decide, beginning, answer, expire):
    decide(waiting)
    first = ScriptedAgent.held()
    future = beginning(waiting, first)
    first.wait_until_held()
    wait_until_written(waiting)
    expire(waiting)
    second = ScriptedAgent([*carries_out(), *says("Done.")])
    assert answer(waiting, second) == "done"
    assert list(second.inputs[0].decisions) == [f"{waiting.pk}:call_1"]
    assert future.result(30) is None


def test_stopping_a_turn_that_waits_withdraws_what_it_proposed(waiting, conversation, decide):
    turns.stop(conversation, waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.status, Action.objects.get().status) == ("stopped", "withdrawn")
    assert code_of(lambda: decide(waiting)) == "already_decided"


def test_a_stop_on_the_way_to_waiting_ends_the_turn(say, beginning, conversation, monkeypatch):
    from tests.chat.scripted import HOLD

    monkeypatch.setattr(
        "support_site.chat.leases.renew", lambda lease: __import__("support_site.chat.leases").chat.leases.Held.YES
    )
    turn = say()
    agent = ScriptedAgent([*proposes(turn), HOLD])
    future = beginning(turn, agent)
    agent.wait_until_held()
    turns.stop(conversation, turn.pk)
    agent.let_go()
    assert future.result(30) == "stopped"
    assert Action.objects.get().status == "withdrawn"
