"""Everywhere something of an account lies, and how it is taken out of there: the steps of an erasure, in order.

``find`` counts what is left, ``erase`` removes it; both may be repeated at any time, also when a later step is done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from agents import namespaces
from support_site.accounts.models import Account, User
from support_site.chat import signals
from support_site.chat.log import turn_log
from support_site.chat.models import Conversation, Turn
from support_site.chat.turns import ask_to_stop, end_unheld, locked
from support_site.memory import services
from support_site.memory.drafts import scope_of
from support_site.memory.models import Record, RecordChange, Tombstone
from support_site.memory.stores import site_store
from support_site.orders.erased import remember_erased
from support_site.privacy import archives, rows, threads
from support_site.privacy.models import Erasure, Export

Counts = dict[str, int]


class StillRunning(Exception):
    """A worker is about to end a turn of the account: try again in a moment."""


@dataclass(frozen=True)
class Place:
    """One step. ``title`` is how the receipt names it."""

    name: str
    title: str
    find: Callable[[Erasure], Counts]
    erase: Callable[[Erasure], object]


# --- Doors: nobody signs in, no socket stays open ----------------------------------------------


def _doors(erasure: Erasure) -> Counts:
    users = User.objects.filter(account=erasure.account_id)
    return {"people who could sign in": users.filter(is_active=True).count(), "sessions": len(rows.sessions(users))}


def close_doors(erasure: Erasure) -> None:
    """Sign everybody of the account out, for good; refuse every write to the store from now on."""
    users = User.objects.filter(account=erasure.account_id)
    scope = scope_of(namespaces.account(str(erasure.account_id)))
    shop_customer = Account.objects.filter(pk=erasure.account_id, shop_customer_id__isnull=False).first()
    with transaction.atomic():
        if shop_customer:
            remember_erased(str(shop_customer.shop_customer_id))
        Tombstone.objects.get_or_create(scope=scope, address="", defaults={"reason": f"erasure {erasure.pk}"})
        users.update(is_active=False)
    for session in rows.sessions(users):
        key = session.session_key  # deleted, the row knows it no more
        session.delete()
        signals.session_revoked(key, erasure.account_id)


# --- Turns: nobody works for the account any more -----------------------------------------------


def _unfinished(erasure: Erasure) -> Counts:
    turns = Turn.objects.filter(conversation__account=erasure.account_id)
    return {"unfinished turns": turns.exclude(status__in=Turn.FINISHED).count()}


def end_turns(erasure: Erasure) -> None:
    """Stop what runs and what waits. Raises StillRunning until the workers have let go."""
    for conversation in Conversation.objects.filter(account=erasure.account_id):
        end_turns_of(conversation.pk)


@transaction.atomic
def _stop_turns(conversation_id: UUID) -> bool:
    """Whether a worker still holds a turn of the conversation, which has been asked to stop."""
    held = False
    for turn in locked(conversation_id).turns.exclude(status__in=Turn.FINISHED):
        if turn.status == Turn.Status.RUNNING and turn.lease_until and turn.lease_until > timezone.now():
            ask_to_stop(turn)
            held = True
        else:
            end_unheld(turn, Turn.Status.STOPPED)
    return held


def end_turns_of(conversation_id: UUID) -> None:
    """The same for one conversation."""
    if _stop_turns(conversation_id):
        raise StillRunning(f"conversation {conversation_id}")


# --- The admin's log, before the rows it is about are gone ---------------------------------------


def _mentions(erasure: Erasure) -> Counts:
    return {"entries": len(rows.mentions_of_account(erasure.account_id))}


def _forget_mentions(erasure: Erasure) -> None:
    rows.forget_mentions(rows.mentions_of_account(erasure.account_id))


# --- The store, its ledger and Chroma -----------------------------------------------------------


def _records(erasure: Erasure) -> Counts:
    records = Record.objects.filter(account=erasure.account_id)
    found = {kind or "other records": records.filter(kind=kind).count() for kind in _kinds(erasure)}
    changes = RecordChange.objects.filter(record__in=records).count()
    return found | {"changes": changes, "marks of what was forgotten": _single_stones(erasure).count()}


def _kinds(erasure: Erasure) -> list[str]:
    kinds = Record.objects.filter(account=erasure.account_id).order_by("kind").values_list("kind", flat=True)
    return list(kinds.distinct())


def _single_stones(erasure: Erasure) -> QuerySet[Tombstone]:
    """Their reasons may quote; the one tombstone of the whole account stands for them all."""
    scope = scope_of(namespaces.account(str(erasure.account_id)))
    return Tombstone.objects.filter(scope=scope).exclude(address="")


def _erase_records(erasure: Erasure) -> None:
    erased = services.erase_account(site_store(), str(erasure.account_id), reason=f"erasure {erasure.pk}")
    if erased.records and not erased.from_disk:
        erasure.counts["store"]["records until the Chroma server is vacuumed"] = erased.records
        erasure.save(update_fields=["counts"])
    _single_stones(erasure).delete()


# --- What hangs on the ids of conversations and turns -------------------------------------------


def _threads(erasure: Erasure) -> Counts:
    return {"conversations": threads.count(erasure.ids["threads"])}


def _erase_threads(erasure: Erasure) -> None:
    threads.forget(erasure.ids["threads"])


def _logs(erasure: Erasure) -> Counts:
    log = turn_log()
    return {"logs": sum(log.last_seq(UUID(turn)) > 0 for turn in erasure.ids["turns"])}


def _erase_logs(erasure: Erasure) -> None:
    turn_log().forget([UUID(turn) for turn in erasure.ids["turns"]])


# --- Archives, rows, files ----------------------------------------------------------------------


def _archives(erasure: Erasure) -> Counts:
    return {"archives": Export.objects.filter(account=erasure.account_id).exclude(file="").count()}


def _erase_archives(erasure: Erasure) -> None:
    for export in Export.objects.filter(account=erasure.account_id):
        archives.remove(export)


def _rows(erasure: Erasure) -> Counts:
    return rows.count(erasure.account_id)


def _erase_rows(erasure: Erasure) -> None:
    rows.delete(erasure.account_id)


def _no_traces(erasure: Erasure) -> Counts:
    return {}


def leave_no_traces(erasure: Erasure | None = None) -> None:
    """Make SQLite's files anew: they still hold copies of some deleted values. Writers wait meanwhile.

    PostgreSQL's own vacuum does this in its time.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    threads.clean_file()


PLACES: tuple[Place, ...] = (
    Place("doors", "Sign-ins and open pages", _doors, close_doors),
    Place("turns", "Answers being written", _unfinished, end_turns),
    Place("mentions", "The admin's log of changes", _mentions, _forget_mentions),
    Place("store", "Memories, orders and profile, with their history", _records, _erase_records),
    Place("threads", "The agent's state of each conversation", _threads, _erase_threads),
    Place("logs", "Logs of turns", _logs, _erase_logs),
    Place("archives", "Exported archives", _archives, _erase_archives),
    Place("rows", "Database rows", _rows, _erase_rows),
    Place("traces", "Traces in database files", _no_traces, leave_no_traces),
)
