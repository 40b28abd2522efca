"""The law's erasing of an account: everywhere, whatever dies on the way, with a receipt at the end."""

import logging
from datetime import timedelta
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from support_site.accounts.models import Account
from support_site.chat.models import Conversation, Turn
from support_site.privacy.models import Erasure
from support_site.privacy.places import PLACES, leave_no_traces

logger = logging.getLogger(__name__)

#: A mail server that takes no mail for so long gets no further tries: the address is dropped unanswered.
TRY_MAIL_FOR = timedelta(days=1)


class NotYetGone(Exception):
    """Something was written behind the eraser's back: the steps have to be done once more."""


def begin(account: Account, *, asked_by: str, reason: str = "", notify: str = "") -> Erasure:
    """Order the erasing of an account and close its doors at once. To order it twice is to order it once.

    ``notify`` is where the receipt is sent. The caller enqueues the rest.
    """
    order = {"asked_by": asked_by, "reason": reason[:500], "notify": notify}
    erasure, _ = Erasure.objects.get_or_create(account_id=account.pk, defaults=order)
    doors = PLACES[0]
    _note_counts(erasure, doors.name, doors.find(erasure))
    doors.erase(erasure)
    return erasure


def proceed(erasure: Erasure) -> None:
    """Do every step that is not done, then look everywhere whether it is really gone, and send the receipt.

    May be called again after whatever it died of. Raises StillRunning, NotYetGone, StoreUnavailable: then it has to be.
    """
    if erasure.finished_at is None:
        _note_ids(erasure)
    while erasure.done < len(PLACES):
        _take_step(erasure)
    _require_gone(erasure)
    _finish(erasure)
    _send_receipt(erasure)


def unfinished(*, older_than: timedelta) -> list[UUID]:
    """Erasures nobody has worked on for so long, so that their task must have got lost: unfinished, or not told."""
    waiting = Erasure.objects.filter(finished_at=None) | Erasure.objects.exclude(notify="")
    return list(waiting.filter(worked_at__lt=timezone.now() - older_than).values_list("pk", flat=True))


def steps_of(erasure: Erasure) -> list[dict[str, Any]]:
    """Every step for a page: ``title``, ``counts`` ({what: how many}), whether it is ``done`` or under way, ``now``."""
    return [
        {
            "title": place.title,
            "counts": {
                _in_words(what): number for what, number in erasure.counts.get(place.name, {}).items() if number
            },
            "done": step < erasure.done,
            "now": step == erasure.done,
        }
        for step, place in enumerate(PLACES)
    ]


def _in_words(what: str) -> str:
    """ "messages" for "chat.Message"; what is in words already stays."""
    return str(apps.get_model(what)._meta.verbose_name_plural) if "." in what else what


def _note_ids(erasure: Erasure) -> None:
    """Keep the ids that lead to what lies outside the database, before their rows are gone."""
    threads = Conversation.objects.filter(account=erasure.account_id).values_list("pk", flat=True)
    turns = Turn.objects.filter(conversation__account=erasure.account_id).values_list("pk", flat=True)
    for name, pks in (("threads", threads), ("turns", turns)):
        erasure.ids[name] = sorted({*erasure.ids.get(name, []), *map(str, pks)})
    erasure.save(update_fields=["ids", "worked_at"])


def _take_step(erasure: Erasure) -> None:
    place = PLACES[erasure.done]
    _note_counts(erasure, place.name, place.find(erasure))
    place.erase(erasure)
    erasure.done += 1
    erasure.save(update_fields=["done", "worked_at"])


def _note_counts(erasure: Erasure, name: str, found: dict[str, int]) -> None:
    """Before anything is removed: a step that is repeated finds less than was there."""
    noted = erasure.counts.get(name, {})
    erasure.counts[name] = noted | {what: max(number, noted.get(what, 0)) for what, number in found.items()}
    erasure.save(update_fields=["counts", "worked_at"])


def _require_gone(erasure: Erasure) -> None:
    """Raise NotYetGone, and begin again at the first place where something is found."""
    if erasure.finished_at:
        return
    for step, place in enumerate(PLACES):
        if any(place.find(erasure).values()):
            erasure.done = step
            erasure.save(update_fields=["done", "worked_at"])
            raise NotYetGone(place.name)


@transaction.atomic
def _finish(erasure: Erasure) -> None:
    if erasure.finished_at is None:
        erasure.finished_at, erasure.ids = timezone.now(), {}
        erasure.save(update_fields=["finished_at", "ids"])
        logger.info("erasure %s is finished", erasure.pk)


def _send_receipt(erasure: Erasure) -> None:
    """By mail, once; then the address is forgotten as well."""
    if not erasure.notify:
        return
    given_up = erasure.finished_at and erasure.finished_at < timezone.now() - TRY_MAIL_FOR
    try:
        send_mail("Your account has been deleted", _mail_text(erasure), None, [erasure.notify])
    except (SMTPException, OSError):
        if not given_up:
            raise
        logger.warning("the receipt of erasure %s could not be sent", erasure.pk)
    erasure.notify = ""
    erasure.save(update_fields=["notify"])
    leave_no_traces()


def _mail_text(erasure: Erasure) -> str:
    return render_to_string("privacy/receipt.txt", {"erasure": erasure, "steps": steps_of(erasure)})
