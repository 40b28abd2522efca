"""What has come in on one socket and was not looked at yet."""

import asyncio

from support_site.chat.frames import FRAMES, BadFrame, Frame

MOST_FRAMES_WAITING = 64
MOST_SIGNALS_WAITING = 64
#: All is to be read anew: signals were lost, or were too many.
SIGNALS_LOST = Frame("signals.lost", {})
#: Those that do not say "read anew".
ENDINGS = ("conversation.deleted", "session.revoked")


class Full(Exception):
    """The browser sends faster than it can be answered."""


class Inbox:
    """Frames and signals for one reader, never more than ``MOST_FRAMES_WAITING``, ``MOST_SIGNALS_WAITING`` and one of
    each of ``ENDINGS``. An empty one is next to nothing; an ``asyncio.Queue`` is 3 KB.
    """

    def __init__(self) -> None:
        self._waiting: list[Frame | BadFrame] = []
        self._awaited: asyncio.Future[None] | None = None

    def put(self, frame: Frame | BadFrame) -> None:
        """Take what the browser says. Raises Full."""
        if len(self._waiting) >= MOST_FRAMES_WAITING:
            raise Full
        self._add(frame)

    def tell(self, signal: Frame) -> None:
        """Take what happened, once. In place of too many of these waits one that has all read anew."""
        if signal in self._waiting:
            return
        if signal.type not in ENDINGS:
            if SIGNALS_LOST in self._waiting:
                return
            if sum(map(_says_read_anew, self._waiting)) == MOST_SIGNALS_WAITING:
                self._waiting = [each for each in self._waiting if not _says_read_anew(each)]
                signal = SIGNALS_LOST
        self._add(signal)

    async def get(self) -> Frame | BadFrame:
        """The next one, as soon as there is one."""
        if not self._waiting:
            self._awaited = asyncio.get_running_loop().create_future()
            await self._awaited
        return self._waiting.pop(0)

    def _add(self, frame: Frame | BadFrame) -> None:
        self._waiting.append(frame)
        if self._awaited and not self._awaited.done():
            self._awaited.set_result(None)


def _says_read_anew(frame: Frame | BadFrame) -> bool:
    return isinstance(frame, Frame) and frame.type not in FRAMES and frame.type not in ENDINGS
