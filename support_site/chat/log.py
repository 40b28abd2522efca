"""The turn log: every event of a turn, numbered from 1. It is the truth, and a socket is a view of it."""

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import cache, partial
from typing import Any, NamedTuple, Protocol, cast
from uuid import UUID

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Field, Max
from django.utils import timezone

from support_site.chat.hub import News, hub
from support_site.chat.models import Turn, TurnEvent

Event = dict[str, Any]


class Entry(NamedTuple):
    """An event and its number in the turn."""

    seq: int
    event: Event


class Append(NamedTuple):
    """Events for the log of a turn, the first of them with the number ``seq``."""

    turn_id: UUID
    seq: int
    events: tuple[Event, ...]


class Fenced(Exception):
    """The number was written already, by another attempt: this writer's time is over."""


class LogLost(Fenced):
    """What stood before the number is gone. Whoever writes on must tell the turn anew (``retelling.py``)."""


class LogUnreachable(OperationalError):
    """The log does not answer. To be treated like any database that does not: tried again."""


class TurnLog(Protocol):
    """Where the events of turns are. Methods block (call them on a database thread), except ``watch``; they raise
    OperationalError when the log cannot be reached."""

    #: Whether what was written is there until it is swept.
    is_durable: bool

    def append(self, turn_id: UUID, seq: int, *events: Event) -> None:
        """Write ``events`` as ``seq``, ``seq + 1``, ..., all or none. Raises Fenced if one number is taken, and LogLost
        if the log can be lost and the number before is missing."""

    def append_all(self, appends: Sequence[Append]) -> list[Fenced | None]:
        """Append to the logs of several turns, which costs little more than to one. For each, why nothing of it was
        written, or None."""

    def begin_anew(self, turn_id: UUID, seq: int, *events: Event) -> None:
        """Append to a log that was lost, with a number above all that anybody has seen. Raises Fenced."""

    def read(self, turn_id: UUID, after: int = 0, limit: int = 500) -> list[Entry]:
        """At most ``limit`` entries with a number above ``after``, in order."""

    def last_seq(self, turn_id: UUID) -> int:
        """The highest number written, 0 for none."""

    def watch(self, turn_id: UUID) -> AbstractContextManager[News]:
        """News of the running loop, set whenever the turn's log has grown; may bring (number, event) of what is new."""

    def sweep(self, older_than: timedelta) -> int:
        """Drop the logs of turns that ended before that long ago (their messages are kept); how many events."""

    def forget(self, turn_ids: Iterable[UUID]) -> int:
        """Drop every event of these turns, which nobody works on any more; how many events."""


#: Written twenty times a second for each answer: made as objects, the rows would cost four times as much.
_INSERT = 'INSERT INTO "chat_turnevent" ("turn_id", "seq", "event", "created_at") VALUES (%s, %s, %s, %s)'
_COLUMNS = [cast("Field", TurnEvent._meta.get_field(name)) for name in ("turn", "seq", "event", "created_at")]


def _row(turn_id: UUID, seq: int, event: Event) -> list[Any]:
    values = (turn_id, seq, event, timezone.now())
    return [column.get_db_prep_save(value, connection) for column, value in zip(_COLUMNS, values, strict=True)]


def _entries(append: Append) -> list[Entry]:
    """What followers would read, so that they need not: an event as it comes out of JSON."""
    events = json.loads(json.dumps(append.events, cls=DjangoJSONEncoder))
    return [Entry(*numbered) for numbered in enumerate(events, append.seq)]


class SqlTurnLog:
    """The embedded filling: a table whose unique (turn, seq) is the fence, and the hub of this process."""

    is_durable = True

    def append(self, turn_id: UUID, seq: int, *events: Event) -> None:
        [refusal] = self.append_all([Append(turn_id, seq, events)])
        if refusal:
            raise refusal

    def append_all(self, appends: Sequence[Append]) -> list[Fenced | None]:
        rows = [
            _row(turn_id, seq + place, event) for turn_id, seq, events in appends for place, event in enumerate(events)
        ]
        try:
            # Within the transaction that ends a turn, a refusal undoes that too: no savepoint.
            with transaction.atomic(savepoint=False), connection.cursor() as cursor:
                cursor.executemany(_INSERT, rows)
        except IntegrityError:
            if len(appends) == 1:
                return [Fenced(f"event {appends[0].seq} of turn {appends[0].turn_id}")]
            return [refusal for append in appends for refusal in self.append_all([append])]
        for append in appends:
            transaction.on_commit(partial(hub.wake_here, ("log", append.turn_id), *_entries(append)))
        return [None] * len(appends)

    def begin_anew(self, turn_id: UUID, seq: int, *events: Event) -> None:
        self.append(turn_id, seq, *events)

    def read(self, turn_id: UUID, after: int = 0, limit: int = 500) -> list[Entry]:
        rows = TurnEvent.objects.filter(turn_id=turn_id, seq__gt=after).order_by("seq")
        return [Entry(*row) for row in rows.values_list("seq", "event")[:limit]]

    def last_seq(self, turn_id: UUID) -> int:
        return TurnEvent.objects.filter(turn_id=turn_id).aggregate(last=Max("seq"))["last"] or 0

    def watch(self, turn_id: UUID) -> AbstractContextManager[News]:
        return hub.watch(("log", turn_id))

    def sweep(self, older_than: timedelta) -> int:
        ended = Turn.objects.filter(status__in=Turn.FINISHED, finished_at__lt=timezone.now() - older_than)
        return TurnEvent.objects.filter(turn__in=ended).delete()[0]

    def forget(self, turn_ids: Iterable[UUID]) -> int:
        return TurnEvent.objects.filter(turn__in=list(turn_ids)).delete()[0]


@cache
def turn_log() -> TurnLog:
    """The log of this site."""
    if not settings.REDIS_URL:
        return SqlTurnLog()
    from support_site.chat.stream_log import RedisTurnLog

    return RedisTurnLog(settings.REDIS_URL, hub)
