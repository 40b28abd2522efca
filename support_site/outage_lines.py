"""A part that is away, in the log: a line when it goes, one a minute as long as that lasts, and one when it is back.

Whatever speaks to Redis or to the broker tries again every second or so, and says each time that it failed, some with a
traceback of a hundred lines: at night that hides everything else.
"""

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

logger = logging.getLogger(__name__)

#: Who says round after round that a part is away, and which part.
PARTS = {
    "channels_redis.pubsub": "Redis",
    "support_site.chat.shared_hub": "Redis",
    "celery.beat": "the broker",
    "celery.worker.consumer.consumer": "the broker",
}
#: By name, of exceptions or what they inherit from: loading the libraries they are of would slow every command down.
LOSSES = {"ConnectionError", "TimeoutError", "OSError", "EOFError", "BusyLoadingError"}
AGAIN_SECONDS = 60.0
#: What was tried before a part came back may fail after it.
LATE_SECONDS = 5.0
#: Nobody has noticed that it is back, because nobody wanted anything of it.
FORGOTTEN_SECONDS = 120.0


@dataclass
class Absence:
    """Of a part: its times are those of ``time.monotonic``."""

    since: float
    said: float
    latest: float
    left_out: int = 0


_lock = threading.Lock()
_absences: dict[str, Absence] = {}
_back: dict[str, float] = {}


class OutageLines(logging.Filter):
    """Leaves of the lines that a part is away those worth reading, and of these what is worth reading."""

    def filter(self, record: logging.LogRecord) -> bool:
        part = PARTS.get(record.name)
        loss = _loss_in(record) if part else None
        if part is None or loss is None:
            return True
        told = _told_of(part, time.monotonic())
        if told:
            record.msg, record.args, record.exc_info, record.exc_text = "%s (%s)", (told, loss), None, None
        return told is not None


def answers(part: str) -> None:
    """The part has just been of use: if it was away, say that it is back."""
    if part not in _absences:
        return
    now = time.monotonic()
    with _lock:
        absence = _absences.pop(part, None)
        _back[part] = now
    if absence:
        logger.warning(
            "%s answers again, after %.0f s (%d lines left out)", part, now - absence.since, absence.left_out
        )


def _told_of(part: str, now: float) -> str | None:
    """What is to be said of a part that was just missed; None if nothing."""
    with _lock:
        absence = _absences.get(part)
        if absence is None or now - absence.latest > FORGOTTEN_SECONDS:
            if now - _back.get(part, -LATE_SECONDS) < LATE_SECONDS:
                return None
            _absences[part] = Absence(since=now, said=now, latest=now)
            return f"{part} does not answer; until it does, this is said once a minute"
        absence.latest = now
        if now - absence.said < AGAIN_SECONDS:
            absence.left_out += 1
            return None
        absence.said = now
        return f"{part} has not answered for {now - absence.since:.0f} s, {absence.left_out} lines left out"


def _loss_in(record: logging.LogRecord) -> str | None:
    """The name of the lost connection that the line is about; None if it is about something else."""
    args = record.args if isinstance(record.args, tuple) else ()
    errors = [arg for arg in args if isinstance(arg, BaseException)]
    if record.exc_info and record.exc_info[1]:
        errors.append(record.exc_info[1])
    names = [type(error).__name__ for first in errors for error in _chain(first) if _is_loss(error)]
    names += [arg for arg in args if isinstance(arg, str) and arg in LOSSES]
    return names[0] if names else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _is_loss(error: BaseException) -> bool:
    return any(kind.__name__ in LOSSES for kind in type(error).__mro__)
