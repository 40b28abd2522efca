"""The metrics of a process that serves no pages: a worker, beat. One process each, because workers use threads."""

import logging
import threading
from collections.abc import Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from support_site.probes import may_read_metrics

logger = logging.getLogger(__name__)

_all_metrics = make_wsgi_app()


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """A scrape is not worth a line."""


def serve(port: int) -> ThreadingWSGIServer | None:
    """Show the metrics on this port of all interfaces until the process ends; None (and an error in the log) if the
    port is taken: answers matter more than figures."""
    try:
        server = make_server("", port, application, ThreadingWSGIServer, _Silent)
    except OSError as error:
        logger.error("no metrics: port %d cannot be had (%s)", port, error.strerror)
        return None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """``/healthz`` for everybody, and the metrics for those who may read them, as in a web process."""
    path, address = environ["PATH_INFO"], environ["REMOTE_ADDR"]
    is_forwarded = any(name in environ for name in ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP"))
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    if path == "/metrics" and may_read_metrics(address, authorization, is_forwarded=is_forwarded):
        return _all_metrics(environ, start_response)
    is_alive = path == "/healthz"
    start_response("200 OK" if is_alive else "404 Not Found", [("Content-Type", "text/plain")])
    return [b"ok\n" if is_alive else b"not found\n"]
