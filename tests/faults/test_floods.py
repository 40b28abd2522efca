"""Neither kind of work starves the other: a customer is answered beside a flood of learning, and what the night has to
do is done beside more slow answers than a worker has threads. Told by what still waits, and not by a clock."""

import json

import pytest
from redis import Redis

from tests.chat.test_embedded import Site
from tests.faults.browser import Browser
from tests.faults.stage import Model
from tests.openai_server import OpenAIServer
from tests.parts import wait_until

pytestmark = pytest.mark.fault

LEARNED, FLOOD = 3.0, 500
#: More than the threads of the one worker.
JAM = 80
AS_ACCOUNT = """
import json
from datetime import timedelta
from uuid import uuid4
from django.utils import timezone
from support_site.accounts.models import User
from support_site.chat import edges, tasks
from support_site.chat.models import Conversation, Message, Turn
user = User.objects.get(email="{name}@example.com")
account = user.account
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
for _ in range({many}):
    talk = Conversation.objects.create(account=account)
    edges.send(talk, user, client_id=uuid4(), text="Tell me a story: middle")
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


@pytest.mark.service
@pytest.mark.xdist_group("service")
def test_a_flood_of_learning_delays_neither_a_customer_nor_other_background_work(service, model, queues):
    who = service.people["jam"]
    page = Browser(service.address(), who["session"], who["conversations"][0])
    page.open()
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


@pytest.mark.service
@pytest.mark.xdist_group("service")
def test_more_slow_answers_than_threads_delay_no_background_work(service, model, queues):
    model.let_go.clear()
    act(service, "jam", JAM_OF_TURNS, JAM)
    try:
        wait_until(lambda: told(service).get("running", 0) >= 64, told="a worker that is full")
        old = act(service, "flood", NIGHTLY)
        [learned] = act(service, "flood", FLOOD_OF_LEARNING, 1)
        wait_until(lambda: is_gone(service, old), told="the sweep")
        is_learned = "select 1 from chat_turn where id = %s and learned_at is not null"
        wait_until(lambda: service.query(is_learned, learned), told="the learning")
        assert told(service)["running"] >= 64
    finally:
        model.let_go.set()
    wait_until(lambda: {"done"} == told(service).keys(), seconds=90, told="all the answers")


def test_in_one_process_neither_starves_the_other(tmp_path):
    """More slow answers than threads and a flood of learning at once: the sweep is done, and then the answers are."""
    model = Model()
    model.learning_seconds = LEARNED
    with OpenAIServer(answer=model) as server:
        real = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "key", "OPENAI_MODEL": "test-model"}
        site = Site(tmp_path / "site", EMBEDDER="lexical", **real)
        for command in (["migrate", "-v0"], ["demo"]):
            assert site.manage(*command).returncode == 0

        def act(what, many=0):
            done = site.manage("shell", "-v0", "-c", script(what, name="alice", many=many))
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout.splitlines()[-1])

        def waiting(queue):
            return len(list((site.folder / "broker" / "queue").glob(f"*.{queue}.msg")))

        site.start()
        try:
            act(JAM_OF_TURNS, 20)
            wait_until(lambda: waiting("turns") >= 4, told=site.log)
            act(FLOOD_OF_LEARNING, 100)
            old = act(NIGHTLY)
            gone = "select 1 from chat_conversation where id = ?"
            wait_until(lambda: not site.query(gone, old.replace("-", "")), told="the sweep")
            assert waiting("turns") >= 4
            model.let_go.set()
            turns = "select count(*) from chat_turn where status = 'done' and model != ''"
            wait_until(lambda: site.query(turns) == [(20,)], told="all the answers")
            assert waiting("learning") > 0, "the flood was over before it was of any harm"
        finally:
            site.stop()
