"""The socket of one conversation in one tab, as Channels sees it."""

import asyncio
from typing import Any
from uuid import UUID

from channels.generic.websocket import AsyncJsonWebsocketConsumer

from support_site.chat import signals
from support_site.chat.frames import MAX_FRAME, BadFrame, Frame, Unreadable, read_frame
from support_site.chat.inbox import Full
from support_site.chat.visits import Visit
from support_site.logs import about
from support_site.metrics import SOCKETS


class ChatConsumer(AsyncJsonWebsocketConsumer):
    """Hands frames and signals to the visit and goes on listening: work here would make "stop" unhearable.

    The socket is accepted before it is refused, because a browser is shown the close code of no other.
    """

    async def websocket_connect(self, message: dict[str, str]) -> None:
        self._visit = Visit(self.scope, self.send_json, self._join)
        self.groups = self._visit.groups
        await super().websocket_connect(message)

    async def connect(self) -> None:
        await self.accept()
        signals.live_on(asyncio.get_running_loop())
        self._serving = asyncio.create_task(self._serve())

    async def _join(self, group: str) -> None:
        self.groups.append(group)  # first, because Channels leaves these groups at the end, whenever that comes
        await self.channel_layer.group_add(group, self.channel_name)

    async def _serve(self) -> None:
        about(conversation=self.scope["url_route"]["kwargs"]["conversation_id"])
        with SOCKETS.track_inprogress():
            await self.close(await self._visit.serve())

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        self._serving.cancel()  # first, because Redis may be away, and then the groups cannot be left
        await asyncio.gather(self._serving, return_exceptions=True)
        await super().websocket_disconnect(message)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        if text_data is None or len(text_data) > MAX_FRAME:
            await self.close(4400 if text_data is None else 4413)
            return
        try:
            self._visit.inbox.put(_frame(text_data))
        except Unreadable:
            await self.close(4400)
        except Full:
            await self.close(4429)

    async def message_kept(self, signal: dict[str, str]) -> None:
        turn = signal.get("turn")
        named = {"message": UUID(signal["message"]), "turn": UUID(turn) if turn else None}
        self._visit.inbox.tell(Frame("message.kept", named))

    async def turn_changed(self, signal: dict[str, str]) -> None:
        self._visit.inbox.tell(Frame("turn.changed", {"turn": UUID(signal["turn"])}))

    async def person_changed(self, signal: dict[str, str]) -> None:
        self._visit.inbox.tell(Frame("person.changed", {}))

    async def memory_changed(self, signal: dict[str, str]) -> None:
        self._visit.inbox.tell(Frame("memory.changed", {}))

    async def site_changed(self, signal: dict[str, str]) -> None:
        self._visit.inbox.tell(Frame("site.changed", {}))

    async def conversation_deleted(self, signal: dict[str, str]) -> None:
        self._visit.inbox.tell(Frame("conversation.deleted", {}))

    async def session_revoked(self, signal: dict[str, str]) -> None:
        if signal["session"] == signals.name_of_session(str(self._visit.session_key)):
            self._visit.inbox.tell(Frame("session.revoked", {}))


def _frame(text: str) -> Frame | BadFrame:
    try:
        return read_frame(text)
    except BadFrame as bad:
        return bad
