"""The writer of an attempt's events: whose turn it is, and what happens to those who wait."""

import asyncio
from uuid import uuid4

import pytest

from support_site.chat.log import Entry, Fenced, turn_log
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

    def append(self, turn_id, seq, *events):
        if seq != self.last_seq(turn_id) + 1:
            raise Fenced
        self.entries += [Entry(seq + place, event) for place, event in enumerate(events)]

    def last_seq(self, turn_id):
        return len(self.entries)


async def write(log, *, last_seq, events=({"by": "us"},)):
    writer = LogWriter(log, uuid4(), last_seq)
    running = asyncio.create_task(writer.run())
    try:
        for event in events:
            writer.put(event)
            await asyncio.wait_for(writer.written(), 5)
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
        await asyncio.wait_for(writer.written(), 5)


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
