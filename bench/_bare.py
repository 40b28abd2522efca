"""The floor of frames.py: a bare Channels consumer that sends the same frames, and nothing else."""

import asyncio
import time
from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings

settings.configure(CHANNEL_LAYERS={})


class Bare(AsyncJsonWebsocketConsumer):
    """Asked for ``count`` frames, ``rate`` a second, it sends them."""

    async def receive_json(self, content: dict[str, Any], **kwargs: Any) -> None:
        self._sending = asyncio.create_task(self._stream(**content))

    async def _stream(self, *, frame: dict[str, Any], count: int, rate: float) -> None:
        began = time.monotonic()
        for place in range(count):
            await asyncio.sleep(began + place / rate - time.monotonic())
            frame["seq"], frame["event"]["at"] = place, time.time()
            await self.send_json(frame)

    async def disconnect(self, code: int) -> None:
        if hasattr(self, "_sending"):
            self._sending.cancel()


class Application:
    """Sockets as above; pages are empty."""

    def __init__(self) -> None:
        self._consumer = Bare.as_asgi()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._consumer(scope, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})


application = Application()
