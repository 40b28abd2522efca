"""A thread that removes expired records every few minutes."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future

from .errors import StoreError

log = logging.getLogger(__name__)


class Sweeper:
    def __init__(self, sweep: Callable[[], int]) -> None:
        self._sweep = sweep
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._done: Future[None] = Future()

    def start(self, interval_minutes: float) -> Future[None]:
        """Sweep every so many minutes until ``stop``, or until the future returned is cancelled."""
        if self._thread and self._thread.is_alive():
            return self._done
        self._stop.clear()
        self._done = Future()
        self._done.add_done_callback(self._stop_if_cancelled)
        self._thread = threading.Thread(
            target=self._run, args=(interval_minutes * 60, self._done), daemon=True, name="store-sweeper"
        )
        self._thread.start()
        return self._done

    def stop(self, timeout: float | None = None) -> bool:
        """Whether the thread has ended, waiting at most ``timeout`` seconds for it."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout)
        return not (self._thread and self._thread.is_alive())

    def _stop_if_cancelled(self, done: "Future[None]") -> None:
        if done.cancelled():
            self._stop.set()

    def _run(self, seconds: float, done: "Future[None]") -> None:
        try:
            self._sweep_every(seconds)
        except Exception as error:  # noqa: BLE001 - not swallowed: whoever holds the future gets it
            if not done.cancelled():
                done.set_exception(error)
        else:
            if not done.cancelled():
                done.set_result(None)

    def _sweep_every(self, seconds: float) -> None:
        while not self._stop.wait(seconds):
            try:
                if removed := self._sweep():
                    log.info("%d expired records removed", removed)
            except StoreError:
                log.exception("The sweep failed and is tried again in %.0f seconds", seconds)
