"""Wakes coroutines of one process from any of its threads; as a service, of every process (``shared_hub.py``).

The in-memory channel layer cannot: a group send from another thread is heard when the loop wakes for some
other reason, which was measured at 1.5 to 3.5 seconds.
"""

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

from django.conf import settings

#: What is watched: a kind ("log", "turn") and an id.
Key = tuple[str, UUID]

MOST_BROUGHT = 128


class News(asyncio.Event):
    """Set when there is something new, which may have been brought along; the newest only, if nobody looks."""

    def __init__(self) -> None:
        super().__init__()
        self._brought: deque[Any] = deque(maxlen=MOST_BROUGHT)

    def bring(self, items: tuple[Any, ...]) -> None:
        self._brought.extend(items)
        self.set()

    def take(self) -> list[Any]:
        """What was brought since the last look."""
        self.clear()
        taken = list(self._brought)
        self._brought.clear()
        return taken


Watcher = tuple[asyncio.AbstractEventLoop, News]


class Hub:
    """News by key. Watching belongs to a loop, waking to any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: dict[Key, set[Watcher]] = defaultdict(set)

    @contextmanager
    def watch(self, key: Key) -> Iterator[News]:
        """News of the running loop, set at every ``wake(key)``; the watcher clears it."""
        watcher = (asyncio.get_running_loop(), News())
        with self._lock:
            self._watchers[key].add(watcher)
        try:
            yield watcher[1]
        finally:
            with self._lock:
                self._watchers[key].discard(watcher)
                if not self._watchers[key]:
                    del self._watchers[key]

    def wake(self, key: Key) -> None:
        """Set the news of everyone who watches ``key``, wherever they are."""
        self.wake_here(key)

    def wake_here(self, key: Key, *items: Any) -> None:
        """Set the news of those in this process, and bring them ``items``."""
        with self._lock:
            watchers = list(self._watchers.get(key, ()))
        here = _running_loop()
        for loop, news in watchers:
            if loop is here:
                news.bring(items)
                continue
            with suppress(RuntimeError):  # the loop is closed: its watcher is gone with it
                loop.call_soon_threadsafe(news.bring, items)

    def __len__(self) -> int:
        """How many keys are watched."""
        with self._lock:
            return len(self._watchers)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _site_hub() -> Hub:
    if not settings.REDIS_URL:
        return Hub()
    from support_site.chat.shared_hub import SharedHub

    return SharedHub(settings.REDIS_URL)


#: The hub of this process.
hub = _site_hub()
