"""A conversation of alice's, and what it takes to answer in it without a model."""

import time
import uuid

import pytest

from support_site.chat import turns
from support_site.chat.hub import hub
from support_site.chat.loops import worker_loop
from support_site.chat.models import Conversation, Turn
from tests.chat.scripted import ScriptedAgent
from tests.chat.sockets import Socket, session_of


@pytest.fixture(autouse=True)
def no_tasks(no_tasks):
    """Nothing here is enqueued for real."""
    return no_tasks


@pytest.fixture(autouse=True)
def nobody_is_left_watching():
    yield
    assert len(hub) == 0, "a test left something watching"


@pytest.fixture
def conversation(alice):
    return Conversation.objects.create(account=alice.account)


@pytest.fixture
def say(conversation, alice):
    """Write in alice's conversation: the turn."""

    def say(text="Where is my order?"):
        accepted = turns.accept(conversation, client_id=uuid.uuid4(), text=text, user=alice)
        return accepted.turn

    return say


@pytest.fixture
def answer():
    """Run a turn on the worker loop with a scripted agent: the status it has then."""
    from support_site.chat.running import run_turn

    def answer(turn, agent):
        async def find_agent():
            return agent

        return worker_loop().run(run_turn(turn.pk, find_agent=find_agent))

    return answer


@pytest.fixture
def beginning():
    """The same without waiting for the end: a future."""
    import asyncio

    from support_site.chat.running import run_turn

    def begin(turn, agent):
        async def find_agent():
            return agent

        return asyncio.run_coroutine_threadsafe(run_turn(turn.pk, find_agent=find_agent), worker_loop().loop)

    return begin


def wait_until_written(turn):
    """Return when an attempt that holds still has nothing left to write."""
    from support_site.chat.log import turn_log

    seen, quiet_since = 0, time.monotonic()
    while seen == 0 or time.monotonic() - quiet_since < 0.2:
        last_seq = turn_log().last_seq(turn.pk)
        if last_seq != seen:
            seen, quiet_since = last_seq, time.monotonic()
        time.sleep(0.02)


@pytest.fixture
def running(say, beginning):
    """A turn that is being answered and goes on until it is let go: (turn, agent, future)."""
    agent = ScriptedAgent.held()
    turn = say()
    future = beginning(turn, agent)
    assert agent.wait_until_held()
    wait_until_written(turn)
    yield turn, agent, future
    agent.let_go()
    future.result(30)


@pytest.fixture
def expire():
    """Let the lease of a turn run out, as if its worker had long been dead."""
    from datetime import timedelta

    from django.utils import timezone

    def expire(turn):
        Turn.objects.filter(pk=turn.pk).update(lease_until=timezone.now() - timedelta(seconds=1), lease_owner="dead")

    return expire


@pytest.fixture
def alices_session(alice):
    return session_of(alice)


@pytest.fixture
async def open_socket(conversation, alices_session):
    """An open socket of alice's; closed after the test."""
    opened = []

    async def open_socket(where=None, session=alices_session, **options):
        socket = Socket(where or conversation, session, **options)
        opened.append(socket)
        assert await socket.connect()
        return socket

    yield open_socket
    for socket in opened:
        if not socket.future.done():
            await socket.disconnect()
