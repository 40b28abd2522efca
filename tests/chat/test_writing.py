"""The writer of an attempt's events: whose turn it is, and what happens to those who wait."""

import asyncio
import time
from uuid import uuid4

import pytest
from django.db import DatabaseError

from support_site.chat.appending import appender_for
from support_site.chat.log import Append, Entry, Fenced, turn_log
from support_site.chat.loops import worker_loop
from support_site.chat.running import run_turn
from support_site.chat.writing import LogWriter
from support_site.threads import in_thread
from tests.chat.scripted import ScriptedAgent, says
from tests.chat.test_answering import events

pytestmark = pytest.mark.django_db(transaction=True)


class MemoryLog:
    """A turn log in a list; ``seen`` is what the writer was told the last number is."""

    def __init__(self, *entries):
        self.entries = [Entry(seq, {"by": by}) for seq, by in enumerate(entries, 1)]

    def append_all(self, appends):
        return [self._append(*append) for append in appends]

    def _append(self, turn_id, seq, events):
        if seq != self.last_seq(turn_id) + 1:
            return Fenced()
        self.entries += [Entry(seq + place, event) for place, event in enumerate(events)]
        return None

    def last_seq(self, turn_id):
        return len(self.entries)


async def write(log, *, last_seq, events=({"by": "us"},)):
    writer = LogWriter(log, uuid4(), last_seq)
    running = asyncio.create_task(writer.run())
    try:
        for event in events:
            writer.put(event)
            await asyncio.wait_for(writer.written(), 20)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return [entry.event["by"] for entry in log.entries]


async def test_events_are_written_behind_what_is_there():
    assert await write(MemoryLog("before"), last_seq=1) == ["before", "us"]


async def test_whoever_waits_for_a_fenced_writer_hears_of_it():
    with pytest.raises(Fenced):
        await write(MemoryLog("successor", "successor"), last_seq=1)


async def test_whoever_begins_to_wait_for_a_fenced_writer_hears_of_it_too():
    writer = LogWriter(MemoryLog("successor"), uuid4(), 0)
    writer.put({"by": "us"})
    with pytest.raises(Fenced):
        await writer.run()
    writer.put({"by": "us"})
    with pytest.raises(Fenced):
        await asyncio.wait_for(writer.written(), 20)


def test_a_last_word_of_a_dead_attempt_is_taken_back_and_does_not_stop_its_successor(say):
    turn, stray = say(), str(uuid4())
    agent = ScriptedAgent(says("Here I am."), says("Here I am."))
    log, inputs = turn_log(), []

    async def find_agent():
        if not inputs:
            await in_thread(log.append)(turn.pk, 1, {"type": "message.start", "message": stray})
        inputs.append("asked")
        return agent

    assert worker_loop().run(run_turn(turn.pk, find_agent=find_agent)) == "done"
    assert stray in events(turn, "turn.attempt")[-1]["discard"]
    assert {message.text for message in turn.messages.filter(role="agent")} == {"Here I am."}
    assert len(events(turn, "turn.done")) == 1


class SlowLog(MemoryLog):
    """Counts the ways to the log, and takes its time."""

    def __init__(self):
        super().__init__()
        self.batches = []

    def append_all(self, appends):
        time.sleep(0.05)
        self.batches.append(len(appends))
        return [Fenced() if append.seq == 2 else None for append in appends]


async def test_what_many_answers_write_while_the_log_is_busy_goes_together_and_each_hears_its_own_outcome():
    log = SlowLog()
    appender = appender_for(log)
    turns = [appender.append(Append(uuid4(), 1 + place % 2, ({},))) for place in range(9)]
    outcomes = await asyncio.gather(*turns, return_exceptions=True)
    assert log.batches == [9]
    assert [type(outcome) for outcome in outcomes] == [Fenced if place % 2 else type(None) for place in range(9)]


async def test_a_log_that_fails_fails_everybody_who_writes_and_nobody_waits_for_ever():
    class Broken(MemoryLog):
        def append_all(self, appends):
            raise DatabaseError("away")

    appender = appender_for(Broken())
    turns = [appender.append(Append(uuid4(), 1, ({},))) for _ in range(3)]
    outcomes = await asyncio.wait_for(asyncio.gather(*turns, return_exceptions=True), 20)
    assert [type(outcome) for outcome in outcomes] == [DatabaseError] * 3


async def test_an_append_that_is_cancelled_is_over_before_its_writer_goes_on():
    log = SlowLog()
    writing = asyncio.create_task(appender_for(log).append(Append(uuid4(), 1, ({},))))
    await asyncio.sleep(0.01)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    assert (writing.cancelled(), log.batches) == (True, [1])
