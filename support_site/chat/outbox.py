"""What goes out on one socket: one frame after the other, and never for longer than a dead reader deserves."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

SEND_SECONDS = 10.0

Frame = dict[str, Any]


class Outbox:
    """Sends a frame at a time. Nothing is queued: who has something to send waits, so a slow reader slows its own
    socket only, and what it has not been told waits in the turn log."""

    def __init__(self, send: Callable[[Frame], Awaitable[None]], *, seconds: float = SEND_SECONDS) -> None:
        self._send = send
        self._seconds = seconds
        self._is_free = asyncio.Lock()
        self._sending_since: float | None = None

    async def put(self, frame: Frame) -> None:
        """Return when the frame is on its way."""
        async with self._is_free:
            self._sending_since = time.monotonic()
            try:
                await self._send(frame)
            finally:
                self._sending_since = None

    @property
    def is_stuck(self) -> bool:
        """Whether the reader has not taken a frame in time. Asked now and then, which costs less than a timer for each
        frame."""
        return self._sending_since is not None and time.monotonic() - self._sending_since > self._seconds
