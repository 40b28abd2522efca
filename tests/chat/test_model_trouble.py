"""What goes wrong with a model, from the HTTP answer to what the customer is shown: the whole way but the browser."""

import asyncio
import uuid
from contextlib import suppress

import pytest
from django.utils import timezone
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore

from agents.checkpoints import strict_serializer
from agents.errors import (
    BrokenReply,
    ModelBusy,
    ModelError,
    ModelMisconfigured,
    ModelQuotaSpent,
    ModelRefused,
    ModelUnavailable,
)
from agents.options import AgentOptions
from support_site.chat import edges, shapes, turns
from support_site.chat.agent import SiteAgent, fallback_model, site_model
from support_site.chat.answering import Answer
from support_site.chat.learning import learn_from
from support_site.chat.log import turn_log
from support_site.chat.loops import worker_loop
from support_site.chat.models import Message, Spending, Turn
from support_site.chat.running import run_turn
from support_site.chat.sentences import SENTENCES
from support_site.threads import in_thread
from tests.chat.sockets import Socket, session_of
from tests.openai_server import OpenAIServer, Reply, Trouble, calls, fails, says
from tests.parts import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ANSWER = "Good evening, and welcome back."
AT_ONCE = {"retry-after-ms": "1"}


@pytest.fixture
def server():
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def agent(server, settings, monkeypatch):
    """The agent that the settings make, with a model of the test server's."""
    settings.OFFLINE_MODEL, settings.OPENAI_BASE_URL, settings.OPENAI_MODEL = False, server.url, "test-model"
    settings.MODEL_TIMEOUT_SECONDS = 0.3
    options = AgentOptions(model_backoff=0.01)
    monkeypatch.setattr("support_site.chat.agent._options", lambda: options)
    models = []

    def make():
        models.extend([site_model(), fallback_model()])
        saver = InMemorySaver(serde=strict_serializer())
        return SiteAgent(model=models[-2], fallback=models[-1], store=InMemoryStore(), checkpointer=saver)

    yield make
    for model in filter(None, models):
        worker_loop().run(model.root_async_client.close())


def shown(turn):
    """What a page that followed the log holds in the end: (text of the reply, error of the turn)."""
    blocks, text, error = [], "", None
    for _, event in turn_log().read(turn.pk):
        if event["type"] in ("turn.attempt", "message.start"):
            blocks = []
        elif event["type"] == "message.delta":
            blocks[event["start"] :] = event["blocks"]
        elif event["type"] == "message.done":
            text = event["text"]
        elif event["type"] == "turn.done":
            error = event["error"]
    return text, error


def broken(kind, after=3):
    return says(ANSWER, trouble=Trouble(kind=kind, after=after))


@pytest.mark.parametrize(
    "trouble",
    [
        [fails(429, headers=AT_ONCE)] * 2,
        [fails(500, headers=AT_ONCE), fails(503, headers=AT_ONCE)],
        [broken("cut")],
        [broken("end"), broken("cut", after=5)],
        [broken("garbage")],
        [broken("shape")],
        [broken("error")],
        [broken("stall")],
    ],
    ids=["rate limit", "5xx", "cut", "cut twice", "garbage", "shape", "error event", "silence"],
)
def test_what_passes_is_tried_again_and_the_reply_stands_there_once(server, agent, say, answer, trouble):
    server.will(*trouble, says(ANSWER))
    turn = say()
    assert answer(turn, agent()) == "done"
    assert [message.text for message in turn.messages.filter(role=Message.Role.AGENT)] == [ANSWER]
    assert shown(turn) == (ANSWER, None)
    assert len(server.exchanges) == len(trouble) + 1


@pytest.mark.parametrize(
    ("trouble", "error", "requests"),
    [
        (fails(429, headers=AT_ONCE), ModelBusy, 3),
        (fails(502, headers=AT_ONCE), ModelUnavailable, 3),
        (broken("cut"), BrokenReply, 3),
        (fails(429, code="insufficient_quota", headers=AT_ONCE), ModelQuotaSpent, None),
        (fails(401, "Incorrect API key provided: sk-secret."), ModelMisconfigured, 1),
        (Reply(refusal="I cannot help with that."), ModelRefused, 1),
        (says("I", finish="content_filter"), ModelRefused, 1),
    ],
    ids=["rate limit", "5xx", "cut", "quota", "key", "refusal", "content filter"],
)
def test_what_stays_fails_the_turn_with_an_honest_sentence_and_can_be_tried_again(
    server, agent, say, answer, conversation, trouble, error, requests
):
    server.answers(lambda exchange: trouble)
    turn, asked = say(), agent()
    assert answer(turn, asked) == "failed"
    assert requests in (None, len(server.exchanges))
    assert shown(turn)[1] == {"code": error.code, "message": error.sentence}
    snapshot = shapes.snapshot(conversation)
    assert snapshot["turns"][-1]["error"] == {"code": error.code, "message": error.sentence}
    assert not turn.messages.filter(role=Message.Role.AGENT).exists()

    server.answers(lambda exchange: says(ANSWER))
    turns.retry(conversation, turn.pk)
    assert answer(turn, asked) == "done"
    assert shown(turn) == (ANSWER, None)


def test_a_turn_that_takes_too_long_ends_honestly_and_lets_go_of_the_model(server, agent, say, answer, settings):
    settings.TURN_TIMEOUT_SECONDS, settings.MODEL_TIMEOUT_SECONDS = 0.5, 20
    server.will(broken("stall"))
    turn = say()
    assert answer(turn, agent()) == "failed"
    assert shown(turn)[1] == {"code": "turn_timed_out", "message": SENTENCES["turn_timed_out"]}
    server.wait_until(lambda: server.disconnects == 1)


