"""One asyncio loop for the answers of a worker process, on a thread of its own.

Celery's threads wait on it. A loop for each task would break every pooled client ("attached to a different
loop"), and a process for each task costs four times the memory.
"""

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

from uvicorn.loops.auto import auto_loop_factory

T = TypeVar("T")


class WorkerLoop:
    """A running loop. Its thread is a daemon: what it must finish, it is told by ``running.drain``."""

    def __init__(self) -> None:
        # The kind that uvicorn serves on: uvloop where there is one, which makes a token cheaper by a sixth.
        self.loop = auto_loop_factory()()
        threading.Thread(target=self.loop.run_forever, name="answers", daemon=True).start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What the coroutine answers or raises; the calling thread waits for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()


_one_thread = threading.Lock()
_made = cache(WorkerLoop)


def worker_loop() -> WorkerLoop:
    """The loop of this process, made on first use (so after a fork, never before one)."""
    with _one_thread:  # a cache alone lets two threads that are first at once make two
        return _made()
