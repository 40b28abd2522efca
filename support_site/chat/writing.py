"""Writes the events of one attempt into the turn log, at most twenty times a second."""

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

from django.db import DatabaseError

from support_site.chat.appending import appender_for
from support_site.chat.log import Append, Event, TurnLog
from support_site.chat.rendering import StreamingBlocks

logger = logging.getLogger(__name__)

TRY_AGAIN_SECONDS = 0.5


class Growing:
    """A message whose text grows; its delta is made when the log is written, from all the text so far."""

    def __init__(self, message: UUID) -> None:
        self.message = message
        self.blocks = StreamingBlocks()

    def delta(self) -> Event | None:
        changes = self.blocks.changes()
        if changes is None:
            return None
        return {"type": "message.delta", "message": str(self.message), "start": changes[0], "blocks": changes[1]}


class LogWriter:
    """Numbers events and appends them in the order in which they were put.

    The first event goes out at once, what comes until the next beat goes out together: so a word is seen when it
    comes, and a fast model does not turn into hundreds of events. All writers have the same beat, so what many
    answers have to write then is written in one go (``appending.py``).
    """

    def __init__(self, log: TurnLog, turn_id: UUID, last_seq: int) -> None:
        self.last_seq = last_seq
        self._end: BaseException | None = None
        self._appender = appender_for(log)
        self._turn_id = turn_id
        self._waiting: list[Event | Growing] = []
        self._numbered: list[Event] = []
        self._something = asyncio.Event()
        self._hurry = asyncio.Event()
        self._written = asyncio.Event()

    def put(self, event: Event | Growing) -> None:
        """Write this next. A message that grows stands in the line once, however often it is put."""
        if not (self._waiting and self._waiting[-1] is event):
            self._waiting.append(event)
        self._written.clear()
        self._something.set()

    async def run(self) -> None:
        """Write for ever. Raises Fenced when another attempt has taken over."""
        self._appender.writers += 1
        try:
            while True:
                await self._something.wait()
                self._something.clear()
                await self._flush()
                if not self._waiting and not self._numbered:
                    self._written.set()
                await self._pause()
        except BaseException as end:
            self._end = end
            self._written.set()  # whoever waits must not wait for ever
            raise
        finally:
            self._appender.writers -= 1

    async def written(self) -> None:
        """Return when everything that was put is in the log, without waiting for the next beat. Raises Fenced."""
        self._hurry.set()
        self._something.set()
        if self._end is None:
            await self._written.wait()
        self._hurry.clear()
        if self._end:
            raise self._end

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._appender.until_next_beat()):
                await self._hurry.wait()

    async def _flush(self) -> None:
        self._number()
        if not self._numbered:
            return
        try:
            await self._appender.append(Append(self._turn_id, self.last_seq + 1, tuple(self._numbered)))
        except DatabaseError as error:
            logger.warning("turn %s: the log cannot be written (%s)", self._turn_id, type(error).__name__)
            await asyncio.sleep(TRY_AGAIN_SECONDS)
            self._something.set()
        else:
            self.last_seq += len(self._numbered)
            self._numbered = []

    def _number(self) -> None:
        ready = [event.delta() if isinstance(event, Growing) else event for event in self._waiting]
        self._numbered += [event for event in ready if event is not None]
        self._waiting = []
