"""What every verb of the review desk has in common: a reason, a lock, and the name of who did it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from agents import ops
from agents.attribution import attributed
from agents.memory import NotKept
from support_site.accounts.models import User
from support_site.memory import cards
from support_site.memory.errors import RecordErased, UnknownAccount
from support_site.memory.models import Record
from support_site.memory.stores import site_ledger


class NotDone(Exception):
    """Nothing was changed; ``str()`` is the reason as a sentence for staff."""


@contextmanager
def writing(scopes: Iterable[str], *, by: User, reason: str) -> Iterator[None]:
    """All or nothing of the writes inside, in the name of ``by``, while nobody else writes there. Raises NotDone."""
    if not reason.strip():
        raise NotDone("Say why: a change of a memory needs a reason.")
    try:
        with transaction.atomic(), attributed(actor=f"staff:{by.pk}", reason=reason.strip()):
            cards.lock(scopes)
            yield
    except (NotKept, RecordErased, UnknownAccount) as refused:
        raise NotDone(str(refused)) from refused


def put(record: Record, value: dict[str, Any] | None) -> ops.Put:
    """The write that gives the record another value and leaves the time it has to live as it is."""
    left = (record.expires_at - timezone.now()).total_seconds() / 60 if record.expires_at else None
    ttl = None if left is None else max(left, 0.001)
    return ops.Put(record.labels, record.key, value, index=record.index, ttl=ttl)


def keep(puts: Iterable[ops.Put]) -> int:
    """Write them to the ledger; Chroma is told before it is read next. Returns how many differ from what was kept."""
    return site_ledger().keep(puts)


def now() -> str:
    """This instant as memories write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
