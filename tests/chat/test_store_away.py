"""The store is down: the customer is answered all the same, told what cannot be done, and told when it can again."""

import pytest
from django.core.cache import cache
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore

from agents.checkpoints import strict_serializer
from agents.offline.model import OfflineChatModel
from agents.store.errors import StoreUnavailable
from support_site.chat import notices, tasks
from support_site.chat.agent import SiteAgent
from support_site.chat.models import Message
from support_site.threads import in_thread
from tests.chat.sockets import Socket, session_of

pytestmark = pytest.mark.django_db(transaction=True)


class Store(InMemoryStore):
    """A store that can be away."""

    is_away = True

    async def abatch(self, ops):
        if self.is_away:
            raise StoreUnavailable("Chroma does not answer. Try again later.")
        return await super().abatch(ops)


@pytest.fixture
def store():
    cache.delete(notices.STORE_DOWN)
    yield Store()
    cache.delete(notices.STORE_DOWN)


@pytest.fixture
def agent(store):
    saver = InMemorySaver(serde=strict_serializer())
    return SiteAgent(model=OfflineChatModel(word_delay=0), store=store, checkpointer=saver)


def codes():
    return [notice["code"] for notice in notices.notices()]


def test_who_asks_for_an_order_is_told_that_it_cannot_be_looked_up_now(say, answer, agent):
    turn = say("Where is my order #W2611340?")
    assert answer(turn, agent) == "done"
    reply = turn.messages.get(role=Message.Role.AGENT)
    assert "at the moment" in reply.text
    assert codes() == ["store_down"]


def test_the_notice_goes_when_somebody_has_seen_the_store_again(say, answer, agent, store, monkeypatch):
    answer(say(), agent)
    monkeypatch.setattr("support_site.memory.stores.store_answers", lambda: not store.is_away)
    tasks.look_after_store()
    assert codes() == ["store_down"]
    store.is_away = False
    tasks.look_after_store()
    assert codes() == []


def test_nobody_looks_for_a_store_that_nobody_missed(db, monkeypatch):
    monkeypatch.setattr("support_site.memory.stores.store_answers", lambda: pytest.fail("looked"))
    tasks.look_after_store()


def test_with_the_cache_down_there_is_no_notice_and_no_harm(say, answer, agent, settings):
    redis = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": redis, "LOCATION": "redis://127.0.0.1:9/0"}}
    assert answer(say(), agent) == "done"
    assert codes() == []


async def test_every_open_page_shows_and_drops_the_notice(conversation, alice, store):
    socket = Socket(conversation, await in_thread(session_of)(alice))
    await socket.connect()
    await socket.say("hello", cursors={})
    assert (await socket.until("ready"))["notices"] == []
    await in_thread(notices.store_went_down)()
    assert [notice["code"] for notice in (await socket.until("notices"))["notices"]] == ["store_down"]
    await in_thread(notices.store_is_back)()
    assert (await socket.until("notices"))["notices"] == []
    await socket.disconnect()
