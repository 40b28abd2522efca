"""How many pages somebody has open, over all web processes: an account, and whoever is behind one address."""

import logging
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Protocol
from uuid import UUID, uuid4

from django.conf import settings
from redis import RedisError

from support_site.chat.limits import each
from support_site.chat.shared_hub import open_redis
from support_site.threads import in_thread

logger = logging.getLogger(__name__)

#: A page counts for so long unless its process says that it is still open: those of a killed one go by themselves.
STAYS_SECONDS = 120.0

#: Who is counted, and how many pages they may have.
Allowed = Sequence[tuple[str, int]]


class Crowded(Exception):
    """This account or address has too many pages open."""


class Pages(Protocol):
    """Where open pages are counted. Methods block."""

    def enter(self, page: str, allowed: Allowed) -> bool:
        """Count the page for each who is allowed some; False, and nothing counted, if one of them has too many."""

    def leave(self, page: str, allowed: Allowed) -> None:
        """Count it no more, if it counts."""


@asynccontextmanager
async def counted(account_id: UUID, address: str) -> AsyncIterator[None]:
    """Count a page as long as it is open. Raises Crowded."""
    page, allowed = uuid4().hex, each(account_id, address, settings.OPEN_SOCKETS)
    try:  # from here, because a page that leaves while it enters has entered
        if not await in_thread(pages().enter, pool="pages")(page, allowed):
            raise Crowded
        yield
    finally:
        await in_thread(pages().leave, pool="pages")(page, allowed)


class PagesHere:
    """Counts in this process, which is the only one."""

    def __init__(self) -> None:
        self._open: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def enter(self, page: str, allowed: Allowed) -> bool:
        with self._lock:
            if any(len(self._open.get(who, ())) >= most for who, most in allowed):
                return False
            for who, _ in allowed:
                self._open.setdefault(who, set()).add(page)
            return True

    def leave(self, page: str, allowed: Allowed) -> None:
        with self._lock:
            for who, _ in allowed:
                theirs = self._open.get(who, set())
                theirs.discard(page)
                if not theirs:
                    self._open.pop(who, None)


class SharedPages:
    """Counts in Redis, a sorted set each: pages by the time until which they count. Without Redis nobody is counted."""

    def __init__(self, url: str, *, stays: float = STAYS_SECONDS) -> None:
        self._redis = open_redis(url)
        self._stays = stays
        self._open: set[tuple[str, str]] = set()
        self._renewing = threading.Thread(target=self._renew_for_ever, name="pages", daemon=True)
        self._begin = threading.Lock()

    def enter(self, page: str, allowed: Allowed) -> bool:
        try:
            counts = [self._counted_with(page, who) for who, _ in allowed]
        except RedisError as error:
            logger.warning("pages are not counted: Redis does not answer (%s)", type(error).__name__)
            return True
        self._open |= {(who, page) for who, _ in allowed}
        with self._begin:
            if self._renewing.ident is None:
                self._renewing.start()
        if any(count > most for count, (_, most) in zip(counts, allowed, strict=True)):
            self.leave(page, allowed)
            return False
        return True

    def leave(self, page: str, allowed: Allowed) -> None:
        self._open -= {(who, page) for who, _ in allowed}
        with suppress(RedisError):  # then it goes by itself
            for who, _ in allowed:
                self._redis.zrem(_key(who), page)

    def renew(self) -> None:
        """Say of every page of this process that it is still open. Raises RedisError."""
        until = time.time() + self._stays
        with self._redis.pipeline() as steps:
            for who, page in list(self._open):
                steps.zadd(_key(who), {page: until})
                steps.expire(_key(who), int(self._stays) + 1)
            steps.execute()

    def _counted_with(self, page: str, who: str) -> int:
        now = time.time()
        with self._redis.pipeline() as steps:
            steps.zremrangebyscore(_key(who), 0, now)
            steps.zadd(_key(who), {page: now + self._stays})
            steps.expire(_key(who), int(self._stays) + 1)
            steps.zcard(_key(who))
            return int(steps.execute()[-1])

    def _renew_for_ever(self) -> None:
        while True:
            time.sleep(self._stays / 3)
            with suppress(RedisError):  # said when the next page is opened; the next round makes up for it
                self.renew()


@cache
def pages() -> Pages:
    """Where the pages of this site are counted."""
    return SharedPages(settings.REDIS_URL) if settings.REDIS_URL else PagesHere()


def _key(who: str) -> str:
    return f"pages.{who}"
