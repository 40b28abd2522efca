"""Where the database work of coroutines runs: a few threads a process, bound to no socket and no turn.

Django's own way (``sync_to_async``, thread-sensitive) puts all sockets of a process on one thread; a
``ThreadSensitiveContext`` for each socket costs a thread for each idle one. A small pool costs neither.
"""

import asyncio
import atexit
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cache, partial
from typing import ParamSpec, TypeVar

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

P = ParamSpec("P")
R = TypeVar("R")

#: A connection that nobody has used for so long is closed.
IDLE_SECONDS = 60.0

#: Connections of the threads, each with its process: a child of a fork knows those of its parent and must not end them.
_opened: set[tuple[int, BaseDatabaseWrapper]] = set()


@cache
def _pool(process: int, name: str) -> ThreadPoolExecutor:
    """The threads of this process under a name; threads do not survive a fork, so a child makes its own."""
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix=name)


def in_thread(call: Callable[P, R], *, pool: str = "database") -> Callable[P, Awaitable[R]]:
    """``call`` as a coroutine function that runs it on a database thread and answers what it answers.

    Work that has begun is finished before a cancellation goes on, so a cancelled caller never leaves a
    transaction behind that commits later. Context variables travel with the call. Another ``pool`` is for calls
    that may wait long for something else than the database, and must not keep everybody waiting.
    """

    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        fresh = partial(_with_fresh_connections, call, *args, **kwargs)
        work = loop.run_in_executor(_pool(os.getpid(), pool), copy_context().run, fresh)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            if not work.cancelled():
                work.exception()  # looked at, so that asyncio does not report it as forgotten
            raise

    return run


def _with_fresh_connections(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """These threads last, so their connections may: opening one costs more than most of what is asked of it."""
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
    try:
        return call(*args, **kwargs)
    finally:
        for connection in connections.all(initialized_only=True):
            _opened.add((os.getpid(), connection))
            connection.health_check_enabled = True  # type: ignore[attr-defined]  # the stubs lack it
            connection.close_at = time.monotonic() + IDLE_SECONDS


@atexit.register
def _close_connections() -> None:
    """Python has ended the threads by now. Their connections would go with them, unclosed, if they were not kept."""
    for process, connection in _opened:
        if process == os.getpid():
            connection.inc_thread_sharing()
            connection.close()
