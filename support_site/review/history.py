"""What was done to a memory, by whom and why, and which of it can be taken back."""

import json
from collections.abc import Mapping
from uuid import UUID

from django.urls import reverse

from support_site.chat.models import Turn
from support_site.memory import readable
from support_site.memory.models import RecordChange
from support_site.orders.history import HistoryLine, names_of
from support_site.orders.origins import Link
from support_site.review.models import Memory
from support_site.review.undoing import undoable


def history_of(memory: Memory, *, with_conversations: bool) -> list[tuple[HistoryLine, int | None]]:
    """A line for each change, newest first, with the id of the change, or None where it cannot be undone."""
    changes = list(RecordChange.objects.filter(record=memory.pk).select_related("record"))
    talks = _conversations(memory, changes) if with_conversations else {}
    names, can_undo = names_of(change.actor for change in changes), undoable(changes)
    return [
        (_line(change, names[change.actor], talks), change.pk if change.pk in can_undo else None) for change in changes
    ]


def uuid_of(text: object) -> UUID | None:
    """The id that a text is, if it is one."""
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _line(change: RecordChange, who: str, conversations: Mapping[str, Link]) -> HistoryLine:
    before, after = (_without_bookkeeping(text) for text in (change.before_text, change.after_text))
    shown = RecordChange(before_text=before, after_text=after)
    only_looked_at = before is not None and before == after
    return HistoryLine(
        at=change.at,
        who=who,
        kind="Reviewed" if only_looked_at else change.get_kind_display(),
        reason=change.reason,
        difference=readable.difference(shown) if before and after and not only_looked_at else "",
        conversation=conversations.get(change.turn_id),
    )


def _without_bookkeeping(text: str | None) -> str | None:
    """The line itself tells who reviewed it and when."""
    if text is None:
        return None
    return json.dumps({name: each for name, each in json.loads(text).items() if name != "reviewed_at"}, sort_keys=True)


def _conversations(memory: Memory, changes: list[RecordChange]) -> dict[str, Link]:
    """Where the changes were made, by turn id."""
    turns = {turn for change in changes if (turn := uuid_of(change.turn_id))}
    found = Turn.objects.filter(pk__in=turns, conversation__account=memory.account_id).select_related("conversation")
    page = "admin:chat_conversation_change"
    return {
        str(turn.pk): Link(url=reverse(page, args=[turn.conversation_id]), text=str(turn.conversation))
        for turn in found
    }
