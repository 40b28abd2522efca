"""The turn log: every event of a turn, numbered from 1. It is the truth, and a socket is a view of it."""

import asyncio
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from support_site.chat.hub import hub
from support_site.chat.models import Turn, TurnEvent

Event = dict[str, Any]


class Entry(NamedTuple):
    """An event and its number in the turn."""

    seq: int
    event: Event


class Fenced(Exception):
    """The number was written already, by another attempt: this writer's time is over."""


class TurnLog(Protocol):
    """Where the events of turns are. Methods block (call them on a database thread), except ``watch``."""

    def append(self, turn_id: UUID, seq: int, *events: Event) -> None:
        """Write ``events`` as ``seq``, ``seq + 1``, ..., all or none. Raises Fenced if one number is taken."""

    def read(self, turn_id: UUID, after: int = 0, limit: int = 500) -> list[Entry]:
        """At most ``limit`` entries with a number above ``after``, in order."""

    def last_seq(self, turn_id: UUID) -> int:
        """The highest number written, 0 for none."""

    def watch(self, turn_id: UUID) -> AbstractContextManager[asyncio.Event]:
        """An event of the running loop that is set whenever the turn's log has grown."""

    def sweep(self, older_than: timedelta) -> int:
        """Drop the logs of turns that ended before that long ago (their messages are kept); how many events."""


class SqlTurnLog:
    """The embedded filling: a table whose unique (turn, seq) is the fence, and the hub of this process."""

    def append(self, turn_id: UUID, seq: int, *events: Event) -> None:
        rows = [TurnEvent(turn_id=turn_id, seq=seq + i, event=event) for i, event in enumerate(events)]
        try:
            with transaction.atomic():
                TurnEvent.objects.bulk_create(rows)
        except IntegrityError as error:
            raise Fenced(f"event {seq} of turn {turn_id}") from error
        transaction.on_commit(lambda: hub.wake(("log", turn_id)))

    def read(self, turn_id: UUID, after: int = 0, limit: int = 500) -> list[Entry]:
        rows = TurnEvent.objects.filter(turn_id=turn_id, seq__gt=after).order_by("seq")
        return [Entry(*row) for row in rows.values_list("seq", "event")[:limit]]

    def last_seq(self, turn_id: UUID) -> int:
        return TurnEvent.objects.filter(turn_id=turn_id).aggregate(last=Max("seq"))["last"] or 0

    def watch(self, turn_id: UUID) -> AbstractContextManager[asyncio.Event]:
        return hub.watch(("log", turn_id))

    def sweep(self, older_than: timedelta) -> int:
        ended = Turn.objects.filter(status__in=Turn.FINISHED, finished_at__lt=timezone.now() - older_than)
        return TurnEvent.objects.filter(turn__in=ended).delete()[0]


@cache
def turn_log() -> TurnLog:
    """The log of this site."""
    return SqlTurnLog()
