"""Taking a change of a memory back: what was there before is written again, as a change of its own."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Max

from agents import ops
from support_site.accounts.models import User
from support_site.memory.models import RecordChange
from support_site.review.changing import NotDone, keep, put, writing

Kind = RecordChange.Kind


def undo(change: RecordChange, *, by: User, reason: str) -> int:
    """Put back what was there before the change, and before all that was written with it. Returns how many records.

    Raises NotDone where anything was changed since, or what was there before is not known or may not come back.
    """
    with writing([change.record.scope_id], by=by, reason=reason):
        together = _written_with(change)
        newest = _newest_changes(together)
        for each in together:
            _require_undoable(each, is_newest=newest[each.record_id] == each.pk)
        return keep([_put_back(each) for each in together])


def undoable(changes: list[RecordChange]) -> set[int]:
    """The ids of the changes that ``undo`` would take back, as far as their own records tell."""
    newest = _newest_changes(changes)
    return {each.pk for each in changes if newest[each.record_id] == each.pk and not _obstacle(each)}


def _written_with(change: RecordChange) -> list[RecordChange]:
    """One write of the store has one revision in all that it writes."""
    same = RecordChange.objects.filter(record__scope=change.record.scope_id, revision=change.revision)
    return list(same.select_related("record"))


def _newest_changes(changes: list[RecordChange]) -> dict[int, int]:
    records = {change.record_id for change in changes}
    newest = RecordChange.objects.filter(record__in=records).order_by().values("record").annotate(newest=Max("pk"))
    return dict(newest.values_list("record", "newest"))


def _require_undoable(change: RecordChange, *, is_newest: bool) -> None:
    if not is_newest:
        raise NotDone("It was changed again since. Undo the newer change first.")
    if obstacle := _obstacle(change):
        raise NotDone(obstacle)


def _obstacle(change: RecordChange) -> str:
    if change.record.kind != "memories":
        return "Only changes of memories are undone here."
    if change.actor == "customer" and change.kind == Kind.DELETED:
        return "The customer deleted it, and so it stays deleted."
    if change.kind != Kind.CREATED and change.before_text is None:
        return "What was there before was not kept, so it cannot be put back."
    return ""


def _put_back(change: RecordChange) -> ops.Put:
    before: dict[str, Any] | None = json.loads(change.before_text) if change.before_text else None
    return put(change.record, before)
