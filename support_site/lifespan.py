"""What begins and ends with the server: in the embedded way to run, the worker and beat beside it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from support_site.chat import signals
from support_site.health import site_parts

logger = logging.getLogger(__name__)

Message = dict[str, Any]


class Lifespan:
    """The ASGI application for the ``lifespan`` scope. A start that fails stops the server with a sentence."""

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        await receive()
        signals.live_on(asyncio.get_running_loop())
        embedded = None
        if not settings.SERVICE_MODE:
            from support_site.embedded import CannotStart, Embedded

            embedded = Embedded()
            try:
                await asyncio.to_thread(embedded.start)
            except CannotStart as error:
                await asyncio.to_thread(embedded.stop)
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            site_parts().add("worker", embedded.ask_worker)
            site_parts().add("beat", embedded.ask_beat)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if embedded:
            await asyncio.to_thread(embedded.stop)
        await send({"type": "lifespan.shutdown.complete"})
