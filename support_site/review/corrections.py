"""What changes of memories make wrong: the past replies that went by what they said before, and corrections of them."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from agents.screening import rests_on
from support_site.accounts.models import User
from support_site.chat import desk
from support_site.chat.models import Conversation, Message, Recalled
from support_site.memory.models import RecordChange
from support_site.review.models import Memory

#: Conversations on the page; those that have no correction yet come first.
MOST = 50
#: Replies that are looked at, the newest ones.
MOST_REPLIES = 1_000
#: What makes the id of a correction out of its change and its conversation, so that it is sent once.
_CORRECTIONS = UUID("2f6a3f0e-8f0b-4c56-9a3b-0d6f1f7f4c11")

Value = Mapping[str, Any]


class Meanwhile(Exception):
    """Our team wrote into these conversations after the page was shown: it may have been put right there already."""

    def __init__(self, conversations: Collection[UUID]) -> None:
        super().__init__(f"{len(conversations)} conversations")
        self.conversations = set(conversations)


@dataclass(frozen=True, kw_only=True)
class TurningPoint:
    """The newest change that took back what a memory had said; ``since`` is when it had begun to say so."""

    memory: Memory
    change: RecordChange
    since: datetime
    #: Nothing was done to the memory after it.
    is_newest: bool

    @property
    def words_before(self) -> str:
        """What the memory said until then; "" where old values are not kept."""
        return _words(_value(self.change.before_text))


@dataclass(frozen=True, kw_only=True)
class Misled:
    """A conversation with replies that went by the old words; ``sent`` is its correction, if there is one, and
    ``team_said`` the newest message of our team, whatever it is about.
    """

    conversation: Conversation
    replies: list[Message] = field(default_factory=list)
    by: list[TurningPoint] = field(default_factory=list)
    sent: Message | None = None
    team_said: Message | None = None

    @property
    def repeats(self) -> bool:
        """Whether a reply repeats the old words, or half of what they tell; others only had them in the prompt."""
        return any(rests_on(point.words_before, [reply.text for reply in self.replies]) for point in self.by)


def turning_points(memories: Sequence[Memory]) -> list[TurningPoint]:
    """Of those memories that said something else before, in their order."""
    changes: dict[int, list[RecordChange]] = {memory.pk: [] for memory in memories}
    for change in RecordChange.objects.filter(record__in=changes).order_by("-pk"):
        changes[change.record_id].append(change)
    points = (_turning_point(memory, changes[memory.pk]) for memory in memories)
    return [point for point in points if point]


def misled(points: Sequence[TurningPoint]) -> list[Misled]:
    """The conversations that these changes concern, at most MOST: those without a correction first, and of these the
    ones in which the old words were repeated, the newest first.
    """
    went_by = _replies_that_went_by(points)
    told = Message.objects.filter(turn__in=went_by, role=Message.Role.AGENT)
    found: dict[UUID, Misled] = {}
    for reply in told.select_related("conversation__account").order_by("-turn__created_at", "-position"):
        each = found.setdefault(reply.conversation_id, Misled(conversation=reply.conversation))
        each.replies.insert(0, reply)
        each.by.extend(point for point in went_by[reply.turn_id] if point not in each.by)
    sent, said = _sent(found.values()), _team_said(found)
    told_of = [replace(each, sent=sent.get(pk), team_said=said.get(pk)) for pk, each in found.items()]
    return sorted(told_of, key=lambda each: (each.sent is not None, not each.repeats))[:MOST]


@transaction.atomic
def send(
    points: Sequence[TurningPoint], *, to: Collection[UUID], seen: Mapping[UUID, int], text: str, by: User
) -> list[Conversation]:
    """Write ``text`` into those of the misled conversations that have no correction yet; gives them.

    ``seen`` has the position of the newest message of our team in each (0 if there is none) when the page was shown.
    Into all of them or none: raises Meanwhile, and Refused: empty, too_long.
    """
    chosen = {each.conversation.pk: each for each in misled(points) if each.conversation.pk in to}
    there = Conversation.objects.select_for_update().filter(pk__in=chosen).order_by("pk").values_list("pk", flat=True)
    chosen = {pk: chosen[pk] for pk in there}
    now = {pk: message.position for pk, message in _team_said(chosen).items()}
    if later := [pk for pk in chosen if now.get(pk, 0) != seen.get(pk, 0)]:
        raise Meanwhile(later)
    return [
        each.conversation
        for each in chosen.values()
        if not each.sent and desk.answer(each.conversation, form_id=min(_ids(each)), text=text, user=by)
    ]


def suggestion(memories: Sequence[Memory]) -> str:
    """What a correction could say."""
    begun = "An earlier answer in this conversation went by a note about you that was not right."
    if len(memories) > 1 or memories[0].status != Memory.Status.ACTIVE:
        return f"{begun} We do not go by it any more. Please tell us if that answer misled you."
    return f"{begun} We have put it right: “{memories[0]}” Please tell us if that answer misled you."


def _turning_point(memory: Memory, newest_first: Sequence[RecordChange]) -> TurningPoint | None:
    change = next((each for each in newest_first if _takes_back(each)), None)
    if change is None:
        return None
    earlier = [each for each in newest_first if each.pk < change.pk and _says_otherwise(each)]
    since = earlier[0].at if earlier else memory.created_at
    point = TurningPoint(memory=memory, change=change, since=since, is_newest=change is newest_first[0])
    was_only_set_aside = change.effect == RecordChange.Effect.QUARANTINED and not point.words_before
    says_it_again = was_only_set_aside or point.words_before == _words(memory.value)
    return None if says_it_again and memory.status == Memory.Status.ACTIVE else point


def _takes_back(change: RecordChange) -> bool:
    if change.kind == RecordChange.Kind.CREATED:
        return False
    return change.kind == RecordChange.Kind.DELETED or bool(change.effect)


def _says_otherwise(change: RecordChange) -> bool:
    return _words(_value(change.before_text)) != _words(_value(change.after_text))


def _replies_that_went_by(points: Sequence[TurningPoint]) -> dict[UUID | None, list[TurningPoint]]:
    """The newest turns that had one of the memories in their prompt while it said what was taken back."""
    by_address = {point.memory.address: point for point in points}
    used = Recalled.objects.filter(address__in=by_address).order_by("-turn__created_at")
    found: dict[UUID | None, list[TurningPoint]] = {}
    for turn_id, address, at in used.values_list("turn_id", "address", "turn__created_at"):
        point = by_address[address]
        if len(found) < MOST_REPLIES and point.since <= at < point.change.at:
            found.setdefault(turn_id, []).append(point)
    return found


def _sent(misled: Collection[Misled]) -> dict[UUID, Message]:
    """The corrections that were sent, by conversation."""
    ids = {each for one in misled for each in _ids(one)}
    return {message.conversation_id: message for message in Message.objects.filter(client_id__in=ids)}


def _team_said(conversations: Collection[UUID]) -> dict[UUID, Message]:
    """The newest message of our team in each conversation that has one."""
    said = Message.objects.filter(conversation__in=conversations, role=Message.Role.STAFF).select_related("author")
    return {message.conversation_id: message for message in said.order_by("position")}


def _ids(misled: Misled) -> list[UUID]:
    """What its correction may be called: by any of the changes, so that one for several of them is enough."""
    return [uuid5(_CORRECTIONS, f"{point.change.pk}:{misled.conversation.pk}") for point in misled.by]


def _value(text: str | None) -> Value | None:
    return json.loads(text) if text else None


def _words(value: Value | None) -> str:
    return str((value or {}).get("text", ""))
