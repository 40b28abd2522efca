"""Open pages: counted for account and address, over all processes, and never for longer than they are open."""

import uuid

import pytest

from support_site.chat.presence import Crowded, PagesHere, SharedPages, counted
from tests.parts import Redis, free_port, wait_until

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


@pytest.mark.django_db(transaction=True)
async def test_a_page_counts_as_long_as_it_is_open(settings):
    settings.OPEN_SOCKETS = [1, 0]
    account = uuid.uuid4()
    async with counted(account, ""):
        with pytest.raises(Crowded):
            async with counted(account, ""):
                pass
    async with counted(account, ""):
        pass
