"""What goes out on one socket: in order, bounded, and never for longer than a dead reader deserves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

MOST_WAITING = 256
SEND_SECONDS = 10.0

Frame = dict[str, Any]


class TooSlow(Exception):
    """The reader did not take a frame in time."""


class Outbox:
    """A bounded queue of frames. Who puts waits when it is full, so a slow reader slows its own socket only."""

    def __init__(self, send: Callable[[Frame], Awaitable[None]], *, seconds: float = SEND_SECONDS) -> None:
        self._send = send
        self._seconds = seconds
        self._frames: asyncio.Queue[Frame] = asyncio.Queue(MOST_WAITING)

    async def put(self, frame: Frame) -> None:
        await self._frames.put(frame)

    async def run(self) -> None:
        """Send for ever. Raises TooSlow."""
        while True:
            frame = await self._frames.get()
            try:
                async with asyncio.timeout(self._seconds):
                    await self._send(frame)
            except TimeoutError as error:
                raise TooSlow from error
