"""Celery's queues as a folder of files, for the site that is one process."""

import logging
import os
import threading
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any, ClassVar

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)


class _News(threading.Condition):
    """Counts what was put, so that each of several readers sees what came since it last looked."""

    puts = 0

    def tell(self) -> None:
        with self:
            self.puts += 1
            self.notify_all()

    def wait_for_more_than(self, puts: int, seconds: float) -> None:
        with self:
            self.wait_for(lambda: self.puts > puts, seconds)


_news = _News()


class Channel(filesystem.Channel):
    """Kombu's, but a message appears whole (written aside, then renamed) and is taken by one reader (renamed first).

    Kombu writes in place, so that a reader polling every 50 ms now and then finds an empty file, fails, and takes
    its worker with it; and it moves messages through the machine's shared temporary folder.
    """

    @property
    def control_folder(self) -> Path:
        return Path(self.data_folder_in).parent / "control"

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]  # as kombu's
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns()}_{uuid.uuid4().hex}.{queue}.msg"
        aside = folder / f".{name}.new"
        aside.write_text(dumps(payload))
        aside.rename(folder / name)
        _news.tell()

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        folder = Path(self.data_folder_in)
        for name in sorted(each for each in os.listdir(folder) if each.partition(".")[2] == f"{queue}.msg"):
            taken = folder / f".{name}.taken"
            try:
                (folder / name).rename(taken)
                return _read(taken)
            except FileNotFoundError:
                continue  # another reader was faster
            except ValueError:
                logger.error("message %s cannot be read and was dropped", name)
        raise Empty


class Transport(filesystem.Transport):
    """Looks into the folder when this process has put something there, and every ``polling_interval`` besides: a
    second, for what another process, a command, has put there."""

    Channel = Channel
    default_connection_params: ClassVar[dict[str, Any]] = {}

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """Deliver one message. Raises TimeoutError after ``timeout`` seconds without one."""
        deadline = time.monotonic() + timeout if timeout else None
        while deadline is None or time.monotonic() < deadline:
            puts = _news.puts
            try:
                self.cycle.get(self._deliver, timeout=timeout)  # type: ignore[union-attr]  # set with the transport
                return
            except Empty:
                _news.wait_for_more_than(puts, self.polling_interval)
        raise TimeoutError


def give_back(folder: Path) -> int:
    """Put back what readers had in hand when the machine went down, and clear away what was half-written; how many."""
    for path in folder.glob(".*.new"):
        path.unlink()
    taken = list(folder.glob(".*.taken"))
    for path in taken:
        path.rename(folder / path.name.removeprefix(".").removesuffix(".taken"))
    return len(taken)


def _read(path: Path) -> dict[str, Any]:
    try:
        payload: dict[str, Any] = loads(path.read_text())
        return payload
    finally:
        path.unlink()
