"""Many threads and one event loop on the same store."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import sync_to_async
from django.db import close_old_connections, connection

from agents.attribution import attributed
from agents.store import StaleRecord
from support_site.memory import services
from support_site.memory.models import RecordChange

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(work, arguments):
    def run(argument):
        try:
            return work(argument)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(arguments)) as threads:
        return list(threads.map(run, arguments))


def test_of_writers_that_read_the_same_version_exactly_one_wins(store, a):
    store.put(a.orders, "#W1", {"version": 1, "by": "nobody"})
    gate = threading.Barrier(6)

    def write(number):
        gate.wait()
        try:
            store.put(a.orders, "#W1", {"version": 2, "by": number})
        except StaleRecord:
            return None
        return number

    winners = [number for number in in_threads(write, range(6)) if number is not None]
    assert len(winners) == 1
    assert store.get(a.orders, "#W1").value == {"version": 2, "by": winners[0]}


def test_counters_written_by_many_threads_lose_nothing(store, a):
    store.put(a.profile, "profile", {"version": 1, "count": 0})

    def count_up(_):
        done = 0
        while done < 5:
            value = store.get(a.profile, "profile").value
            try:
                store.put(a.profile, "profile", {"version": value["version"] + 1, "count": value["count"] + 1})
                done += 1
            except StaleRecord:
                continue

    in_threads(count_up, range(4))
    assert store.get(a.profile, "profile").value == {"version": 21, "count": 20}
    assert RecordChange.objects.count() == 21
    assert services.check(store).count == 0


def test_readers_beside_writers_never_see_a_foreign_or_an_older_value(store, a, b):
    stop = threading.Event()
    wrong = []

    def write(of):
        for number in range(15):
            store.put(of.memories, "m", {"text": of.id, "number": number})
        return of

    def read(of):
        last = -1
        while not stop.is_set():
            for item in store.search(of.account, query=of.id):
                if item.value["text"] != of.id or item.value["number"] < last:
                    wrong.append(item.value)
                last = item.value["number"]

    readers = [threading.Thread(target=lambda of=of: (read(of), connection.close())) for of in (a, b)]
    for reader in readers:
        reader.start()
    in_threads(write, [a, b])
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert store.get(a.memories, "m").value["number"] == store.get(b.memories, "m").value["number"] == 14


async def test_async_calls_do_not_block_the_loop_and_carry_the_attribution(store, alice):
    """A loop that were blocked would not beat once until all is written."""
    namespace = ("accounts", str(alice.account_id), "memories")
    with attributed(actor="agent", turn_id="t9"):
        puts = [store.aput(namespace, f"m{n}", {"text": f"tea {n}"}) for n in range(40)]
        longest, whole = await longest_stall_during(asyncio.gather(*puts))
    assert len(await store.asearch(namespace[:2], query="tea", limit=50)) == 40
    changes = await sync_to_async(lambda: set(RecordChange.objects.values_list("actor", "turn_id")))()
    assert changes == {("agent", "t9")}
    assert longest < whole / 2


async def longest_stall_during(work):
    """The longest time between two beats of the loop, and how long the work took, in seconds."""
    clock = asyncio.get_running_loop().time
    longest, began = 0.0, clock()
    last = began
    while not work.done():
        await asyncio.sleep(0.005)
        longest, last = max(longest, clock() - last), clock()
    await work
    return longest, last - began


def test_the_same_store_serves_one_event_loop_after_another(store, a):
    for number in range(3):
        asyncio.run(store.aput(a.memories, f"m{number}", {"text": "x"}))
    assert len(asyncio.run(store.asearch(a.account))) == 3
    close_old_connections()
