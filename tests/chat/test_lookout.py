"""What is looked at for all sockets of a process: slow readers, sessions that end, signals that were lost."""

import asyncio
from contextlib import ExitStack, suppress
from uuid import UUID

import pytest

from support_site.chat import lookout as looking
from support_site.chat.frames import BadFrame, Frame
from support_site.chat.hub import hub
from support_site.chat.inbox import ENDINGS, MOST_FRAMES_WAITING, MOST_SIGNALS_WAITING, SIGNALS_LOST, Full, Inbox
from support_site.chat.lookout import HEARING, Lookout
from support_site.chat.outbox import Outbox

STUCK = 0.05


async def never(frame):
    await asyncio.sleep(60)


class Visitor:
    """Somebody to look after; ``ended`` gets the code."""

    def __init__(self, session_key=None, user_id=None):
        self.session_key, self.user_id = session_key, user_id
        self.inbox, self.outbox = Inbox(), Outbox(never, seconds=STUCK)
        self.ended = asyncio.get_running_loop().create_future()

    def end(self, code):
        if not self.ended.done():
            self.ended.set_result(code)


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr(looking, "SEND_SECONDS", STUCK)
    monkeypatch.setattr(looking, "LAYER_SECONDS", 0)


@pytest.fixture
async def lookout():
    lookout = Lookout()
    yield lookout
    await asyncio.sleep(0)
    assert lookout._looking is None, "it goes on with nobody to look after"


async def test_a_reader_that_does_not_read_is_closed_and_nobody_else(lookout):
    slow, other = Visitor(), Visitor()
    with lookout.over(slow), lookout.over(other):
        stuck = asyncio.create_task(slow.outbox.put({"type": "pong"}))
        assert await asyncio.wait_for(slow.ended, 10) == 4408
        assert not other.ended.done()
        stuck.cancel()


async def test_a_frame_that_is_given_up_is_not_a_slow_reader():
    outbox = Outbox(never, seconds=STUCK)
    with suppress(TimeoutError):
        await asyncio.wait_for(outbox.put({"type": "pong"}), 0.01)
    await asyncio.sleep(2 * STUCK)
    assert not outbox.is_stuck


async def test_everybody_is_told_anew_when_redis_was_away_and_nobody_when_it_is_heard_for_the_first_time(lookout):
    visitors = [Visitor(), Visitor()]
    with ExitStack() as stack:
        for visitor in visitors:
            stack.enter_context(lookout.over(visitor))
        await asyncio.sleep(0.01)
        hub.wake_here(HEARING)
        await asyncio.sleep(0.01)
        for visitor in visitors:
            visitor.inbox.put(Frame("ping", {"t": 1}))
        hub.wake_here(HEARING)
        heard = [[await asyncio.wait_for(visitor.inbox.get(), 10) for _ in range(2)] for visitor in visitors]
        assert [[frame.type for frame in frames] for frames in heard] == 2 * [["ping", "signals.lost"]]


@pytest.mark.django_db(transaction=True)
async def test_while_the_database_is_away_nobody_is_signed_out(lookout, monkeypatch, caplog):
    from django.db import OperationalError

    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def away(key):
        loop.call_soon_threadsafe(asked.set)
        raise OperationalError

    monkeypatch.setattr(looking, "CHECK_SESSIONS_SECONDS", 0.01)
    monkeypatch.setattr(looking, "signed_in", away)
    visitor = Visitor()
    with lookout.over(visitor):
        for _ in range(2):
            asked.clear()
            await asyncio.wait_for(asked.wait(), 10)
        assert not visitor.ended.done()
    assert "sessions are not checked" in caplog.text


@pytest.mark.django_db(transaction=True)
async def test_a_lookout_that_fails_closes_its_sockets_so_that_the_pages_come_back(lookout, monkeypatch, caplog):
    def broken(key):
        raise ValueError

    monkeypatch.setattr(looking, "CHECK_SESSIONS_SECONDS", 0.01)
    monkeypatch.setattr(looking, "signed_in", broken)
    visitor, another = Visitor(), Visitor()
    with lookout.over(visitor):
        assert await asyncio.wait_for(visitor.ended, 10) == 1011
        assert "the lookout failed: ValueError" in caplog.text
        monkeypatch.setattr(looking, "signed_in", lambda key: None)
        await asyncio.sleep(0)
        with lookout.over(another):
            assert await asyncio.wait_for(another.ended, 10) == 4401


async def test_an_inbox_keeps_the_order_and_takes_the_same_signal_once():
    inbox = Inbox()
    bad = BadFrame()
    for _ in range(2):
        inbox.put(bad)
        inbox.tell(SIGNALS_LOST)
    assert [await inbox.get() for _ in range(3)] == [bad, SIGNALS_LOST, bad]
    waiting = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.tell(SIGNALS_LOST)
    assert await waiting == SIGNALS_LOST


async def test_an_inbox_that_is_full_refuses_frames_and_takes_signals():
    inbox = Inbox()
    for _ in range(MOST_FRAMES_WAITING):
        inbox.put(Frame("ping", {"t": 1}))
    with pytest.raises(Full):
        inbox.put(Frame("ping", {"t": 1}))
    inbox.tell(SIGNALS_LOST)
    told = [await inbox.get() for _ in range(MOST_FRAMES_WAITING + 1)]
    assert told[-1] == SIGNALS_LOST


async def test_too_many_signals_become_one_that_has_all_read_anew_and_no_ending_is_lost():
    inbox = Inbox()
    for number in range(10 * MOST_SIGNALS_WAITING):
        if number == MOST_SIGNALS_WAITING:
            inbox.put(Frame("ping", {"t": 1}))
            inbox.tell(Frame("session.revoked", {}))
        inbox.tell(Frame("message.kept", {"message": UUID(int=number)}))
        inbox.tell(Frame("turn.changed", {"turn": UUID(int=number)}))
        assert len(inbox._waiting) <= MOST_SIGNALS_WAITING + len(ENDINGS) + 1
    told = [(await inbox.get()).type for _ in range(len(inbox._waiting))]
    assert sorted(told) == ["ping", "session.revoked", "signals.lost"]
    inbox.tell(Frame("message.kept", {"message": UUID(int=1)}))
    assert (await inbox.get()).type == "message.kept"
