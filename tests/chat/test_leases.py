"""Leases: one worker a turn, and a dead one is noticed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from support_site.chat import leases, turns
from support_site.chat.leases import Held
from support_site.chat.models import Conversation, Turn
from support_site.chat.recovery import recover
from tests.chat.scripted import ScriptedAgent, proposes, says
from tests.chat.test_accept import at_once
from tests.chat.test_answering import events

pytestmark = pytest.mark.django_db(transaction=True)


def ago(seconds):
    return timezone.now() - timedelta(seconds=seconds)


def aged(turn, seconds=60, **fields):
    Turn.objects.filter(pk=turn.pk).update(created_at=ago(seconds), **fields)


def test_of_many_workers_one_claims_the_turn(say):
    turn = say()
    claimed = [lease for lease in at_once(lambda: leases.claim(turn.pk), times=20) if lease]
    assert len(claimed) == 1
    assert (claimed[0].turn.status, claimed[0].turn.attempt) == ("running", 1)


def test_a_turn_is_not_claimed_while_another_of_its_conversation_is_active(say, running):
    assert leases.claim(say("Next").pk) is None


def test_a_turn_that_is_over_or_unknown_is_not_claimed(say, answer, conversation):
    turn = say()
    answer(turn, ScriptedAgent(says("Hi")))
    assert leases.claim(turn.pk) is None
    assert leases.claim(conversation.pk) is None


def test_a_lease_that_ran_out_can_be_claimed_and_its_first_owner_hears_of_it(say):
    turn = say()
    first = leases.claim(turn.pk)
    assert leases.claim(turn.pk) is None
    Turn.objects.filter(pk=turn.pk).update(lease_until=ago(1))
    second = leases.claim(turn.pk)
    assert second.turn.attempt == 2
    assert (leases.renew(first), leases.renew(second)) == (Held.LOST, Held.YES)


def test_renewing_prolongs_a_lease_that_nears_its_end(say):
    lease = leases.claim(say().pk)
    Turn.objects.update(lease_until=timezone.now() + timedelta(seconds=3))
    assert leases.renew(lease) is Held.YES
    assert Turn.objects.get().lease_until > timezone.now() + timedelta(seconds=12)


def test_the_owner_hears_that_the_customer_wants_to_stop(say, conversation):
    turn = say()
    lease = leases.claim(turn.pk)
    turns.stop(conversation, turn.pk)
    assert leases.renew(lease) is Held.STOP


def test_turns_of_dead_workers_and_lost_tasks_are_found(say, alice, expire):
    abandoned = say()
    leases.claim(abandoned.pk)
    expire(abandoned)
    other = Conversation.objects.create(account=alice.account)
    forgotten, fresh = (Turn.objects.create(conversation=other) for _ in range(2))
    aged(forgotten)
    assert {turn.pk for turn in leases.lost()} == {abandoned.pk, forgotten.pk}
    assert fresh.pk not in {turn.pk for turn in leases.lost()}


def test_a_turn_that_is_worked_on_or_waits_for_a_person_is_left_alone(say, answer, running, alice):
    other = Conversation.objects.create(account=alice.account)
    waiting = Turn.objects.create(conversation=other)
    answer(waiting, ScriptedAgent(proposes(waiting)))
    aged(running[0])
    aged(waiting)
    aged(say("Queued behind the running one"))
    assert leases.lost() == []


def test_a_turn_of_a_conversation_with_a_person_is_left_alone(say, conversation):
    aged(say())
    Conversation.objects.filter(pk=conversation.pk).update(needs_person=True)
    assert leases.lost() == []
    assert leases.claim(Turn.objects.get().pk) is None


def test_recovery_has_an_abandoned_turn_answered_again(say, expire):
    turn = say()
    leases.claim(turn.pk)
    expire(turn)
    assert recover().to_answer == [turn.pk]


def test_a_turn_that_was_begun_too_often_fails_with_a_sentence_and_can_be_tried_again(
    say, expire, conversation, answer
):
    turn = say()
    for _ in range(leases.MAX_ATTEMPTS):
        assert leases.claim(turn.pk)
        expire(turn)
    assert recover().to_answer == []
    turn.refresh_from_db()
    assert (turn.status, turn.error_code) == ("failed", "gave_up")
    assert "several attempts" in events(turn)[-1]["error"]["message"]
    turns.retry(conversation, turn.pk)
    assert answer(turn, ScriptedAgent(says("Now it works."))) == "done"


def test_a_log_that_ends_too_early_is_closed_once(say, answer):
    turn = say()
    answer(turn, ScriptedAgent(says("Hi")))
    turn.events.order_by("seq").last().delete()
    recover()
    recover()
    assert [event["status"] for event in events(turn, "turn.done")] == ["done"]


def test_a_turn_nobody_has_learned_from_is_found_for_a_day(say, answer):
    turn = say()
    answer(turn, ScriptedAgent(says("Hi")))
    assert recover().to_learn == []
    Turn.objects.update(finished_at=ago(120))
    assert recover().to_learn == [turn.pk]
    assert recover().to_learn == [], "each try may cost a call of the model, so the next one waits"
    Turn.objects.update(learn_again_at=ago(1))
    assert recover().to_learn == [turn.pk]
    Turn.objects.update(learned_at=timezone.now(), learn_again_at=None)
    assert recover().to_learn == []
    Turn.objects.update(learned_at=None, finished_at=ago(90_000))
    assert recover().to_learn == []


def test_a_site_that_begins_frees_what_its_last_process_held(say):
    turn = say()
    leases.claim(turn.pk)
    assert leases.release_all() == 1
    assert leases.claim(turn.pk)
