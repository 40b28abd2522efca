"""Which parts of the site answer: what ``/readyz`` tells.

Asked without Chroma's client and without LangChain, because the web process of a service has neither.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from functools import cache

from django.conf import settings
from django.db import connection

from support_site.threads import in_thread

logger = logging.getLogger(__name__)

#: A part that takes longer counts as down.
PATIENCE_SECONDS = 2.0
#: Whoever asks sooner is told what was found last, so that nobody can load the parts by asking.
FRESH_SECONDS = 1.0

#: Returns if the part answers, and raises if it does not.
Ask = Callable[[], object]


class Part:
    """One part, asked by one thread at a time: one that hangs never takes more than that."""

    def __init__(self, name: str, ask: Ask) -> None:
        self._name = name
        self._ask = ask
        self._is_up = True
        self._asked_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def is_up(self, patience: float = PATIENCE_SECONDS) -> bool:
        """Whether it answers within ``patience`` seconds, or did a moment ago."""
        if self._asking is None:
            if time.monotonic() - self._asked_at < FRESH_SECONDS:
                return self._is_up
            self._asking = asyncio.create_task(self._look())
        await asyncio.wait([self._asking], timeout=patience)
        return self._asking is None and self._is_up

    async def _look(self) -> None:
        was_up = self._is_up
        try:
            await in_thread(self._ask, pool="health")()
            self._is_up = True
        except Exception as error:  # noqa: BLE001  whatever it is, the part is down; said once, without its address
            self._is_up = False
            if was_up:
                logger.warning("%s does not answer (%s)", self._name, type(error).__name__)
        finally:
            self._asked_at, self._asking = time.monotonic(), None


class Parts:
    """All parts of a site."""

    def __init__(self, asks: Mapping[str, Ask]) -> None:
        self._parts = {name: Part(name, ask) for name, ask in asks.items()}

    def add(self, name: str, ask: Ask) -> None:
        self._parts[name] = Part(name, ask)

    async def states(self, patience: float = PATIENCE_SECONDS) -> dict[str, str]:
        """``{"database": "up", "redis": "down", ...}``, after ``patience`` seconds at most."""
        up = await asyncio.gather(*(part.is_up(patience) for part in self._parts.values()))
        return {name: "up" if is_up else "down" for name, is_up in zip(self._parts, up, strict=True)}


@cache
def site_parts() -> Parts:
    """The parts of this site. In the embedded mode ``lifespan`` adds those that run beside the web server."""
    if settings.SERVICE_MODE:
        return Parts({"database": ask_database, "redis": redis_ask(), "chroma": chroma_ask(), "broker": broker_ask()})
    return Parts({"database": ask_database, "store": _ask_store})


def ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def redis_ask() -> Ask:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    # Once more at once: the connection kept from last time does not survive a restart of Redis.
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 1),
    ).ping


def chroma_ask() -> Ask:
    import httpx

    address = f"{settings.CHROMA_URL.rstrip('/')}/api/v2/heartbeat"
    headers = {"Authorization": f"Bearer {settings.CHROMA_TOKEN}"} if settings.CHROMA_TOKEN else {}
    trust = httpx.create_ssl_context()  # once: it takes longer than the question
    return lambda: httpx.get(address, headers=headers, timeout=PATIENCE_SECONDS, verify=trust).raise_for_status()


def broker_ask() -> Ask:
    from kombu import Connection

    def ask() -> None:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=PATIENCE_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, interval_start=0)

    return ask


def _ask_store() -> None:
    """Embedded, Chroma lives in this process anyway; one read of one key tells whether it answers."""
    from agents.namespaces import HELP
    from support_site.memory.stores import site_store

    site_store().chroma().get(HELP, "readyz")
