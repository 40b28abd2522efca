"""Following the log of a turn: what is there, then what comes, until the turn has ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

from django.conf import settings

from support_site.chat.log import Entry, TurnLog
from support_site.threads import in_thread

#: Seconds to the next look without a wake-up, the first and the longest. In one process every entry wakes whoever
#: follows, and the look is for a wake-up that got lost. Between processes nothing wakes: each look that finds nothing
#: makes the next one later, so a turn that streams is read often and one that waits for a click seldom.
LOOK_AGAIN_SECONDS = (0.05, 1.0) if settings.SERVICE_MODE else (20.0, 20.0)


async def follow(
    log: TurnLog, turn_id: UUID, after: int = 0, *, look_again: tuple[float, float] = LOOK_AGAIN_SECONDS
) -> AsyncIterator[Entry]:
    """Every entry above ``after`` once and in order; ends behind the event that ends the turn.

    A turn that waits for a decision has not ended. The iterator reads no further than it is asked, so a slow
    reader holds a few hundred entries and never the whole log.
    """
    read = in_thread(log.read)
    shortest, longest = look_again
    pause = shortest
    with log.watch(turn_id) as news:
        while True:
            news.clear()
            entries = await read(turn_id, after)
            for entry in entries:
                yield entry
                after = entry.seq
                if ends_the_turn(entry):
                    return
            if entries:
                pause = shortest
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), pause)
            pause = min(2 * pause, longest)


def ends_the_turn(entry: Entry) -> bool:
    return entry.event.get("type") == "turn.done" and entry.event.get("status") != "waiting"
