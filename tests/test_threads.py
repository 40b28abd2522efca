"""Database work of coroutines: off the loop, on connections that last, and never left half-done."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.backends.signals import connection_created

from agents.attribution import attributed, current_attribution
from support_site.chat.models import Conversation
from support_site.threads import in_thread

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.django_db(transaction=True)


async def test_who_writes_is_known_on_the_thread_too():
    with attributed(actor="agent", turn_id="t1"):
        assert (await in_thread(current_attribution)()).turn_id == "t1"
    assert (await in_thread(current_attribution)()).turn_id is None


async def test_the_loop_goes_on_while_the_database_works():
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick())
    await in_thread(time.sleep)(0.5)
    ticking.cancel()
    assert ticks > 5


async def test_many_sockets_do_not_stand_in_one_line():
    started = time.monotonic()
    await asyncio.gather(*(in_thread(time.sleep)(0.5) for _ in range(16)))
    assert time.monotonic() - started < 4.0


async def test_what_goes_wrong_is_raised_where_it_is_awaited():
    def fail():
        raise KeyError("x")

    with pytest.raises(KeyError):
        await in_thread(fail)()


async def test_work_that_has_begun_is_finished_before_the_caller_is_cancelled(alice):
    begun = threading.Event()

    def write():
        with transaction.atomic():
            begun.set()
            time.sleep(0.2)
            Conversation.objects.create(account=alice.account)

    task = asyncio.create_task(in_thread(write)())
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await Conversation.objects.acount() == 1


async def test_a_connection_is_kept_for_the_next_call_and_closed_when_nobody_wants_it(monkeypatch):
    opened = []

    def note(**signal):
        opened.append(signal)

    connection_created.connect(note)
    try:
        for _ in range(40):
            await in_thread(lambda: connection.ensure_connection())()
        assert len(opened) <= 8
        opened.clear()
        monkeypatch.setattr("support_site.threads.IDLE_SECONDS", -1)
        for _ in range(40):
            await in_thread(lambda: connection.ensure_connection())()
        assert len(opened) >= 32
    finally:
        connection_created.disconnect(note)


END = """
import asyncio, atexit, os
atexit.register(lambda: print("open at the end:", [each for each in used if each.connection]))  # runs last
import django
django.setup()
from django.db import connection, connections
from support_site.threads import in_thread
used = set()

def ask():
    connection.ensure_connection()
    used.update(connections.all())

async def main():
    await asyncio.gather(*(in_thread(ask)() for _ in range(20)))
    print("open before:", all(each.connection for each in used))

asyncio.run(main())
CHILD
"""
FORK = "if os.fork(): os.wait(); print('still open:', all(each.connection for each in used))"


@pytest.mark.parametrize("child", ["", FORK])
def test_a_process_that_ends_closes_what_its_threads_opened_and_nothing_of_its_parent(tmp_path, child):
    environment = os.environ | {"DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "support_site.settings"}
    ended = subprocess.run(
        [sys.executable, "-c", END.replace("CHILD", child)],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert ended.stdout.splitlines()[0] == "open before: True"
    assert ended.stdout.splitlines()[-1] == "open at the end: []"
    assert ("still open: True" in ended.stdout) == bool(child)
