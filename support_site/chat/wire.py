"""The web server's end of a socket: whoever does not read is cut off, and holds nothing of ours any more."""

import socket
import struct
from asyncio import BaseTransport, TimerHandle

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from support_site.chat.outbox import SEND_SECONDS

#: Whoever closes a socket with this sends nothing that still waits in the kernel, and keeps none of it.
AT_ONCE = struct.pack("ii", 1, 0)


class Wire(WebSocketsSansIOProtocol):
    """uvicorn's, which would wait for ever: what is sent waits for room, and so does every kind of close.

    Here a reader has ``SEND_SECONDS`` for half of what waits, and as long for half of the rest: one on a slow line gets
    a long conversation. The timer is there only while something waits, so an idle socket pays nothing.
    """

    _timer: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=0)  # to hear of whatever waits, be it a close frame

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look_later()

    def resume_writing(self) -> None:
        self._forget_timer()
        super().resume_writing()

    def _look_later(self) -> None:
        self._timer = self.loop.call_later(SEND_SECONDS, self._look, self.transport.get_write_buffer_size())

    def _look(self, waited: int) -> None:
        if self.transport.get_write_buffer_size() <= waited / 2:
            self._look_later()
            return
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.transport.abort()

    def _forget_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
