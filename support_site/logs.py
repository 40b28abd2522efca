"""How the site logs: lines for people, or JSON for machines; never what a person wrote (decision 0010)."""

import json
import logging
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

#: Only our own code is ever heard below INFO: libraries tell there what they carry (aiosqlite, whole conversations).
OURS = ("support_site", "agents")
#: Libraries that tell more than an operator wants to know.
QUIET = ("httpx", "httpx2", "httpcore", "openai", "chromadb", "celery", "kombu", "uvicorn.access", "uvicorn.error")

_about: ContextVar[dict[str, str] | None] = ContextVar("what this task or thread works on", default=None)


def about(**ids: object) -> None:
    """From here on, JSON lines of this task (and of what it starts) carry these ids: turn, conversation."""
    _about.set((_about.get() or {}) | {name: str(value) for name, value in ids.items()})


class Lines(logging.Formatter):
    """Of an exception its kind and place; its words may quote a message, or the row that the database refused."""

    def formatException(self, ei: Any) -> str:
        return "\n".join(without_words(ei[1], ei[2]))


class JsonLines(Lines):
    """One object a line, of these fields and no others."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **(_about.get() or {}),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told)


class TaskFailures(logging.Filter):
    """Celery writes an exception's words into the message itself: its kind is left."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, dict) and "exc" in record.args:
            kind = record.exc_info[0] if record.exc_info else None
            record.args = record.args | {"exc": kind.__name__ if kind else "", "traceback": ""}
        return True


def without_words(error: BaseException | None, trace: TracebackType | None) -> Iterator[str]:
    """The places an exception came through, its kind, and before it those of the one that caused it."""
    if error is None:
        return
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before:
        yield from without_words(before, before.__traceback__)
        yield "then"
    yield from (place.rstrip() for place in traceback.format_tb(trace))
    yield type(error).__qualname__


def configuration(*, level: str, form: str, keeps_words: bool = False) -> dict[str, Any]:
    """Django's LOGGING for lines of this form, "text" or "json"; ``keeps_words`` of exceptions is for developers."""
    text = "logging.Formatter" if keeps_words else "support_site.logs.Lines"
    filters = ["outages"] if keeps_words else ["outages", "task failures"]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "outages": {"()": "support_site.outage_lines.OutageLines"},
            "task failures": {"()": "support_site.logs.TaskFailures"},
        },
        "formatters": {
            "text": {"()": text, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
            "json": {"()": "support_site.logs.JsonLines"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": form, "filters": filters}},
        "root": {"handlers": ["stderr"], "level": max(level, "INFO", key=logging.getLevelNamesMapping().__getitem__)},
        "loggers": {name: {"level": level} for name in OURS} | {name: {"level": "WARNING"} for name in QUIET},
    }
