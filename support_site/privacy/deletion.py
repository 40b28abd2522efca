"""Deleting one conversation: what was said, what the agent kept of it, and what was learned only from it."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from agents import namespaces, ops
from agents.attribution import attributed
from agents.memory import Memory
from support_site.chat import signals
from support_site.chat.leases import LEASE
from support_site.chat.log import turn_log
from support_site.chat.models import Action, Conversation, Turn
from support_site.chat.turns import locked
from support_site.memory import customers
from support_site.memory.drafts import address_of
from support_site.memory.models import RecordChange, Tombstone
from support_site.memory.stores import site_ledger
from support_site.privacy import archives, rows, threads
from support_site.privacy.late import stone_of
from support_site.privacy.models import Deletion, Export
from support_site.privacy.places import StillRunning, end_turns_of

#: A worker that had the conversation may write into its thread until it notices: look again after this long.
LATE_WRITES = 2 * LEASE


def delete(conversation: Conversation, *, asked_by: str, reason: str = "", keep_memories: bool = False) -> Deletion:
    """Take the conversation out of the database, and withdraw what was learned only from it.

    What those memories had superseded is recalled again. Orders stay as they were changed. The caller enqueues
    ``finish``. Raises StillRunning while a worker answers in it (which has been asked to stop): try again soon.
    """
    end_turns_of(conversation.pk)
    with transaction.atomic():
        conversation = locked(conversation.pk)
        if conversation.turns.exclude(status__in=Turn.FINISHED).exists():
            raise StillRunning(f"conversation {conversation.pk}")
        withdrawn = 0 if keep_memories else _withdraw(conversation)
        deletion = _note(conversation, withdrawn, asked_by=asked_by, reason=reason)
        rows.forget_mentions(rows.mentions(_parts(conversation)))
        signals.conversation_deleted(conversation.pk)
        conversation.delete()
    return deletion


def finish(deletion: Deletion) -> bool:
    """Remove what lies outside the database, again and again until no late write can come; whether that is over."""
    threads.forget([str(deletion.conversation_id)])
    turn_log().forget([UUID(turn) for turn in deletion.turns])
    for export in Export.objects.filter(account=deletion.account_id, created_at__lte=deletion.deleted_at):
        archives.remove(export)  # the conversation is in it
    if deletion.deleted_at > timezone.now() - LATE_WRITES:
        return False
    deletion.finished_at, deletion.turns = timezone.now(), []
    deletion.save(update_fields=["finished_at", "turns"])
    return True


def unfinished(*, older_than: timedelta = LATE_WRITES) -> list[UUID]:
    """Deletions that have to be finished now."""
    waiting = Deletion.objects.filter(finished_at=None, deleted_at__lt=timezone.now() - older_than)
    return list(waiting.values_list("pk", flat=True))


def _parts(conversation: Conversation) -> list[QuerySet[Any]]:
    actions = Action.objects.filter(turn__conversation=conversation)
    return [
        Conversation.objects.filter(pk=conversation.pk),
        conversation.turns.all(),
        conversation.messages.all(),
        actions,
    ]


def _note(conversation: Conversation, withdrawn: int, **order: str) -> Deletion:
    turns = [str(pk) for pk in conversation.turns.values_list("pk", flat=True)]
    counts = {"messages": conversation.messages.count(), "turns": len(turns), "memories": withdrawn}
    return Deletion.objects.create(
        conversation_id=conversation.pk, account_id=conversation.account_id, turns=turns, counts=counts, **order
    )


def _withdraw(conversation: Conversation) -> int:
    """Withdraw what was learned only from the conversation, and let nothing more be learned. How many memories."""
    account_id, thread = conversation.account_id, str(conversation.pk)
    scope, address = stone_of(str(account_id), thread)
    Tombstone.objects.get_or_create(scope=scope, address=address, defaults={"reason": "conversation deleted"})
    count = 0
    for memory in customers.memories_of(account_id):
        if memory.source.get("conversation") != thread:
            continue
        earlier = _learned_before(account_id, memory, thread)
        if earlier:
            _write_back(account_id, memory, earlier)
        else:
            count += customers.take_back(account_id, memory.key)
    return count


def _learned_before(account_id: UUID, memory: Memory, thread: str) -> Memory | None:
    """The memory as it was learned from another conversation that is still there; None if it never was."""
    address = address_of(namespaces.memories(str(account_id)), memory.key)
    history = RecordChange.objects.filter(record__address=address, after_text__isnull=False).order_by("-id")
    for text in history.values_list("after_text", flat=True):
        before = Memory.from_value(memory.key, json.loads(text or "{}"))
        source = before.source.get("conversation")
        if source and source != thread and Conversation.objects.filter(account=account_id, pk=source).exists():
            return before
    return None


def _write_back(account_id: UUID, memory: Memory, earlier: Memory) -> None:
    value = memory.value() | {"source": earlier.source, "valid_from": earlier.valid_from}
    with attributed(actor="system", reason="the conversation that repeated it was deleted"):
        site_ledger().keep([ops.Put(namespaces.memories(str(account_id)), memory.key, value, index=["text"])])
