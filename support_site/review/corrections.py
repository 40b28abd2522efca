"""What a change of a memory makes wrong: the past replies that went by what it said before, and corrections of them."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from support_site.accounts.models import User
from support_site.chat import desk
from support_site.chat.lineage import replies_that_used
from support_site.chat.models import Conversation, Message
from support_site.memory.models import RecordChange
from support_site.review.models import Memory

MOST = 50
#: What makes the id of a correction out of its change and its conversation, so that it is sent once.
_CORRECTIONS = UUID("2f6a3f0e-8f0b-4c56-9a3b-0d6f1f7f4c11")

Value = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Misled:
    """A conversation with replies that went by the old words; ``sent`` is its correction, if there is one."""

    conversation: Conversation
    replies: list[Message] = field(default_factory=list)
    sent: Message | None = None


def turning_point(memory: Memory) -> RecordChange | None:
    """The newest change that took back what the memory said before; None if what it says was never taken back."""
    changes = RecordChange.objects.filter(record=memory.pk).order_by("-pk")
    change = next((each for each in changes if _takes_back(each)), None)
    is_true_again = memory.status == Memory.Status.ACTIVE and change and words_before(change) == _words(memory.value)
    return None if is_true_again else change


def words_before(change: RecordChange) -> str:
    """What the memory said until then; "" where old values are not kept."""
    return _words(_value(change.before_text))


def misled(memory: Memory, change: RecordChange) -> list[Misled]:
    """The conversations that the change concerns, the newest first, at most MOST."""
    if memory.account_id is None:
        return []
    used = replies_that_used(memory.account_id, memory.kind, memory.key)
    turns = used.filter(created_at__gte=_in_force_since(memory, change), created_at__lt=change.at)
    told = Message.objects.filter(turn__in=turns.values("pk").order_by(), role=Message.Role.AGENT)
    found: dict[UUID, Misled] = {}
    for reply in told.select_related("conversation__account").order_by("-turn__created_at", "-position"):
        found.setdefault(reply.conversation_id, Misled(conversation=reply.conversation)).replies.insert(0, reply)
    sent = Message.objects.filter(client_id__in=[_id_of(change, conversation) for conversation in found])
    by_conversation = {message.conversation_id: message for message in sent}
    return [
        Misled(conversation=each.conversation, replies=each.replies, sent=by_conversation.get(each.conversation.pk))
        for each in list(found.values())[:MOST]
    ]


def send(memory: Memory, change: RecordChange, *, to: Collection[UUID], text: str, by: User) -> list[Conversation]:
    """Write ``text`` into those of the misled conversations that have no correction yet; gives them.

    Raises Refused: empty, too_long.
    """
    chosen = [each.conversation for each in misled(memory, change) if each.conversation.pk in to]
    return [one for one in chosen if desk.answer(one, form_id=_id_of(change, one.pk), text=text, user=by)]


def suggestion(memory: Memory) -> str:
    """What a correction could say."""
    begun = "An earlier answer in this conversation went by a note about you that was not right."
    if not memory.is_live or memory.status != Memory.Status.ACTIVE:
        return f"{begun} We do not go by it any more. Please tell us if that answer misled you."
    return f"{begun} We have put it right: “{memory}” Please tell us if that answer misled you."


def _takes_back(change: RecordChange) -> bool:
    if change.kind == RecordChange.Kind.CREATED:
        return False
    before, after = _value(change.before_text), _value(change.after_text)
    if before is None or after is None:  # deleted, or old values are not kept
        return True
    is_set_aside = after.get("status") == "quarantined" != before.get("status")
    is_superseded = bool(after.get("superseded_by")) and not before.get("superseded_by")
    return _words(before) != _words(after) or is_set_aside or is_superseded


def _in_force_since(memory: Memory, change: RecordChange) -> datetime:
    """When the memory began to say what it said until the change."""
    since = memory.created_at
    for earlier in RecordChange.objects.filter(record=memory.pk, pk__lt=change.pk).order_by("pk"):
        if words_before(earlier) != _words(_value(earlier.after_text)):
            since = earlier.at
    return since


def _id_of(change: RecordChange, conversation_id: UUID) -> UUID:
    return uuid5(_CORRECTIONS, f"{change.pk}:{conversation_id}")


def _value(text: str | None) -> Value | None:
    return json.loads(text) if text else None


def _words(value: Value | None) -> str:
    return str((value or {}).get("text", ""))
