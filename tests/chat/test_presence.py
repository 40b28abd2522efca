"""Open pages: counted for account and address, over all processes, and never for longer than they are open."""

import asyncio
import threading
import uuid

import pytest

from support_site.chat import presence
from support_site.chat.presence import Crowded, PagesHere, SharedPages, counted
from support_site.threads import in_thread
from tests.parts import Redis, free_port, wait_until

# Pages are counted on threads that may hold a connection of a test before.
pytestmark = pytest.mark.django_db(transaction=True)

ALICE, BOB, HOME = "account:a", "account:b", "address:h"


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis")).start().wait()
    yield redis
    redis.stop()


@pytest.fixture(params=["here", pytest.param("shared", marks=pytest.mark.service)])
def pages(request):
    """One process's pages."""
    return PagesHere() if request.param == "here" else SharedPages(request.getfixturevalue("redis").url)


@pytest.fixture
def who():
    """Names of nobody else's."""
    return lambda name: f"{name}.{uuid.uuid4()}"


def test_so_many_pages_and_no_more_for_an_account_or_an_address(pages, who):
    alice, bob, home = who(ALICE), who(BOB), who(HOME)
    assert pages.enter("1", [(alice, 2), (home, 3)])
    assert pages.enter("2", [(alice, 2), (home, 3)])
    assert not pages.enter("3", [(alice, 2)])
    assert pages.enter("4", [(bob, 2), (home, 3)])
    assert not pages.enter("5", [(bob, 2), (home, 3)])
    pages.leave("1", [(alice, 2), (home, 3)])
    assert pages.enter("6", [(bob, 2), (home, 3)])


def test_who_was_turned_away_does_not_count(pages, who):
    alice = who(ALICE)
    assert pages.enter("1", [(alice, 1)])
    assert not any(pages.enter(str(n), [(alice, 1)]) for n in range(2, 5))
    pages.leave("1", [(alice, 1)])
    assert pages.enter("9", [(alice, 1)])


def test_who_was_turned_away_leaves_nobody_elses_place(pages, who):
    alice = who(ALICE)
    assert pages.enter("1", [(alice, 1)])
    assert not pages.enter("2", [(alice, 1)])
    pages.leave("2", [(alice, 1)])
    assert not pages.enter("3", [(alice, 1)])


async def test_a_page_that_leaves_while_it_is_counted_does_not_count(pages, settings, monkeypatch):
    settings.OPEN_SOCKETS = [1, 0]
    account, entering, go_on = uuid.uuid4(), asyncio.Event(), threading.Event()
    loop, enter = asyncio.get_running_loop(), pages.enter

    def slowly(*page):
        loop.call_soon_threadsafe(entering.set)
        go_on.wait(10)
        return enter(*page)

    async def visit():
        async with counted(account, ""):
            await asyncio.sleep(60)

    monkeypatch.setattr(presence, "pages", lambda: pages)
    monkeypatch.setattr(pages, "enter", slowly)
    visiting = asyncio.create_task(visit())
    await entering.wait()
    visiting.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await visiting
    async with counted(account, ""):
        pass


async def test_pages_that_wait_to_be_counted_keep_nobody_from_the_database(monkeypatch):
    class Hanging(PagesHere):
        go_on = threading.Event()

        def enter(self, page, allowed):
            return self.go_on.wait(10)

    async def visit():
        async with counted(uuid.uuid4(), ""):
            pass

    hanging = Hanging()
    monkeypatch.setattr(presence, "pages", lambda: hanging)
    visits = [asyncio.create_task(visit()) for _ in range(20)]
    await asyncio.sleep(0)
    try:
        assert await asyncio.wait_for(in_thread(lambda: "kept")(), 5) == "kept"
    finally:
        hanging.go_on.set()
        await asyncio.gather(*visits)


@pytest.mark.service
def test_processes_count_together_and_the_pages_of_a_killed_one_go_by_themselves(redis, who):
    alice = who(ALICE)
    dead, living = SharedPages(redis.url, stays=0.6), SharedPages(redis.url, stays=0.6)
    dead._renewing = living._renewing  # a process that was killed renews nothing
    assert dead.enter("1", [(alice, 2)])
    dead._open.clear()
    assert living.enter("2", [(alice, 2)])
    assert not living.enter("3", [(alice, 2)])
    wait_until(lambda: living.enter("4", [(alice, 2)]), seconds=20)
    assert not living.enter("5", [(alice, 2)]), "its own pages were renewed"


@pytest.mark.service
def test_with_redis_down_every_page_may_come_in(who):
    pages = SharedPages(f"redis://127.0.0.1:{free_port()}/0")
    assert all(pages.enter(str(n), [(who(ALICE), 1)]) for n in range(3))


async def test_a_page_counts_as_long_as_it_is_open(settings):
    settings.OPEN_SOCKETS = [1, 0]
    account = uuid.uuid4()
    async with counted(account, ""):
        with pytest.raises(Crowded):
            async with counted(account, ""):
                pass
    async with counted(account, ""):
        pass
