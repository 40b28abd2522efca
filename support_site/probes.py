"""What machines ask of a running process: ``/healthz``, ``/readyz``, ``/metrics``.

Answered before Django sees the request: no middleware, no session, no host name and no https is needed, and a
thread of Django's that hangs does not make a living process look dead.
"""

import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from support_site import metrics as _metrics  # noqa: F401  defined before they are asked for
from support_site.health import site_parts

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: A request with one of these has come through a proxy, so its peer says nothing about who asks.
_FORWARDED = (b"x-forwarded-for", b"forwarded", b"x-real-ip")


async def healthz(scope: Scope, receive: Receive, send: Send) -> None:
    """The process is alive and its loop turns. Asks nothing else."""
    await _answer(send, HTTPStatus.OK, b"ok\n", "text/plain")


async def readyz(scope: Scope, receive: Receive, send: Send) -> None:
    """All parts answer (200), or some do not (503); which is in the body, and nothing more about them."""
    states = await site_parts().states()
    is_ready = "down" not in states.values()
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    told = json.dumps({"ready": is_ready, "parts": states}).encode()
    await _answer(send, status, told, "application/json")


async def metrics(scope: Scope, receive: Receive, send: Send) -> None:
    """This process's metrics, for those who may read them; for all others there is no such page."""
    headers = dict(scope["headers"])
    address = scope["client"][0] if scope["client"] else ""
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    if may_read_metrics(address, authorization, is_forwarded=any(name in headers for name in _FORWARDED)):
        await _answer(send, HTTPStatus.OK, generate_latest(), CONTENT_TYPE_LATEST)
    else:
        await _answer(send, HTTPStatus.NOT_FOUND, b"not found\n", "text/plain")


def may_read_metrics(address: str, authorization: str, *, is_forwarded: bool) -> bool:
    """With METRICS_TOKEN set, who shows it; without, who asks from this machine and through no proxy."""
    if settings.METRICS_TOKEN:
        return hmac.compare_digest(authorization.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    return _is_loopback(address) and not is_forwarded


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


async def _answer(send: Send, status: HTTPStatus, body: bytes, kind: str) -> None:
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


PROBES = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}


class Probes:
    """Answers these, and hands every other request on to the site."""

    def __init__(self, site: Application) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PROBES.get(scope["path"], self._site)(scope, receive, send)
