"""The turn log in Redis: the same contract, and what happens when Redis forgets or is away."""

import asyncio
import threading
import time
import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest

from support_site.chat.log import Fenced, LogLost, LogUnreachable
from support_site.chat.shared_hub import SharedHub
from support_site.chat.stream_log import RedisTurnLog
from support_site.chat.tailing import follow
from tests.chat.test_turn_log import TurnLogContract
from tests.parts import Redis, wait_until

#: The log needs no database, but the threads it is read on look after the connections that other tests left them.
pytestmark = [pytest.mark.service, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis")).start().wait()
    yield redis
    redis.stop()


@pytest.fixture
def hub(redis):
    return SharedHub(redis.url)


@pytest.fixture
def log(redis, hub):
    return RedisTurnLog(redis.url, hub)


@pytest.fixture
def turn():
    return SimpleNamespace(pk=uuid.uuid4())


other_turn = turn


async def next_event(news, seconds=20):
    """What the next news brings."""
    await asyncio.wait_for(news.wait(), seconds)
    return news.take()


class TestRedisTurnLog(TurnLogContract):
    def test_a_log_is_gone_some_time_after_its_last_event(self, redis, hub, turn):
        log = RedisTurnLog(redis.url, hub, keep=timedelta(seconds=1))
        log.append(turn.pk, 1, {"type": "a"})
        wait_until(lambda: log.last_seq(turn.pk) == 0, 5)
        assert log.read(turn.pk) == []

    def test_whoever_writes_on_after_the_log_was_lost_is_told_and_writes_nothing(self, log, turn):
        with pytest.raises(LogLost):
            log.append(turn.pk, 41, {"type": "a"})
        assert log.read(turn.pk) == []

    def test_a_lost_log_begins_anew_above_what_anybody_has_seen(self, log, turn):
        log.begin_anew(turn.pk, 1001, {"type": "a"}, {"type": "b"})
        assert [seq for seq, _ in log.read(turn.pk, 40)] == [1001, 1002]
        log.append(turn.pk, 1003, {"type": "c"})
        assert log.last_seq(turn.pk) == 1003

    def test_of_two_who_begin_anew_one_wins(self, log, turn):
        log.begin_anew(turn.pk, 1001, {"by": "first"})
        with pytest.raises(Fenced):
            log.begin_anew(turn.pk, 1001, {"by": "second"})
        assert [event["by"] for _, event in log.read(turn.pk)] == ["first"]

    def test_a_writer_from_before_the_loss_is_fenced_by_the_log_that_was_begun_anew(self, log, turn):
        log.begin_anew(turn.pk, 1001, {"by": "successor"})
        with pytest.raises(Fenced):
            log.append(turn.pk, 41, {"by": "zombie"})

    def test_what_is_appended_is_brought_to_those_who_watch_in_this_and_other_processes(self, redis, log, turn):
        async def watch():
            elsewhere = RedisTurnLog(redis.url, SharedHub(redis.url))
            with log.watch(turn.pk) as here, elsewhere.watch(turn.pk) as there:
                assert [await next_event(here), await next_event(there)] == [[], []], "subscribed"
                await asyncio.to_thread(log.append, turn.pk, 1, {"type": "ä\n"}, {"type": "b"})
                told = [(1, {"type": "ä\n"}), (2, {"type": "b"})]
                assert [await next_event(here), await next_event(there)] == [told, told]

        asyncio.run(watch())


async def test_a_wake_up_reaches_every_process(redis, hub, turn):
    with hub.watch(("turn", turn.pk)) as news:
        await next_event(news)
        threading.Thread(target=SharedHub(redis.url).wake, args=(("turn", turn.pk),)).start()
        assert await next_event(news) == []


async def test_whoever_watches_beside_another_is_told_that_they_are_heard_too(hub, turn):
    with hub.watch(("turn", turn.pk)) as first:
        await next_event(first)
        with hub.watch(("turn", turn.pk)) as second:
            assert await next_event(second, 0.1) == []
            assert not first.is_set()


async def test_nothing_is_left_of_those_who_watch_no_more(hub, redis, turn):
    with hub.watch(("turn", turn.pk)) as news:
        await next_event(news)
    assert len(hub) == 0
    await asyncio.to_thread(wait_until, lambda: hub._redis.publish(f"turn.{turn.pk}", b"") == 0, 5)


class TestRedisAway:
    """With a Redis of its own, which is killed."""

    @pytest.fixture
    def redis(self, tmp_path):
        redis = Redis(tmp_path).start().wait()
        yield redis
        redis.stop()

    def test_a_log_that_cannot_be_reached_is_like_a_database_that_cannot(self, redis, log, turn):
        redis.stop()
        for call in (lambda: log.append(turn.pk, 1, {}), lambda: log.read(turn.pk), lambda: log.last_seq(turn.pk)):
            with pytest.raises(LogUnreachable):
                call()

    def test_who_follows_goes_on_when_redis_is_back(self, redis, log, turn):
        log.append(turn.pk, 1, {"type": "a"})

        async def collect():
            got = []
            async for seq, _ in follow(log, turn.pk):
                got.append(seq)
                if seq == 1:
                    await asyncio.to_thread(come_back_empty)
            return got

        def come_back_empty():
            redis.stop()
            redis.start().wait()
            log.begin_anew(turn.pk, 1001, {"type": "b"}, {"type": "turn.done", "status": "done"})

        started = time.monotonic()
        assert asyncio.run(asyncio.wait_for(collect(), 10)) == [1, 1001, 1002]
        assert time.monotonic() - started < 5, "heard of it, and did not only look"
