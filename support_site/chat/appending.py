"""Appends what the answers of one loop have to write at the same moment together: one transaction for many of them."""

import asyncio
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from support_site.chat.log import Append, TurnLog
from support_site.threads import in_thread

#: How long what an answer has to tell may gather: so long if it is alone, and up to twice as long among others. What
#: comes ten times a second reads as well as what comes twenty times, and a beat costs a worker as much as two words.
BEAT_SECONDS = 0.05
LONGEST_BEAT_SECONDS = 0.1
LONGER_BY_SECONDS = 0.005


class Appender:
    """While one batch is written the next one gathers, so nobody waits for company."""

    def __init__(self, log: TurnLog) -> None:
        #: How many answers are being written.
        self.writers = 0
        self._log = log
        self._waiting: list[tuple[Append, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    def until_next_beat(self) -> float:
        """Seconds; all writers have the same beat."""
        beat = min(BEAT_SECONDS + LONGER_BY_SECONDS * (self.writers - 1), LONGEST_BEAT_SECONDS)
        return beat - asyncio.get_running_loop().time() % beat

    async def append(self, append: Append) -> None:
        """Return when it is in the log. Raises what ``TurnLog.append`` does.

        Whoever is cancelled meanwhile is so when it is known what became of it: nothing is written behind their back.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((append, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        try:
            await asyncio.shield(written)
        except asyncio.CancelledError:
            await asyncio.wait([written])
            written.exception()  # looked at, so that asyncio does not report it as forgotten
            raise

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            for (_, written), refusal in zip(batch, await self._append([append for append, _ in batch]), strict=True):
                if refusal:
                    written.set_exception(refusal)
                else:
                    written.set_result(None)
        self._writing = None

    async def _append(self, appends: list[Append]) -> Sequence[Exception | None]:
        try:
            return await in_thread(self._log.append_all)(appends)
        except Exception as error:  # noqa: BLE001  raised where each of them is awaited
            return [error] * len(appends)


_appenders: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[TurnLog, Appender]] = WeakKeyDictionary()


def appender_for(log: TurnLog) -> Appender:
    """The one that the running loop has for this log."""
    appenders = _appenders.setdefault(asyncio.get_running_loop(), {})
    return appenders.setdefault(log, Appender(log))
