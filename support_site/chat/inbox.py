"""What has come in on one socket and was not looked at yet."""

import asyncio

from support_site.chat.frames import BadFrame, Frame

MOST_FRAMES_WAITING = 64


class Full(Exception):
    """The browser sends faster than it can be answered."""


class Inbox:
    """Frames and signals for one reader. An empty one is next to nothing; an ``asyncio.Queue`` is 3 KB."""

    def __init__(self) -> None:
        self._waiting: list[Frame | BadFrame] = []
        self._awaited: asyncio.Future[None] | None = None

    def put(self, frame: Frame | BadFrame) -> None:
        """Take what the browser says. Raises Full."""
        if len(self._waiting) >= MOST_FRAMES_WAITING:
            raise Full
        self._add(frame)

    def tell(self, signal: Frame) -> None:
        """Take what happened, unless the same is waiting to be looked at."""
        if signal not in self._waiting:
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
