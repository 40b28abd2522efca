"""``manage.py serve``: the web server, and in the embedded way to run everything else too."""

import errno
import socket
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from support_site.chat.frames import MAX_FRAME
from support_site.chat.wire import Wire


class Server(uvicorn.Server):
    """Says where it is once it is there."""

    def __init__(self, config: uvicorn.Config, say: Any) -> None:
        super().__init__(config)
        self._say = say

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            self._say(f"{settings.SITE_NAME} is at http://{'localhost' if host == '127.0.0.1' else host}:{port}/")


class Command(BaseCommand):
    help = "Serve the site. Without DATABASE_URL, REDIS_URL and CHROMA_URL this one process is the whole site."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="default: PORT, now %(default)s")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        listener = listen(host, port)
        config = uvicorn.Config(
            "support_site.asgi:application",
            lifespan="on",
            ws=Wire,
            # Twice the largest frame the protocol allows, so that a frame that is too large is told so (4413).
            ws_max_size=2 * MAX_FRAME,
            ws_per_message_deflate=False,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        Server(config, self._say_at_once).run(sockets=[listener])

    def _say_at_once(self, text: str) -> None:
        """Also to a pipe, into which it would come when the site ends."""
        self.stdout.write(text)
        self.stdout.flush()


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one. Raises CommandError with what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise CommandError(f"Port {port} is already in use. Set PORT to a free one: PORT=8001 make run.") from None
        raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}.") from None
    return listener
