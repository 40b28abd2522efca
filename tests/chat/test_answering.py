"""An attempt at a turn: what is kept, what the log tells, and how it ends."""

import logging
import time
import uuid

import pytest
from django.db import OperationalError

from agents.errors import ModelBusy
from agents.events import HandedOff, MessageDone, MessageStarted, Recalled, ToolDone, ToolStarted
from agents.runner import Continue, Drained, Say
from agents.store.errors import StoreUnavailable
from support_site.chat import leases, turns
from support_site.chat.leases import MAX_ATTEMPTS
from support_site.chat.lineage import replies_that_used, used_in
from support_site.chat.log import turn_log
from support_site.chat.loops import worker_loop
from support_site.chat.models import Conversation, Message, Turn
from support_site.chat.recovery import recover
from tests.chat.scripted import ScriptedAgent, says

pytestmark = pytest.mark.django_db(transaction=True)

CARD = {"type": "memory", "title": "Noted", "lines": []}


def events(turn, kind=None):
    told = [event for _, event in turn_log().read(turn.pk)]
    return [event for event in told if event["type"] == kind] if kind else told


def shown(turn):
    """The HTML that a page shows in the end, from the log alone."""
    messages = {}
    for event in events(turn):
        if event["type"] == "message.start":
            messages[event["message"]] = []
        elif event["type"] == "message.delta":
            messages[event["message"]][event["start"] :] = event["blocks"]
        elif event["type"] == "message.done":
            messages[event["message"]] = [event["html"]]
        elif event["type"] == "turn.attempt":
            [messages.pop(message, None) for message in event["discard"]]
    return ["\n".join(blocks) for blocks in messages.values()]


def test_a_turn_ends_with_the_reply_kept_as_it_was_shown(say, answer):
    turn = say()
    assert answer(turn, ScriptedAgent(says("Your order is **on its way**."))) == "done"
    turn.refresh_from_db()
    reply = turn.messages.get(role="agent")
    assert (reply.text, reply.html) == (
        "Your order is **on its way**.",
        "<p>Your order is <strong>on its way</strong>.</p>",
    )
    assert shown(turn) == [reply.html]
    assert (turn.status, turn.model, turn.input_tokens, turn.output_tokens) == ("done", "scripted", 10, 6)
    assert 0 <= turn.first_word_ms < 60_000
    assert not turn.handed_off
    assert turn.last_seq == turn_log().last_seq(turn.pk)
    assert events(turn)[-1] == {"type": "turn.done", "status": "done", "error": None}
    assert [seq for seq, _ in turn_log().read(turn.pk)] == list(range(1, turn.last_seq + 1))


def test_the_agent_is_told_account_conversation_turn_and_message_and_nothing_else(say, answer, alice):
    turn, agent = say("Hi"), ScriptedAgent(says("Hello"))
    answer(turn, agent)
    message = turn.messages.get(role="customer")
    [said] = agent.inputs
    assert (type(said), said.text, said.message_id) == (Say, "Hi", str(message.pk))
    context = agent.contexts[0]
    assert context.account_id == str(alice.account_id)
    assert (context.conversation_id, context.turn_id) == (str(turn.conversation_id), str(turn.pk))


def test_a_fast_model_does_not_become_an_event_for_every_word(say, answer):
    turn = say()
    words = [step for event in says("word " * 400) for step in (event, 0.001)]
    started = time.monotonic()
    answer(turn, ScriptedAgent(words))
    seconds = time.monotonic() - started
    assert len(events(turn, "message.delta")) <= seconds * 20 + 2


def test_the_first_word_is_shown_before_the_second_is_there(say, beginning):
    turn, agent = say(), ScriptedAgent.held("Let")
    future = beginning(turn, agent)
    agent.wait_until_held()
    until = time.monotonic() + 20
    while not events(turn, "message.delta") and time.monotonic() < until:
        time.sleep(0.005)
    assert events(turn, "message.delta")[0]["blocks"] == ["<p>Let</p>"]
    agent.let_go()
    assert future.result(30) == "done"


