"""Neither kind of work starves the other: a customer is answered beside a flood of learning, and what the night has to
do is done beside more slow answers than a worker has threads. Told by what still waits, and not by a clock."""

import re

import pytest
from redis import Redis

from tests.faults.service import COMMANDS
from tests.parts import wait_until

pytestmark = [pytest.mark.fault, pytest.mark.service]

LEARNED, FLOOD = 3.0, 500
#: The threads of the one worker, and more turns than that.
THREADS = int(re.search(r"--concurrency (\d+)", COMMANDS["worker"]).group(1))
JAM = THREADS + 24
AS_ACCOUNT = """
import json
from datetime import timedelta
from uuid import uuid4
from django.utils import timezone
from support_site.accounts.models import User
from support_site.chat import tasks
from support_site.chat.models import Conversation, Message, Turn
account = User.objects.get(email="{name}@example.com").account
now = timezone.now()
"""
#: Turns of one conversation that nobody has learned from yet, and a task for each.
FLOOD_OF_LEARNING = """
talk = Conversation.objects.create(account=account)
over = {{"status": "done", "started_at": now, "finished_at": now}}
turns = Turn.objects.bulk_create(Turn(conversation=talk, **over) for _ in range({many}))
Message.objects.bulk_create(
    Message(conversation=talk, turn=turn, role="customer", text="I like lamps.", position=place, client_id=uuid4())
    for place, turn in enumerate(turns, 1)
)
for turn in turns:
    tasks.enqueue(tasks.learn, turn.pk)
print(json.dumps([str(turn.pk) for turn in turns]))
"""
JAM_OF_TURNS = """
talks = Conversation.objects.bulk_create(Conversation(account=account) for _ in range({many}))
turns = Turn.objects.bulk_create(Turn(conversation=talk) for talk in talks)
said = {{"role": "customer", "text": "Tell me a story: middle", "position": 1}}
Message.objects.bulk_create(
    Message(conversation=turn.conversation, turn=turn, client_id=uuid4(), **said) for turn in turns
)
for turn in turns:
    tasks.enqueue(tasks.answer, turn.pk)
print(json.dumps(0))
"""
#: A conversation that the nightly sweep removes, and its task.
NIGHTLY = """
from support_site.privacy.tasks import sweep
old = Conversation.objects.create(account=account)
Conversation.objects.filter(pk=old.pk).update(updated_at=now - timedelta(days=5000))
sweep.apply_async()
print(json.dumps(str(old.pk)))
"""


def script(what, *, name, many=0):
    return (AS_ACCOUNT + what).format(name=name, many=many)


def act(service, name, what, many=0):
    return service.tell(script(what, name=name, many=many))


def is_gone(service, conversation):
    return not service.query("select 1 from chat_conversation where id = %s", conversation)


def told(service):
    """{status: how many turns} of the customer in the jam."""
    counted = (
        "select status, count(*) from chat_turn join chat_conversation c on c.id = conversation_id"
        " join accounts_user u using (account_id) where u.email = 'jam@example.com' group by 1"
    )
    return dict(service.query(counted))


@pytest.fixture
def queues(service):
    """How many tasks wait, by queue; afterwards none does."""
    redis = Redis.from_url(service.redis.url)
    yield redis.llen
    redis.delete("learning", "background")
    redis.close()


def test_a_flood_of_learning_delays_neither_a_customer_nor_other_background_work(service, model, queues):
    page = service.new_page("jam").open()
    page.until_status(page.ask("Is anybody there?"), "done")
    model.learning_seconds, flood = LEARNED, []
    try:
        flood = act(service, "flood", FLOOD_OF_LEARNING, FLOOD)
        wait_until(lambda: 0 < queues("learning") < FLOOD, told="learning has begun")
        old = act(service, "flood", NIGHTLY)
        page.until_status(page.ask("And now?"), "done")
        wait_until(lambda: is_gone(service, old), told="the sweep")
        assert queues("learning") > FLOOD / 2, "the flood was over before it was of any harm"
    finally:
        model.learning_seconds = 0.0
        service.query("update chat_turn set learned_at = now() where id = any(%s) returning 1", flood)
    page.close()


def test_more_slow_answers_than_threads_delay_no_background_work(service, model, queues):
    model.let_go.clear()
    model.stories = 0
    act(service, "jam", JAM_OF_TURNS, JAM)
    try:
        wait_until(lambda: told(service).get("running", 0) >= THREADS, seconds=90, told="a worker that is full")
        old = act(service, "flood", NIGHTLY)
        [learned] = act(service, "flood", FLOOD_OF_LEARNING, 1)
        wait_until(lambda: is_gone(service, old), told="the sweep")
        is_learned = "select 1 from chat_turn where id = %s and learned_at is not null"
        wait_until(lambda: service.query(is_learned, learned), told="the learning")
        wait_until(lambda: model.stories >= 200, seconds=90, told="answers that are begun, and wait in the middle")
        assert told(service)["running"] >= THREADS
    finally:
        model.let_go.set()
    wait_until(lambda: {"done"} == told(service).keys(), seconds=90, told="all the answers")
