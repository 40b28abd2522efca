"""Who works on a turn: a worker claims it for some seconds at a time, so that a dead one is noticed.

The lease only says when somebody else may try. What keeps two workers from writing into one another is the
number of each event in the turn log, and the owner's name in every transaction that ends or pauses a turn.
"""

import asyncio
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from support_site.chat.models import Conversation, Turn
from support_site.threads import in_thread

LEASE = timedelta(seconds=15)
RENEW_BELOW = timedelta(seconds=10)
MAX_ATTEMPTS = 3
#: A database that failed is asked again so often.
BACK_SOON_SECONDS = 1.0
#: A queued turn that nobody has begun after this long was lost by the broker.
QUEUED_TOO_LONG = timedelta(seconds=5)

Status = Turn.Status


class LeaseLost(Exception):
    """Somebody else works on the turn, or it has ended: what this worker still wanted to write is void."""


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A claimed turn (with its conversation), as it was when it was claimed."""

    turn: Turn
    owner: str
    #: It was begun before, by an attempt that may have told something.
    is_resumed: bool

    def mine(self) -> QuerySet[Turn]:
        """The turn, as long as this lease holds."""
        return Turn.objects.filter(pk=self.turn.pk, lease_owner=self.owner, status=Status.RUNNING)


class Held(Enum):
    """What a look at one's lease shows."""

    YES = "yes"
    STOP = "stop"
    LOST = "lost"


@transaction.atomic
def claim(turn_id: UUID) -> Lease | None:
    """The turn, for this worker alone; None if it is not to be answered now (ended, running, not its turn yet).

    Pages hear of it from the turn's log, which they follow since it was queued.
    """
    found = Conversation.objects.select_for_update(of=("self",)).select_related("account")
    conversation = found.filter(turns=turn_id).first()
    if conversation is None:
        return None
    now = timezone.now()
    turns = Turn.objects.filter(Q(pk=turn_id) | Q(status__in=Turn.ACTIVE), conversation=conversation)
    others = {turn.pk: turn for turn in turns}
    turn = others.pop(turn_id)
    turn.conversation = conversation
    is_queued = turn.status == Status.QUEUED and not conversation.needs_person
    is_abandoned = turn.status == Status.RUNNING and turn.lease_until is not None and turn.lease_until <= now
    if others or not (is_queued or is_abandoned):
        return None
    turn.status, turn.lease_owner, turn.lease_until = Status.RUNNING, uuid.uuid4().hex, now + LEASE
    is_resumed = turn.started_at is not None
    turn.attempt, turn.started_at = turn.attempt + 1, turn.started_at or now
    turn.save(update_fields=["status", "lease_owner", "lease_until", "attempt", "started_at"])
    return Lease(turn=turn, owner=turn.lease_owner, is_resumed=is_resumed)


def renew(lease: Lease) -> Held:
    """Look whether the lease still holds and whether the customer wants to stop; prolong it when it is due."""
    row = lease.mine().values_list("lease_until", "stop_requested").first()
    if row is None:
        return Held.LOST
    lease_until, stop_requested = row
    now = timezone.now()
    is_due = lease_until is None or lease_until < now + RENEW_BELOW
    if is_due and not lease.mine().update(lease_until=now + LEASE):
        return Held.LOST
    return Held.STOP if stop_requested else Held.YES


def release(lease: Lease) -> bool:
    """Give a turn up unfinished, to be claimed at once; whether it was ours. It does not count as an attempt."""
    return bool(lease.mine().update(lease_until=timezone.now(), lease_owner="", attempt=lease.turn.attempt - 1))


async def release_when_back(lease: Lease) -> bool:
    """Give a turn up when the database that failed it answers again; whether it did before the lease ran out.

    It counts as an attempt: what looks like an outage may be the turn's own fault, and must not go on for ever.
    """
    for _ in range(int(LEASE.total_seconds())):
        await asyncio.sleep(BACK_SOON_SECONDS)
        with suppress(OperationalError, InterfaceError):
            return bool(await in_thread(lease.mine().update)(lease_until=timezone.now(), lease_owner=""))
    return False


def release_all() -> int:
    """Free every running turn: right where one process is the whole site and has only just begun."""
    return Turn.objects.filter(status=Status.RUNNING).update(lease_until=timezone.now(), lease_owner="")


def lost() -> list[Turn]:
    """Turns that somebody should work on and nobody does: their worker died, or their task got lost."""
    now = timezone.now()
    abandoned = Q(status=Status.RUNNING, lease_until__lte=now)
    forgotten = Q(status=Status.QUEUED, created_at__lt=now - QUEUED_TOO_LONG, conversation__needs_person=False)
    turns = Turn.objects.filter(abandoned | forgotten).order_by("created_at")
    busy = set(Turn.objects.filter(status__in=Turn.ACTIVE).values_list("conversation_id", flat=True))
    first: dict[UUID, Turn] = {}
    for turn in turns:
        if turn.status == Status.RUNNING or turn.conversation_id not in busy:
            first.setdefault(turn.conversation_id, turn)
    return list(first.values())