def test_tools_are_shown_and_their_cards_are_kept_with_the_reply(say, answer):
    turn = say()
    tools = [
        ToolStarted(call="c", tool="remember", label="Making a note"),
        ToolDone(call="c", tool="remember", ok=True, card=CARD),
    ]
    answer(turn, ScriptedAgent([*tools, *says("Noted.")]))
    assert turn.messages.get(role="agent").cards == [CARD]
    assert events(turn, "message.done")[0]["cards"] == [CARD]
    assert [event["type"] for event in events(turn)][1:3] == ["tool.start", "tool.done"]


def test_what_was_recalled_is_kept_and_not_shown(say, answer, bob):
    turn = say()
    answer(
        turn, ScriptedAgent([Recalled(memories=["m1"], orders=["#W1"]), Recalled(memories=["m1", "m2"]), *says("Hi")])
    )
    turn.refresh_from_db()
    assert [used.kind for used in used_in(turn)] == ["memories", "memories", "orders"]
    for kind, key in (("memories", "m1"), ("memories", "m2"), ("orders", "#W1")):
        assert list(replies_that_used(turn.conversation.account_id, kind, key)) == [turn]
        assert not replies_that_used(bob.account_id, kind, key)
    assert not events(turn, "recalled")


def test_a_reply_that_breaks_off_and_begins_anew_is_shown_once(say, answer):
    turn, message = say(), str(uuid.uuid4())
    broken = says("Your or", message=message, done=False)
    answer(
        turn, ScriptedAgent([*broken, MessageStarted(message=message), *says("Your order is here.", message=message)])
    )
    assert turn.messages.get(role="agent").text == "Your order is here."
    assert shown(turn) == ["<p>Your order is here.</p>"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ModelBusy("429"), "model_busy"),
        (StoreUnavailable("down"), "store_unavailable"),
        (ValueError("secret"), "failed"),
    ],
)
def test_a_turn_that_fails_says_so_honestly_and_keeps_what_the_customer_wrote(say, answer, error, code):
    turn = say()
    assert answer(turn, ScriptedAgent([*says("Let me", done=False), error])) == "failed"
    turn.refresh_from_db()
    assert (turn.status, turn.error_code) == ("failed", code)
    last = events(turn)[-1]
    assert (last["status"], last["error"]["code"]) == ("failed", code)
    assert last["error"]["message"].endswith(".")
    assert [message.role for message in turn.messages.all()] == ["customer"]
    assert shown(turn) == []


def test_a_failed_turn_can_be_tried_again_and_goes_on_where_it_was(say, answer, conversation):
    turn = say()
    answer(turn, ScriptedAgent([ModelBusy("429")]))
    turns.retry(conversation, turn.pk)
    agent = ScriptedAgent(says("Here it is."))
    assert answer(turn, agent) == "done"
    assert isinstance(agent.inputs[0], Continue)
    assert turn.messages.get(role="agent").text == "Here it is."
    assert [seq for seq, _ in turn_log().read(turn.pk)] == list(range(1, turn_log().last_seq(turn.pk) + 1))


def test_a_receipt_is_kept_even_if_the_reply_after_it_fails(say, answer, conversation):
    turn = say()
    tools = [ToolStarted(call="c", tool="t", label="l"), ToolDone(call="c", tool="t", ok=True, card=CARD)]
    answer(turn, ScriptedAgent([*tools, ModelBusy("429")]))
    assert turn.messages.get(role="agent").cards == [CARD]
    turns.retry(conversation, turn.pk)
    answer(turn, ScriptedAgent(says("Done.")))
    assert [(message.text, message.cards) for message in turn.messages.filter(role="agent")] == [("Done.", [CARD])]


def test_a_database_that_fails_an_answer_and_is_back_costs_no_lease(say, answer, monkeypatch):
    monkeypatch.setattr("support_site.chat.leases.BACK_SOON_SECONDS", 0.01)
    turn = say("Hello?")
    agent = ScriptedAgent([*says("Half a re", done=False), OperationalError("gone")], says("Here I am."))
    assert answer(turn, agent) == "done"
    assert [message.text for message in turn.messages.filter(role="agent")] == ["Here I am."]
    turn.refresh_from_db()
    assert turn.attempt == 2


def test_what_looks_like_an_outage_for_ever_is_given_up(say, answer, monkeypatch):
    monkeypatch.setattr("support_site.chat.leases.BACK_SOON_SECONDS", 0.01)
    turn = say("Hello?")
    assert answer(turn, ScriptedAgent(*([OperationalError("gone")] for _ in range(MAX_ATTEMPTS)))) is None
    assert recover().to_answer == []
    turn.refresh_from_db()
    assert (turn.status, turn.error_code) == ("failed", "gave_up")


