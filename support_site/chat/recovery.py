"""Finds what fell by the wayside when a worker, a broker or a whole machine went down."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from support_site.chat import leases
from support_site.chat.endings import give_up
from support_site.chat.log import Fenced
from support_site.chat.models import Turn
from support_site.chat.retelling import repair_log

#: A turn this long over without being learned from has lost its task, or the model did not answer. It is tried again
#: now and then, because each try may cost a call of the model; a day later it is left alone.
LEARNED_BY_NOW = timedelta(minutes=1)
LEARN_AGAIN_AFTER = timedelta(minutes=10)
TOO_OLD_TO_LEARN = timedelta(days=1)
MOST_AT_ONCE = 50


@dataclass(kw_only=True)
class Recovered:
    """Ids of turns for which a task has to be made."""

    to_answer: list[UUID] = field(default_factory=list)
    to_learn: list[UUID] = field(default_factory=list)


def recover() -> Recovered:
    """Fail turns that were begun too often, close logs that end too early, and say what has to be done again."""
    now = timezone.now()
    recovered = Recovered()
    for turn in leases.lost():
        if not give_up(turn.pk, attempts=leases.MAX_ATTEMPTS):
            recovered.to_answer.append(turn.pk)
    over = Turn.objects.filter(status__in=Turn.FINISHED, finished_at__gt=now - TOO_OLD_TO_LEARN)
    for turn in over.filter(finished_at__gt=now - LEARNED_BY_NOW):
        with suppress(Fenced):  # its worker was only late, and has just written it
            repair_log(turn)
    recovered.to_learn += _unlearned(over, now)
    return recovered


def _unlearned(over: QuerySet[Turn], now: datetime) -> list[UUID]:
    """Turns it is time to learn from again; the next time for them is later."""
    unlearned = over.filter(
        Q(learn_again_at=None) | Q(learn_again_at__lte=now),
        learned_at=None,
        finished_at__lt=now - LEARNED_BY_NOW,
        status__in=(Turn.Status.DONE, Turn.Status.STOPPED),
    )
    turn_ids = list(unlearned.order_by("finished_at").values_list("pk", flat=True)[:MOST_AT_ONCE])
    Turn.objects.filter(pk__in=turn_ids).update(learn_again_at=now + LEARN_AGAIN_AFTER)
    return turn_ids