def test_stop_closes_the_stream_within_a_chunk_and_keeps_what_was_written(
    server, agent, say, answer, beginning, conversation, settings, monkeypatch
):
    settings.MODEL_TIMEOUT_SECONDS = 20
    heard, interrupt = [], Answer.interrupt

    def note(attempt, end):
        heard.append((server.exchanges[0].sent, end.status))
        interrupt(attempt, end)

    monkeypatch.setattr(Answer, "interrupt", note)
    server.will(says("word " * 300, between=0.05))
    turn, asked = say(), agent()
    future = beginning(turn, asked)
    wait_until(lambda: any(event["type"] == "message.delta" for _, event in turn_log().read(turn.pk)), told="a word")
    turns.stop(conversation, turn.pk)
    assert future.result(20) == "stopped"
    server.wait_until(lambda: server.disconnects == 1)
    [(at_stop, status)] = heard
    assert status == "stopped"
    assert server.exchanges[0].sent <= at_stop + 1
    reply = turn.messages.get(role=Message.Role.AGENT)
    assert (reply.stopped, set(reply.text.split())) == (True, {"word"})

    server.answers(lambda exchange: says(ANSWER))
    following = say("And now?")
    assert answer(following, asked) == "done"
    assert shown(following) == (ANSWER, None)
    assert [message["content"].strip() for message in server.exchanges[1].body["messages"][2:]] == [
        reply.text.strip(),
        "And now?",
    ]


def test_the_customer_is_told_when_the_provider_wants_to_be_asked_again(server, agent, say, answer):
    server.answers(lambda exchange: fails(429, headers=AT_ONCE | {"retry-after": "290"}))
    turn = say()
    assert answer(turn, agent()) == "failed"
    told = ModelBusy.sentence.replace("in a minute", "in 5 minutes")
    turn.refresh_from_db()
    assert shown(turn)[1]["message"] == shapes.turn_shape(turn)["error"]["message"] == told
    turn.try_again_at = timezone.now()
    assert shapes.turn_shape(turn)["error"]["message"] == ModelBusy.sentence


def test_where_the_model_cannot_answer_the_fallback_does_at_once(server, agent, say, answer, settings):
    settings.OPENAI_FALLBACK_MODEL = "spare-model"
    ill = fails(429, headers={"retry-after": "30"})
    server.answers(lambda exchange: ill if exchange.body["model"] == "test-model" else says(ANSWER))
    turn = say()
    assert answer(turn, agent()) == "done"
    assert shown(turn) == (ANSWER, None)
    assert [exchange.body["model"] for exchange in server.exchanges] == ["test-model", "spare-model"]


def test_a_fallback_may_live_elsewhere(settings):
    settings.OFFLINE_MODEL, settings.OPENAI_API_KEY, settings.OPENAI_FALLBACK_MODEL = False, "one", "spare-model"
    settings.OPENAI_FALLBACK_BASE_URL, settings.OPENAI_FALLBACK_API_KEY = "http://localhost:9/v1", "another"
    model = fallback_model()
    assert (model.openai_api_base, model.openai_api_key.get_secret_value()) == ("http://localhost:9/v1", "another")


async def test_one_message_sent_fifty_times_over_five_sockets_is_one_answer_paid_once(
    server, agent, conversation, alice, no_tasks
):
    server.answers(lambda exchange: says(ANSWER))
    session = await in_thread(session_of)(alice)
    sockets = [Socket(conversation, session) for _ in range(5)]
    for socket in sockets:
        await socket.connect()
        await socket.hello()
    client_id = str(uuid.uuid4())
    sendings = [socket.say("message.send", id=client_id, text="Where is it?") for socket in sockets for _ in range(10)]
    await asyncio.gather(*sendings)
    answers = [await socket.until("ack") for socket in sockets for _ in range(10)]
    assert sorted(each["status"] for each in answers) == ["accepted"] + ["duplicate"] * 49

    turn = await in_thread(Turn.objects.get)()
    made = await in_thread(agent)()

    async def find_agent():
        return made

    tries = [asyncio.to_thread(worker_loop().run, run_turn(turn.pk, find_agent=find_agent)) for _ in range(5)]
    assert sorted(map(str, await asyncio.gather(*tries))) == ["None"] * 4 + ["done"]
    assert len(server.exchanges) == 1
    assert await in_thread(Message.objects.count)() == 2
    for socket in sockets:
        await socket.disconnect()


def test_after_too_many_dead_workers_the_turn_fails_honestly_and_trying_again_works(
    server, agent, say, answer, conversation, expire
):
    from support_site.chat.recovery import recover

    turn = say()
    Turn.objects.filter(pk=turn.pk).update(status="running", attempt=3)
    expire(turn)
    recover()
    assert shown(turn)[1] == {"code": "gave_up", "message": SENTENCES["gave_up"]}
    edges.retry(conversation, turn.pk)
    server.answers(lambda exchange: says(ANSWER))
    assert answer(turn, agent()) == "done"
    assert shown(turn) == (ANSWER, None)


def test_what_is_used_to_learn_from_a_turn_is_booked_too(server, agent, say, answer, alice, monkeypatch):
    server.will(says(ANSWER), calls(("Extraction", {"memories": []})))
    turn, asked = say(), agent()
    answer(turn, asked)
    before = Spending.objects.get(account=alice.account).tokens

    async def find_agent():
        return asked

    monkeypatch.setattr("support_site.chat.learning.site_agent", find_agent)
    with suppress(ModelError):  # what was read was paid for, whatever came of it
        worker_loop().run(learn_from(turn.pk))
    assert len(server.exchanges) == 2
    assert Spending.objects.get(account=alice.account).tokens > before > 0