def test_an_answer_that_takes_too_long_is_ended(say, answer, settings):
    settings.TURN_TIMEOUT_SECONDS = 0.2
    turn, agent = say(), ScriptedAgent([*says("Let me", done=False), 30.0])
    started = time.monotonic()
    assert answer(turn, agent) == "failed"
    assert time.monotonic() - started < 5
    turn.refresh_from_db()
    assert turn.error_code == "turn_timed_out"
    assert agent.is_cancelled


def test_an_agent_that_cannot_be_built_fails_the_turn_and_not_the_worker(say):
    from support_site.chat.running import run_turn

    async def find_agent():
        raise StoreUnavailable("Chroma is down")

    turn = say()
    assert worker_loop().run(run_turn(turn.pk, find_agent=find_agent)) == "failed"
    turn.refresh_from_db()
    assert turn.error_code == "store_unavailable"


def test_stop_stops_at_once_and_keeps_what_was_written(running, conversation):
    turn, agent, future = running
    time.sleep(0.1)
    started = time.monotonic()
    turns.stop(conversation, turn.pk)
    assert future.result(30) == "stopped"
    assert time.monotonic() - started < 5
    reply = turn.messages.get(role="agent")
    assert (reply.text.strip(), reply.stopped) == ("Let me look", True)
    assert agent.is_cancelled
    assert agent.partials == [(str(conversation.pk), str(reply.pk), reply.text)]
    assert events(turn)[-1]["status"] == "stopped"


def test_a_stopped_turn_tried_again_is_answered_anew_in_place_of_what_was_cut(running, conversation, answer):
    turn, _, future = running
    turns.stop(conversation, turn.pk)
    future.result(30)
    turns.retry(conversation, turn.pk)
    agent = ScriptedAgent(says("The whole answer."))
    assert answer(turn, agent) == "done"
    assert isinstance(agent.inputs[0], Say)
    assert [message.text for message in turn.messages.filter(role="agent")] == ["The whole answer."]
    assert shown(turn) == ["<p>The whole answer.</p>"]


def test_stopping_before_anything_was_written_keeps_no_message(say, beginning, conversation):
    turn = say()
    agent = ScriptedAgent([30.0])
    future = beginning(turn, agent)
    time.sleep(0.2)
    turns.stop(conversation, turn.pk)
    assert future.result(30) == "stopped"
    assert not turn.messages.filter(role="agent").exists()
    assert agent.partials == [(str(conversation.pk), "", "")]


def test_a_queued_turn_can_be_stopped_before_it_begins(say, conversation, answer):
    turn = say()
    turns.stop(conversation, turn.pk)
    turn.refresh_from_db()
    assert turn.status == "stopped"
    assert answer(turn, ScriptedAgent()) is None


def test_only_the_newest_turn_can_be_tried_again(say, answer, conversation):
    old = say()
    answer(old, ScriptedAgent([ModelBusy("429")]))
    say("Never mind")
    with pytest.raises(turns.Refused) as refused:
        turns.retry(conversation, old.pk)
    assert refused.value.code == "too_late"


def test_a_turn_that_did_not_fail_is_not_tried_again(say, answer, conversation):
    turn = say()
    answer(turn, ScriptedAgent(says("Hi")))
    with pytest.raises(turns.Refused) as refused:
        turns.retry(conversation, turn.pk)
    assert refused.value.code == "not_failed"


def test_a_task_delivered_many_times_is_answered_once(say, beginning):
    turn, agent = say(), ScriptedAgent([0.2, *says("Once.")])
    statuses = [future.result(30) for future in [beginning(turn, agent) for _ in range(10)]]
    assert sorted(statuses, key=str) == [None] * 9 + ["done"]
    assert len(agent.inputs) == 1
    assert turn.messages.filter(role="agent").count() == 1


