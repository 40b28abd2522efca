"""Celery tasks of privacy: ids in, nothing out. What dies is taken up again by beat."""

import logging
from datetime import timedelta
from uuid import UUID

from celery import Task, shared_task
from django.db import transaction

from agents.store import StoreUnavailable
from support_site.chat.models import Conversation
from support_site.memory.stores import site_store
from support_site.memory.tasks import erase_forgotten
from support_site.privacy import deletion as deletions
from support_site.privacy import erasure as erasures
from support_site.privacy import exporting, retention
from support_site.privacy.models import Deletion, Erasure, Export
from support_site.privacy.places import StillRunning

logger = logging.getLogger(__name__)

#: An erasure that is not finished after this long has lost its task.
LOST_AFTER = timedelta(minutes=2)


@shared_task(autoretry_for=(Exception,), max_retries=8, retry_backoff=1, retry_backoff_max=15)
def erase(erasure_id: str) -> None:
    """Take an account out of everywhere (privacy.erasure)."""
    erasures.proceed(Erasure.objects.get(pk=erasure_id))


@shared_task(autoretry_for=(StillRunning,), max_retries=10, retry_backoff=1, retry_backoff_max=5)
def delete_conversation(conversation_id: str, asked_by: str, reason: str) -> None:
    """Delete a conversation whose running answer had to be stopped first."""
    found = Conversation.objects.filter(pk=conversation_id).first()
    if found:
        deletion = deletions.delete(found, asked_by=asked_by, reason=reason)
        enqueue(finish_deletion, deletion.pk)


@shared_task
def finish_deletion(deletion_id: str) -> None:
    """Remove what a deleted conversation left outside the database."""
    erase_forgotten()
    deletions.finish(Deletion.objects.get(pk=deletion_id))


@shared_task
def make_export(export_id: str) -> None:
    """Make an archive; what goes wrong shows on the customer's page, and they order another."""
    export = Export.objects.filter(pk=export_id).first()
    if export is None:
        return
    try:
        exporting.make(export)
    except Exception:
        exporting.fail(export)
        raise


@shared_task
def sweep() -> None:
    """Every night: remove what has been kept long enough."""
    retention.sweep()


@shared_task
def watch_for_leaks() -> None:
    """Every ten minutes: try as one synthetic account to get what belongs to another."""
    from support_site.privacy import canary

    try:
        canary.watch(site_store())
    except StoreUnavailable as error:
        logger.warning("the leak canary could not look: %s", error)


@shared_task
def resume() -> None:
    """Every minute: make the tasks of erasures and deletions that got lost, or are due to be looked at again."""
    for task, pks in ((erase, erasures.unfinished(older_than=LOST_AFTER)), (finish_deletion, deletions.unfinished())):
        for pk in pks:
            task.apply_async((str(pk),), expires=60)


def enqueue(task: Task, pk: UUID) -> None:
    """Make a task once the transaction is kept."""
    transaction.on_commit(lambda: task.delay(str(pk)), robust=True)
