"""Wakes coroutines of one process from any of its threads.

The in-memory channel layer cannot: a group send from another thread is heard when the loop wakes for some
other reason, which was measured at 1.5 to 3.5 seconds.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress

Watcher = tuple[asyncio.AbstractEventLoop, asyncio.Event]


class Hub:
    """Events by key. Watching belongs to a loop, waking to any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: dict[Hashable, set[Watcher]] = defaultdict(set)

    @contextmanager
    def watch(self, key: Hashable) -> Iterator[asyncio.Event]:
        """An event of the running loop that is set at every ``wake(key)``; the watcher clears it."""
        watcher = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._watchers[key].add(watcher)
        try:
            yield watcher[1]
        finally:
            with self._lock:
                self._watchers[key].discard(watcher)
                if not self._watchers[key]:
                    del self._watchers[key]

    def wake(self, key: Hashable) -> None:
        """Set the events of everyone who watches ``key``."""
        with self._lock:
            watchers = list(self._watchers.get(key, ()))
        for loop, event in watchers:
            with suppress(RuntimeError):  # the loop is closed: its watcher is gone with it
                loop.call_soon_threadsafe(event.set)

    def __len__(self) -> int:
        """How many keys are watched."""
        with self._lock:
            return len(self._watchers)


#: The hub of this process.
hub = Hub()
