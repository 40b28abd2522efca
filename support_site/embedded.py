"""The whole site in one process: a real Celery worker and beat on threads beside the web server.

The same tasks, queues and serialisation as in a service of many processes; never eager.
"""

import fcntl
import logging
import sys
import threading
import time
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
from support_site.chat.warming import warm_up

logger = logging.getLogger(__name__)

#: A worker for each group of queues, with so many threads: a flood of other work must not keep a customer waiting, nor
#: slow answers the other work.
WORKERS = {"turns": 16, "background,learning": 4}
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

    def __init__(self, queues: str, ready: threading.Event) -> None:
        self._ready = ready
        super().__init__(
            app=app,
            pool="threads",
            concurrency=WORKERS[queues],
            queues=queues,
            hostname=f"{queues}@localhost",
            loglevel="WARNING",
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )

    def on_consumer_ready(self, consumer: Any) -> None:
        self._ready.set()


class Embedded:
    """Workers, beat and the agent's loop of a site that is one process."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._ready = {queues: threading.Event() for queues in WORKERS}
        self._workers = [
            threading.Thread(target=self._work, args=each, name="worker", daemon=True) for each in self._ready.items()
        ]
        self._beat = EmbeddedService(app, thread=True, scheduler_cls=Scheduler)
        self._lock: IO[str] | None = None
        self._is_warm = False

    def start(self) -> None:
        """Return when tasks are taken. Raises CannotStart."""
        check_migrations()
        sys.setswitchinterval(SWITCH_SECONDS)
        self._lock = only_one(settings.DATA_DIR / "running.lock")
        self._pick_up_the_pieces()
        worker_state.should_stop = None
        # One after the other: a worker that starts keeps in Celery's app which queues are its own, and only the first
        # one of a process imports the tasks.
        for worker, ready in zip(self._workers, self._ready.values(), strict=True):
            worker.start()
            if not ready.wait(READY_SECONDS):
                raise CannotStart("The worker did not start in time; the lines above say why.")
        self._beat.start()
        self._is_warm = True
        warm_up()

    def stop(self) -> None:
        """Take no more tasks, let running answers end or hand them over, and give everything back."""
        self._stopping.set()
        worker_state.should_stop = 0
        if self._beat.is_alive():
            self._beat.stop()
        self._drain()
        until = time.monotonic() + STOP_SECONDS
        for worker in self._workers:
            if worker.is_alive():
                worker.join(max(0, until - time.monotonic()))
        worker_state.should_stop = None
        if self._lock:
            self._lock.close()

    def ask_worker(self) -> None:
        """Raises RuntimeError if nothing takes tasks."""
        if not all(ready.is_set() for ready in self._ready.values()):
            raise RuntimeError
        if not all(worker.is_alive() for worker in self._workers):
            raise RuntimeError

    def ask_beat(self) -> None:
        """Raises RuntimeError if nothing makes them by the clock."""
        if not self._beat.is_alive():
            raise RuntimeError

    def _work(self, queues: str, ready: threading.Event) -> None:
        """Run a worker, and another one should it end by itself."""
        while not self._stopping.is_set():
            _Worker(queues, ready).start()
            if not self._stopping.is_set():
                logger.error("the worker ended by itself; another one takes over")
                time.sleep(1)

    def _pick_up_the_pieces(self) -> None:
        """Nobody else works here, so whatever was left by a process that died is free at once."""
        from support_site.chat.leases import release_all

        broker.give_back(settings.DATA_DIR / "broker" / "queue")
        release_all()
        connection.close()

    def _drain(self) -> None:
        if not self._is_warm:
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
