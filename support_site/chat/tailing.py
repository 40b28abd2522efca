"""Following the log of a turn: what is there, then what comes, until the turn has ended."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError

from support_site.chat.log import Entry, TurnLog
from support_site.threads import in_thread

#: Seconds to the next look without a wake-up, the first and the longest. Every entry wakes whoever follows, and the
#: look is for a wake-up that got lost. Only between processes without Redis nothing wakes: each look that finds nothing
#: makes the next one later, so a turn that streams is read often and one that waits for a click seldom.
LOOK_AGAIN_SECONDS = (0.05, 1.0) if settings.SERVICE_MODE and not settings.REDIS_URL else (20.0, 20.0)
TRY_AGAIN_SECONDS = 0.5
MOST_AT_ONCE = 500


async def follow(
    log: TurnLog, turn_id: UUID, after: int = 0, *, look_again: tuple[float, float] = LOOK_AGAIN_SECONDS
) -> AsyncIterator[Entry]:
    """Every entry above ``after`` once and in order; ends behind the event that ends the turn.

    A turn that waits for a decision has not ended. The iterator reads no further than it is asked, so a slow
    reader holds a few hundred entries and never the whole log. While the log cannot be reached it waits.
    """
    shortest, longest = look_again
    pause = shortest
    with log.watch(turn_id) as news:
        while True:
            entries = [Entry(*item) for item in news.take() if item[0] > after]
            if not _are_next(entries, after):
                entries = await _read(log, turn_id, after)
            for entry in entries:
                yield entry
                after = entry.seq
                if ends_the_turn(entry):
                    return
            if len(entries) == MOST_AT_ONCE:
                continue
            pause = shortest if entries else min(2 * pause, longest)
            # asyncio.timeout would cost twice as much for every event, and wait_for a task.
            timer = asyncio.get_running_loop().call_later(pause, news.set)
            try:
                await news.wait()
            finally:
                timer.cancel()


async def _read(log: TurnLog, turn_id: UUID, after: int) -> list[Entry]:
    # A Redis that hangs lets each reader wait for seconds, and messages must be kept meanwhile.
    read = in_thread(log.read, pool="database" if log.is_durable else "log")
    while True:
        try:
            return await read(turn_id, after, MOST_AT_ONCE)
        except DatabaseError:
            await asyncio.sleep(TRY_AGAIN_SECONDS)


def _are_next(entries: list[Entry], after: int) -> bool:
    """Whether these come right behind ``after``: then they need not be read."""
    numbers = [entry.seq for entry in entries]
    return bool(numbers) and numbers == list(range(after + 1, after + 1 + len(numbers)))


def ends_the_turn(entry: Entry) -> bool:
    return entry.event.get("type") == "turn.done" and entry.event.get("status") != "waiting"
