"""Following the log of a turn: what is there, then what comes, until the turn has ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

from support_site.chat.log import Entry, TurnLog
from support_site.threads import in_thread

#: A wake-up that got lost costs at most this long.
LOOK_AGAIN_SECONDS = 20.0


async def follow(log: TurnLog, turn_id: UUID, after: int = 0) -> AsyncIterator[Entry]:
    """Every entry above ``after`` once and in order; ends behind the event that ends the turn.

    A turn that waits for a decision has not ended. The iterator reads no further than it is asked, so a slow
    reader holds a few hundred entries and never the whole log.
    """
    read = in_thread(log.read)
    with log.watch(turn_id) as news:
        while True:
            news.clear()
            entries = await read(turn_id, after)
            for entry in entries:
                yield entry
                after = entry.seq
                if ends_the_turn(entry):
                    return
            if not entries:
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), LOOK_AGAIN_SECONDS)


def ends_the_turn(entry: Entry) -> bool:
    return entry.event.get("type") == "turn.done" and entry.event.get("status") != "waiting"
