"""The whole site in one process: a real Celery worker and beat on threads beside the web server.

The same tasks, queues and serialisation as in a service of many processes; never eager.
"""

import asyncio
import fcntl
import logging
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any

from celery.beat import EmbeddedService, Scheduler
from celery.worker import WorkController
from celery.worker import state as worker_state
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from support_site import broker
from support_site.celery import app

logger = logging.getLogger(__name__)

QUEUES = ["turns", "background"]
#: Threads that wait for answers cost next to nothing, and background work must find one too.
THREADS = 16
#: A turn goes from thread to thread a dozen times before its first word, and a busy one lets go of the interpreter
#: after this long. At Python's 5 ms what the site adds to a turn was 33 ms at the slow end, so it is 29 (p95).
SWITCH_SECONDS = 0.0005
READY_SECONDS = 30.0
DRAIN_SECONDS = 5.0
STOP_SECONDS = 15.0


class CannotStart(Exception):
    """The site cannot run like this; the text says why and what to do."""


class _Worker(WorkController):
    """A worker that says when it has begun to take tasks."""

    def __init__(self, ready: threading.Event) -> None:
        self._ready = ready
        super().__init__(
            app=app,
            pool="threads",
            concurrency=THREADS,
            queues=QUEUES,
            hostname="embedded@localhost",
            loglevel="WARNING",
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )

    def on_consumer_ready(self, consumer: Any) -> None:
        self._ready.set()


class Embedded:
    """Worker, beat and the agent's loop of a site that is one process."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._worker = threading.Thread(target=self._work, name="worker", daemon=True)
        self._beat = EmbeddedService(app, thread=True, scheduler_cls=Scheduler)
        self._lock: IO[str] | None = None
        self._agent: Future[Any] | None = None

    def start(self) -> None:
        """Return when tasks are taken. Raises CannotStart."""
        check_migrations()
        sys.setswitchinterval(SWITCH_SECONDS)
        self._lock = only_one(settings.DATA_DIR / "running.lock")
        self._pick_up_the_pieces()
        worker_state.should_stop = None
        self._worker.start()
        if not self._ready.wait(READY_SECONDS):
            raise CannotStart("The worker did not start in time; the lines above say why.")
        self._beat.start()
        self._warm_up()

    def stop(self) -> None:
        """Take no more tasks, let running answers end or hand them over, and give everything back."""
        self._stopping.set()
        worker_state.should_stop = 0
        if self._beat.is_alive():
            self._beat.stop()
        self._drain()
        if self._worker.is_alive():
            self._worker.join(STOP_SECONDS)
        worker_state.should_stop = None
        if self._lock:
            self._lock.close()

    def ask_worker(self) -> None:
        """Raises RuntimeError if nothing takes tasks."""
        if not (self._ready.is_set() and self._worker.is_alive()):
            raise RuntimeError

    def ask_beat(self) -> None:
        """Raises RuntimeError if nothing makes them by the clock."""
        if not self._beat.is_alive():
            raise RuntimeError

    def _work(self) -> None:
        """Run a worker, and another one should it end by itself."""
        while not self._stopping.is_set():
            _Worker(self._ready).start()
            if not self._stopping.is_set():
                logger.error("the worker ended by itself; another one takes over")
                time.sleep(1)

    def _pick_up_the_pieces(self) -> None:
        """Nobody else works here, so whatever was left by a process that died is free at once."""
        from support_site.chat.leases import release_all

        broker.give_back(settings.DATA_DIR / "broker" / "queue")
        release_all()
        connection.close()

    def _warm_up(self) -> None:
        """Build the agent now and not in front of the first customer."""
        from support_site.chat.loops import worker_loop

        def build() -> None:
            from support_site.chat.agent import site_agent

            self._agent = asyncio.run_coroutine_threadsafe(site_agent(), worker_loop().loop)
            self._agent.add_done_callback(_report)

        threading.Thread(target=build, name="warm-up", daemon=True).start()

    def _drain(self) -> None:
        if self._agent is None:
            return
        from support_site.chat.agent import close_site_agent
        from support_site.chat.loops import worker_loop
        from support_site.chat.running import drain

        worker_loop().run(drain(DRAIN_SECONDS))
        worker_loop().run(close_site_agent())


def check_migrations() -> None:
    """Raises CannotStart if the database lacks a migration."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    connection.close()
    if missing:
        raise CannotStart("The database is not up to date. Run `make run`, or `python manage.py migrate`.")


def only_one(path: Path) -> IO[str]:
    """A lock on the data that is held until the file is closed. Raises CannotStart if another process holds it."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise CannotStart(
            f"Another process runs this site on the same data, {path.parent}. Stop it, or set another DATA_DIR."
        ) from None
    return file


def _report(built: "Future[Any]") -> None:
    """A failure shows in the log at the start, and again with every answer until it is put right."""
    if not built.cancelled() and built.exception():
        logger.error("the agent cannot be built: %s", built.exception())