def test_a_worker_that_lost_its_lease_stops_and_writes_nothing_more(running, expire, answer):
    turn, agent, future = running
    expire(turn)
    second = ScriptedAgent(says("From the second worker."))
    assert answer(turn, second) == "done"
    assert future.result(30) is None
    assert agent.is_cancelled
    assert isinstance(second.inputs[0], Continue)
    assert [message.text for message in turn.messages.filter(role="agent")] == ["From the second worker."]
    assert shown(turn) == ["<p>From the second worker.</p>"]
    assert len(events(turn, "turn.done")) == 1


def test_a_zombie_that_sees_nothing_is_fenced_by_the_log(running, expire, answer, monkeypatch):
    turn, agent, future = running
    monkeypatch.setattr("support_site.chat.leases.renew", lambda lease: leases.Held.YES)
    expire(turn)
    assert answer(turn, ScriptedAgent(says("From the second worker."))) == "done"
    agent.let_go()
    assert future.result(30) is None
    assert [message.text for message in turn.messages.filter(role="agent")] == ["From the second worker."]
    assert shown(turn) == ["<p>From the second worker.</p>"]


def test_a_reply_that_died_with_its_worker_gives_way_and_one_the_thread_knows_stays(say, answer, expire):
    turn = say()
    known, unknown = str(uuid.uuid4()), str(uuid.uuid4())
    first = ScriptedAgent(
        [MessageDone(message=known, text="Let me look."), MessageDone(message=unknown, text="It is"), Drained()]
    )
    assert answer(turn, first) is None
    assert turn.messages.filter(role="agent").count() == 2
    second = ScriptedAgent(says("It is here."), known=[known])
    assert answer(turn, second) == "done"
    assert [message.text for message in turn.messages.filter(role="agent").order_by("position")] == [
        "Let me look.",
        "It is here.",
    ]
    assert shown(turn) == ["<p>Let me look.</p>", "<p>It is here.</p>"]


def test_a_drained_turn_is_handed_over_without_counting_as_an_attempt(say, answer):
    turn = say()
    assert answer(turn, ScriptedAgent([*says("Let me", done=False), Drained()])) is None
    turn.refresh_from_db()
    assert (turn.status, turn.attempt) == ("running", 0)
    assert answer(turn, ScriptedAgent(says("Here."))) == "done"
    assert shown(turn) == ["<p>Here.</p>"]


def test_draining_hands_over_an_answer_that_does_not_come_to_an_end(running):
    from support_site.chat.running import drain

    turn, agent, future = running
    assert worker_loop().run(drain(0.1)) == [turn.pk]
    assert future.result(30) is None
    assert agent.is_draining
    assert leases.lost() == [Turn.objects.get(pk=turn.pk)]


def test_handing_off_calls_a_person_and_silences_the_agent(say, answer, conversation):
    turn = say("I want a person")
    answer(turn, ScriptedAgent([HandedOff(summary="Wants a person."), *says("I have called somebody.")]))
    conversation = Conversation.objects.get(pk=conversation.pk)
    assert conversation.needs_person
    assert [message.role for message in conversation.messages.order_by("position")] == ["customer", "agent", "system"]
    assert events(turn, "handed.off")
    assert Turn.objects.get(pk=turn.pk).handed_off
    assert say("Hello?") is None


def test_what_was_queued_when_a_person_was_called_is_kept_for_the_person(say, running, conversation):
    queued = say("And another thing")
    from support_site.chat.endings import hand_to_person

    hand_to_person(conversation)
    queued.refresh_from_db()
    assert queued.status == "done"
    assert Message.objects.filter(turn=queued, text="And another thing").exists()


def test_what_people_and_the_agent_say_is_never_logged(say, answer, caplog):
    caplog.set_level(logging.DEBUG)
    for steps in (
        says("PRIVATE-REPLY"),
        [ValueError("PRIVATE-ERROR")],
        [*says("PRIVATE-HALF", done=False), ModelBusy("429")],
    ):
        answer(say("PRIVATE-QUESTION"), ScriptedAgent(steps))
    site = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("django.db"))
    assert "turn" in site
    assert "PRIVATE" not in site


def test_an_idle_thread_is_pruned_and_one_that_failed_is_not(say, answer, conversation):
    done, failed = ScriptedAgent(says("Hi")), ScriptedAgent([ModelBusy("429")])
    answer(say(), done)
    answer(say(), failed)
    assert (done.pruned, failed.pruned) == ([str(conversation.pk)], [])
