"""The socket of one conversation in one tab, as Channels sees it."""

import asyncio
from typing import Any
from uuid import UUID

from channels.generic.websocket import AsyncJsonWebsocketConsumer

from support_site.chat import signals
from support_site.chat.frames import MAX_FRAME, BadFrame, Frame, Unreadable, read_frame
from support_site.chat.visits import Visit
from support_site.logs import about
from support_site.metrics import SOCKETS

MOST_FRAMES_WAITING = 64


class ChatConsumer(AsyncJsonWebsocketConsumer):
    """Hands frames and signals to the visit and goes on listening: work here would make "stop" unhearable.

    The socket is accepted before it is refused, because a browser is shown the close code of no other.
    """

    async def connect(self) -> None:
        await self.accept()
        signals.live_on(asyncio.get_running_loop())
        self._inbox: asyncio.Queue[Frame | BadFrame] = asyncio.Queue(MOST_FRAMES_WAITING)
        visit = Visit(scope=self.scope, inbox=self._inbox, send=self.send_json, groups=self)
        self._serving = asyncio.create_task(self._serve(visit))

    async def _serve(self, visit: Visit) -> None:
        about(conversation=self.scope["url_route"]["kwargs"]["conversation_id"])
        with SOCKETS.track_inprogress():
            await self.close(await visit.serve())

    async def disconnect(self, code: int) -> None:
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        if text_data is None or len(text_data) > MAX_FRAME:
            await self.close(4400 if text_data is None else 4413)
            return
        try:
            self._inbox.put_nowait(_frame(text_data))
        except Unreadable:
            await self.close(4400)
        except asyncio.QueueFull:
            await self.close(4429)

    async def message_kept(self, signal: dict[str, str]) -> None:
        await self._inbox.put(Frame("message.kept", {"message": UUID(signal["message"])}))

    async def turn_changed(self, signal: dict[str, str]) -> None:
        await self._inbox.put(Frame("turn.changed", {"turn": UUID(signal["turn"])}))

    async def person_changed(self, signal: dict[str, str]) -> None:
        await self._inbox.put(Frame("person.changed", {}))

    async def site_changed(self, signal: dict[str, str]) -> None:
        await self._inbox.put(Frame("site.changed", {}))

    async def conversation_deleted(self, signal: dict[str, str]) -> None:
        await self._inbox.put(Frame("conversation.deleted", {}))

    async def session_revoked(self, signal: dict[str, str]) -> None:
        await self._inbox.put(Frame("session.revoked", {}))

    async def join(self, group: str) -> None:
        await self.channel_layer.group_add(group, self.channel_name)

    async def leave(self, group: str) -> None:
        await self.channel_layer.group_discard(group, self.channel_name)


def _frame(text: str) -> Frame | BadFrame:
    try:
        return read_frame(text)
    except BadFrame as bad:
        return bad
