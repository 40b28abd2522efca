"""How long what is kept, and the sweep that removes what is over. docs/privacy.md has the table."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Case, JSONField, QuerySet, TextField, Value, When
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone

from agents.memory import instant
from support_site.chat.models import Conversation, Turn
from support_site.memory import services
from support_site.memory.models import Record, RecordChange, RecordRead
from support_site.memory.stores import site_store
from support_site.privacy import archives, deletion
from support_site.privacy.models import Export
from support_site.privacy.places import StillRunning, leave_no_traces

logger = logging.getLogger(__name__)

#: Rows removed at a time, so that no transaction keeps others waiting for long.
BATCH = 200
OVER = "its time was over"

Rows = Sequence[Any]


@dataclass(frozen=True)
class Rule:
    """One kind of thing. ``due`` finds what was last touched before an instant, ``setting`` names its days (0: keep).

    Without a setting, what is due says itself when it ends, and goes with the next sweep.
    """

    name: str
    title: str
    setting: str
    due: Callable[[datetime], "QuerySet[Any]"]
    remove: Callable[[Rows], object]

    @property
    def days(self) -> int:
        return getattr(settings, self.setting) if self.setting else 0

    @property
    def is_on(self) -> bool:
        return not self.setting or self.days > 0

    def over(self) -> "QuerySet[Any]":
        """What the next sweep removes, the oldest first."""
        return self.due(timezone.now() - timedelta(days=self.days))


def sweep(*, batch: int = BATCH) -> dict[str, int]:
    """Remove everything that is over, in batches. Returns {rule: how many}, where there were any."""
    removed = {rule.name: sum(len(rows) for rows in _removed(rule, batch)) for rule in RULES if rule.is_on}
    removed = {name: count for name, count in removed.items() if count}
    if removed:
        leave_no_traces()
        logger.info("swept: %s", removed)
    return removed


def preview(*, most: int = 20) -> list[dict[str, Any]]:
    """What a sweep would remove, rule by rule: ``rule``, ``count`` and the first ``rows``. Nothing is removed."""
    found = [(rule, rule.over()) for rule in RULES if rule.is_on]
    return [
        {"rule": rule, "count": rows.count(), "rows": [described(row) for row in rows[:most]]} for rule, rows in found
    ]


def described(row: Any) -> str:
    """A row for the list of a dry run: what it is and which, and no word of what it says."""
    return f"{row._meta.verbose_name} {row.pk}"


def _removed(rule: Rule, batch: int) -> Iterator[Rows]:
    """Remove batch after batch; what cannot be removed now is left for the next sweep."""
    seen: set[Any] = set()
    while rows := list(rule.over().exclude(pk__in=seen)[:batch]):
        seen |= {row.pk for row in rows}
        rule.remove(rows)
        yield rows


# --- What is over -------------------------------------------------------------------------------

#: PostgreSQL cannot read JSON that holds a NUL.
_JSON = Case(
    When(value_text__contains=r"\u0000", then=Value(None)),
    default=Cast("value_text", JSONField()),
    output_field=JSONField(),
)


def _conversations(before: datetime) -> QuerySet[Conversation]:
    unfinished = Turn.objects.exclude(status__in=Turn.FINISHED).values("conversation")
    return Conversation.objects.filter(updated_at__lt=before).exclude(pk__in=unfinished).order_by("updated_at")


def _memories(before: datetime) -> QuerySet[Record]:
    live = Record.objects.live().filter(kind="memories", updated_at__lt=before)
    return live.defer("vectors").order_by("updated_at")


def _situations(before: datetime) -> QuerySet[Record]:
    # As drafts.json_text writes it; inside a text the quotes would have backslashes.
    return _memories(before).filter(value_text__contains='"kind":"situation"')


def _expired_memories(before: datetime) -> QuerySet[Record]:
    known = Record.objects.live().filter(kind="memories", value_text__contains='"expires":"').defer("vectors")
    ends = Cast(KT("as_json__expires"), TextField())
    return known.alias(as_json=_JSON).alias(ends=ends).filter(ends__lt=instant(before)).order_by("updated_at")


def _deleted_records(before: datetime) -> QuerySet[Record]:
    return Record.objects.filter(status=Record.Status.DELETED, in_store=True, updated_at__lt=before).order_by("pk")


def _history(before: datetime) -> QuerySet[RecordChange]:
    return RecordChange.objects.filter(at__lt=before).exclude(before_text=None, after_text=None).order_by("at")


# --- How it is removed --------------------------------------------------------------------------


def _delete_conversations(conversations: Rows) -> None:
    """Notes stay: they have times of their own."""
    for conversation in conversations:
        try:
            deletion.finish(deletion.delete(conversation, asked_by="system", reason=OVER, keep_memories=True))
        except StillRunning:
            logger.info("conversation %s is in use", conversation.pk)


def _erase(records: Rows) -> None:
    services.erase_records(site_store(), records, reason=OVER)


def _empty(changes: Rows) -> None:
    ids = [change.pk for change in changes]
    RecordChange.objects.filter(pk__in=ids).update(before_text=None, after_text=None)


def _remove_archives(exports: Rows) -> None:
    for export in exports:
        archives.remove(export)


def _delete(rows: Rows) -> None:
    type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).delete()


RULES: tuple[Rule, ...] = (
    Rule("expired", "Notes whose own end has come", "", _expired_memories, _erase),
    Rule("situations", "Notes about a situation", "RETENTION_SITUATIONS_DAYS", _situations, _erase),
    Rule("memories", "Other notes", "RETENTION_MEMORIES_DAYS", _memories, _erase),
    Rule("deleted", "Records that staff deleted", "RETENTION_DELETED_DAYS", _deleted_records, _erase),
    Rule("history", "Old values of changed records", "RETENTION_HISTORY_DAYS", _history, _empty),
    Rule(
        "conversations",
        "Conversations, with the agent's state of them",
        "RETENTION_CONVERSATIONS_DAYS",
        _conversations,
        _delete_conversations,
    ),
    Rule(
        "reads",
        "Who of the staff looked",
        "RETENTION_READS_DAYS",
        lambda before: RecordRead.objects.filter(at__lt=before).order_by("at"),
        _delete,
    ),
    Rule(
        "archives",
        "Archives of exports",
        "",
        lambda before: Export.objects.filter(expires_at__lt=before).exclude(file="").order_by("expires_at"),
        _remove_archives,
    ),
    Rule(
        "sessions",
        "Sign-ins that have run out",
        "",
        lambda before: Session.objects.filter(expire_date__lt=before).order_by("expire_date"),
        _delete,
    ),
)
