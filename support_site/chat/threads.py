"""Where the database work of coroutines runs: a few threads a process, bound to no socket and no turn.

Django's own way (``sync_to_async``, thread-sensitive) puts all sockets of a process on one thread; a
``ThreadSensitiveContext`` for each socket costs a thread for each idle one. A small pool costs neither.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
R = TypeVar("R")

_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="database")


def in_thread(call: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """``call`` as a coroutine function that runs it on a database thread and answers what it answers.

    Work that has begun is finished before a cancellation goes on, so a cancelled caller never leaves a
    transaction behind that commits later.
    """

    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(_pool, partial(_with_fresh_connections, call, *args, **kwargs))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait([work])
            if not work.cancelled():
                work.exception()  # looked at, so that asyncio does not report it as forgotten
            raise

    return run


def _with_fresh_connections(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    close_old_connections()
    try:
        return call(*args, **kwargs)
    finally:
        close_old_connections()
