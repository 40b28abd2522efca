"""Celery's queues as files: whole messages, each for one reader, in order, and none lost with its process."""

import threading
import time
from queue import Empty

import pytest
from kombu import Connection

from support_site.broker import give_back


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "queue").mkdir()
    return tmp_path / "queue"


@pytest.fixture
def connection(folder):
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder), "polling_interval": 0.01}
    with Connection(
        "filesystem://", transport="support_site.broker:Transport", transport_options=options
    ) as connection:
        yield connection


def test_messages_come_back_in_order_and_leave_nothing_behind(connection, folder):
    queue = connection.SimpleQueue("work")
    for number in range(20):
        queue.put(number)
    got = []
    for _ in range(20):
        message = queue.get(timeout=2)
        got.append(message.payload)
        message.ack()
    assert got == list(range(20))
    with pytest.raises(queue.Empty):
        queue.get(block=False)
    assert list(folder.iterdir()) == []
    queue.close()


def test_a_reader_never_sees_half_a_message(connection, folder):
    channel, reader = connection.channel(), connection.channel()
    payload = {"body": "x" * 200_000, "properties": {}}
    writing = threading.Thread(target=lambda: [channel._put("work", payload) for _ in range(100)])
    writing.start()
    got = 0
    while got < 100:
        try:
            got += reader._get("work") == payload
        except Empty:
            assert writing.is_alive() or any(folder.iterdir())
    writing.join()


def test_a_message_goes_to_one_of_many_readers(connection, folder):
    channel = connection.channel()
    for number in range(200):
        channel._put("work", {"number": number, "properties": {}})
    got = []

    def read():
        mine = connection.channel()
        while True:
            try:
                got.append(mine._get("work")["number"])
            except Empty:
                return

    readers = [threading.Thread(target=read) for _ in range(4)]
    [reader.start() for reader in readers]
    [reader.join() for reader in readers]
    assert sorted(got) == list(range(200))


def test_who_waits_is_woken_by_what_this_process_puts(connection):
    """And looks by itself so seldom that an idle site costs next to nothing."""
    connection.transport.polling_interval = 30
    queue = connection.SimpleQueue("woken")  # kombu binds a name once a process, wherever its folder is
    threading.Timer(0.2, queue.put, [1]).start()
    began = time.monotonic()
    assert queue.get(timeout=20).payload == 1
    assert time.monotonic() - began < 10
    queue.close()


def test_queues_are_apart(connection):
    channel = connection.channel()
    channel._put("turns", {"properties": {}})
    with pytest.raises(Empty):
        channel._get("background")


def test_what_a_dead_process_had_in_hand_is_put_back(connection, folder):
    channel = connection.channel()
    channel._put("work", {"number": 1, "properties": {}})
    [message] = folder.iterdir()
    message.rename(folder / f".{message.name}.taken")
    (folder / ".2_x.work.msg.new").write_text('{"half')
    assert give_back(folder) == 1
    assert channel._get("work")["number"] == 1
    assert list(folder.iterdir()) == []


def test_a_message_that_cannot_be_read_is_dropped_and_the_next_one_read(connection, folder):
    (folder / "1_x.work.msg").write_text("{not json")
    channel = connection.channel()
    channel._put("work", {"number": 2, "properties": {}})
    assert channel._get("work")["number"] == 2
