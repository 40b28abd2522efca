"""Redis loses the logs of turns, or is away: no message and no reply is lost, and pages come to show what is kept."""

import pytest

from agents.runner import Continue
from support_site.chat import shapes
from support_site.chat.log import turn_log
from support_site.chat.models import Action, Turn
from support_site.chat.retelling import LEFT_OUT, repair_log, retell_waiting
from support_site.chat.shared_hub import SharedHub
from tests.chat.conftest import wait_until_written
from tests.chat.scripted import HOLD, RECEIPT, ScriptedAgent, carries_out, proposes, says
from tests.chat.test_actions import decide  # noqa: F401  a fixture
from tests.chat.test_answering import events, shown
from tests.parts import Redis

pytestmark = [pytest.mark.service, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def redis(tmp_path, settings, monkeypatch):
    """The site's log is in a Redis of the test's own."""
    redis = Redis(tmp_path).start().wait()
    settings.REDIS_URL = redis.url
    monkeypatch.setattr("support_site.chat.log.hub", SharedHub(redis.url))
    turn_log.cache_clear()
    yield redis
    turn_log.cache_clear()
    redis.stop()


def lose_everything(redis):
    redis.stop()
    redis.start().wait()


def numbers(turn):
    return [seq for seq, _ in turn_log().read(turn.pk)]


@pytest.fixture
def waiting(redis, say, answer):
    """A turn that waits for the customer's click."""
    turn = say("Cancel my order")
    assert answer(turn, ScriptedAgent([*says("Shall I?"), *proposes(turn)])) == "waiting"
    turn.refresh_from_db()
    return turn


def test_a_log_lost_in_mid_answer_is_begun_anew_and_the_reply_written_again(redis, say, beginning):
    turn = say()
    agent = ScriptedAgent([*says("Let me", done=False), HOLD, *says("lost")], says("Here it is."))
    future = beginning(turn, agent)
    assert agent.wait_until_held()
    wait_until_written(turn)
    seen = turn_log().last_seq(turn.pk)
    lose_everything(redis)
    agent.let_go()
    assert future.result(30) == "done"
    turn.refresh_from_db()
    assert [type(said) for said in agent.inputs][1:] == [Continue]
    assert [reply.text for reply in turn.messages.filter(role="agent")][-1] == "Here it is."
    assert shown(turn) == [reply.html for reply in turn.messages.filter(role="agent")]
    assert numbers(turn) == list(range(numbers(turn)[0], turn.last_seq + 1))
    assert numbers(turn)[0] >= LEFT_OUT > seen
    assert len(events(turn, "turn.done")) == 1


def test_a_turn_whose_worker_and_log_are_both_lost_goes_on_above_what_pages_have_seen(redis, say, answer, expire):
    turn = say()
    turn_log().append(turn.pk, 1, *({"type": "turn.started", "attempt": 1} for _ in range(40)))
    Turn.objects.filter(pk=turn.pk).update(status="running", attempt=1, started_at=turn.created_at)
    expire(turn)
    lose_everything(redis)
    assert answer(turn, ScriptedAgent(says("Here it is."))) == "done"
    assert numbers(turn)[0] > 40


def test_a_first_attempt_is_numbered_from_one(redis, say, answer):
    turn = say()
    assert answer(turn, ScriptedAgent(says("Hello"))) == "done"
    assert numbers(turn)[0] == 1


def test_a_lost_log_of_a_turn_that_waits_shows_its_card_again(redis, waiting, conversation):
    lose_everything(redis)
    [state] = shapes.turn_states(conversation, [waiting.pk])
    assert state.is_lost
    retell_waiting(waiting.pk)
    [state] = shapes.turn_states(conversation, [waiting.pk])
    assert not state.is_lost
    assert [event["type"] for event in events(waiting)] == [
        "turn.started", "message.start", "message.done", "action.proposed", "turn.done",
    ]  # fmt: skip
    assert events(waiting, "action.proposed")[0]["digest"] == "d1"
    assert events(waiting)[-1]["status"] == "waiting"


def test_two_pages_that_come_back_tell_it_once(redis, waiting):
    lose_everything(redis)
    retell_waiting(waiting.pk)
    told = numbers(waiting)
    retell_waiting(waiting.pk)
    assert numbers(waiting) == told


@pytest.mark.parametrize("is_told_before", [True, False])
def test_a_click_after_the_loss_is_carried_out_once(redis, waiting, decide, answer, is_told_before):  # noqa: F811
    lose_everything(redis)
    if is_told_before:
        retell_waiting(waiting.pk)
    decide(waiting)
    agent = ScriptedAgent([*carries_out(), *says("Done.")])
    assert answer(waiting, agent) == "done"
    assert len(agent.inputs) == 1
    assert [event["status"] for event in events(waiting, "action.decided")][-1] == "applied"
    assert waiting.messages.filter(role="agent").last().cards == [RECEIPT]


def test_a_receipt_that_no_reply_has_taken_with_it_goes_with_the_next_one(redis, waiting, decide, answer):  # noqa: F811
    decide(waiting)
    Action.objects.update(status="applied", receipt=RECEIPT, carried_out_at=waiting.created_at)
    lose_everything(redis)
    assert answer(waiting, ScriptedAgent(says("Done."))) == "done"
    assert waiting.messages.filter(role="agent").last().cards == [RECEIPT]


def test_the_end_of_a_turn_is_told_when_redis_is_back(redis, say, beginning):
    turn, agent = say(), ScriptedAgent.held()
    future = beginning(turn, agent)
    assert agent.wait_until_held()
    wait_until_written(turn)
    turn.refresh_from_db()
    agent.let_go()
    assert future.result(30) == "done"
    lose_everything(redis)
    turn.refresh_from_db()
    assert repair_log(turn)
    assert events(turn)[-1] == {"type": "turn.done", "status": "done", "error": None}
    assert shown(turn) == [reply.html for reply in turn.messages.filter(role="agent")]
    turn.refresh_from_db()
    assert not repair_log(turn)


class TestRedisIsAway:
    @pytest.fixture(autouse=True)
    def away(self, waiting, redis):
        redis.stop()

    def test_a_message_is_kept_and_the_waiting_turn_gives_way(self, waiting, say):
        turn = say("Never mind")
        waiting.refresh_from_db()
        assert (waiting.status, turn.status) == ("done", "queued")

    def test_a_turn_is_not_begun_and_no_attempt_is_counted(self, waiting, say, answer):
        turn = say("Never mind")
        assert answer(turn, ScriptedAgent(says("Hello"))) is None
        turn.refresh_from_db()
        assert (turn.status, turn.attempt, turn.lease_owner) == ("running", 0, "")

    def test_what_was_withdrawn_meanwhile_is_told_when_redis_is_back(self, waiting, say, redis):
        say("Never mind")
        redis.start().wait()
        waiting.refresh_from_db()
        assert repair_log(waiting)
        assert [event["status"] for event in events(waiting, "action.decided")] == ["withdrawn"]
