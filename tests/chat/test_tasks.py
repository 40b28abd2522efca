"""Tasks: what is made after what, with ids only."""

import asyncio
import time
from uuid import uuid4

import pytest
from kombu.exceptions import OperationalError
from langgraph.store.memory import InMemoryStore

from agents.errors import ModelBusy
from agents.namespaces import memories
from agents.offline.model import OfflineChatModel
from support_site.chat import edges, tasks
from support_site.chat.loops import worker_loop
from support_site.chat.models import Turn
from tests.chat.scripted import ScriptedAgent, says

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site(monkeypatch):
    """The site's agent, scripted: set ``.runs``."""
    agent = ScriptedAgent()
    agent.store, agent.model = InMemoryStore(), OfflineChatModel()

    async def site_agent():
        return agent

    monkeypatch.setattr("support_site.chat.agent.site_agent", site_agent)
    monkeypatch.setattr("support_site.chat.learning.site_agent", site_agent)
    return agent


def test_sending_makes_a_task_with_the_turns_id(conversation, alice, no_tasks):
    turn = edges.send(conversation, alice, client_id=uuid4(), text="Hi").turn
    assert no_tasks == [("answer", str(turn.pk))]


def test_after_an_answer_it_is_learned_from_and_the_queued_turn_is_next(say, site, no_tasks):
    turn = say("Hi")
    Turn.objects.update(started_at="2026-01-01T00:00Z")
    queued = say("And?")
    site.runs = [says("Hello")]
    tasks.answer(str(turn.pk))
    assert no_tasks == [("learn", str(turn.pk)), ("answer", str(queued.pk))]


def test_a_failed_turn_is_not_learned_from(say, site, no_tasks):
    turn = say("Hi")
    site.runs = [[ModelBusy("429")]]
    tasks.answer(str(turn.pk))
    assert no_tasks == []


def test_a_task_that_comes_again_does_nothing(say, site, no_tasks):
    turn = say("Hi")
    site.runs = [says("Hello")]
    tasks.answer(str(turn.pk))
    no_tasks.clear()
    tasks.answer(str(turn.pk))
    assert no_tasks == []


def test_learning_keeps_what_the_customer_told_once(say, site, conversation):
    turn = say("Hi! Remember: my name is Bob")
    site.runs = [says("Noted.")]
    tasks.answer(str(turn.pk))
    tasks.learn(str(turn.pk))
    tasks.learn(str(turn.pk))

    async def kept():
        return await site.store.asearch(memories(str(conversation.account_id)))

    found = worker_loop().run(kept())
    assert [("Bob" in item.value["text"], item.value["source"]["turn"]) for item in found] == [(True, str(turn.pk))]
    turn.refresh_from_db()
    assert turn.learned_at


def test_a_turn_that_is_not_over_is_not_learned_from(say, site):
    turn = say("My name is Bob")
    tasks.learn(str(turn.pk))
    turn.refresh_from_db()
    assert turn.learned_at is None


def test_a_broker_that_is_down_loses_no_message(conversation, alice, monkeypatch):
    def down(self, args, **options):
        raise OperationalError("no broker")

    monkeypatch.setattr("celery.app.task.Task.apply_async", down)
    accepted = edges.send(conversation, alice, client_id=uuid4(), text="Hi")
    assert accepted.turn.status == "queued"


def test_a_broker_that_hangs_is_asked_by_one_at_a_time_until_it_answers(monkeypatch):
    asked, fails = [], True

    def hangs(self, args, **options):
        asked.append(args)
        if len(asked) == 2:
            tasks.enqueue(tasks.answer, uuid4())  # another one's, meanwhile
        if fails:
            raise OperationalError("no broker")

    monkeypatch.setattr("celery.app.task.Task.apply_async", hangs)
    monkeypatch.setattr(tasks, "HANGS_SECONDS", 0.0)
    for _ in range(3):
        tasks.enqueue(tasks.answer, uuid4())
    assert len(asked) == 1
    tasks._hanging.until, fails = time.monotonic(), False
    for _ in range(3):
        tasks.enqueue(tasks.answer, uuid4())
    assert len(asked) == 4, "what came while the second was asked is left to recovery"


def test_recovery_makes_the_tasks_again(say, no_tasks):
    turn = say("Hi")
    Turn.objects.update(created_at="2026-01-01T00:00Z")
    tasks.recover_turns()
    assert no_tasks == [("answer", str(turn.pk))]


def test_every_beat_entry_names_a_task_that_exists():
    from support_site.celery import app

    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks


def test_the_worker_loop_is_one_and_runs_beside_the_caller():
    async def where():
        return asyncio.get_running_loop()

    assert worker_loop().run(where()) is worker_loop().run(where())
