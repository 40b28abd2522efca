"""What pages and sockets are shown of a conversation (docs/protocol.md has every field)."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from support_site.chat.log import LogUnreachable, turn_log
from support_site.chat.models import Conversation, Message, Turn
from support_site.chat.retelling import is_lost
from support_site.chat.sentences import sentence

Shape = dict[str, Any]


def message_shape(message: Message) -> Shape:
    """A kept message."""
    return {
        "id": str(message.pk),
        "position": message.position,
        "role": message.role,
        "html": message.html,
        "text": message.text,
        "cards": message.cards,
        "client_id": str(message.client_id) if message.client_id else None,
        "turn": str(message.turn_id) if message.turn_id else None,
        "stopped": message.stopped,
        "rating": message.rating,
        "rating_reason": message.rating_reason,
        "created_at": message.created_at.isoformat(),
        "author": message.author.get_short_name() if message.author else None,
    }


def turn_shape(turn: Turn) -> Shape:
    """A turn and its status; ``error`` only where it failed."""
    told = sentence(turn.error_code, turn.try_again_at)
    error = {"code": turn.error_code, "message": told} if turn.error_code else None
    return {"id": str(turn.pk), "status": turn.status, "error": error}


class TurnState(NamedTuple):
    """A turn as pages are shown it, and where its log ends; ``is_lost`` if that must be told anew."""

    turn_id: UUID
    shape: Shape
    last_seq: int
    is_finished: bool
    is_lost: bool


def turn_states(conversation: Conversation, turn_ids: Iterable[UUID]) -> list[TurnState]:
    """Those of the turns that are of this conversation."""
    return [_state_of(turn) for turn in Turn.objects.filter(conversation=conversation.pk, pk__in=list(turn_ids))]


def unbegun(turn: Turn) -> TurnState:
    """A queued turn that nobody has begun, so that nothing has to be read to know where it stands."""
    return TurnState(turn.pk, turn_shape(turn), 0, is_finished=False, is_lost=False)


def _state_of(turn: Turn) -> TurnState:
    try:
        last_seq = turn_log().last_seq(turn.pk)
    except LogUnreachable:
        last_seq = turn.last_seq  # who follows it waits until the log answers
    return TurnState(turn.pk, turn_shape(turn), last_seq, turn.status in Turn.FINISHED, is_lost(turn, last_seq))


def kept_message(conversation: Conversation, message_id: UUID) -> Shape | None:
    """One message of this conversation; None if there is none."""
    message = Message.objects.filter(conversation=conversation.pk, pk=message_id).first()
    return message_shape(message) if message else None


def news(conversation: Conversation, message_id: UUID, turn_id: UUID | None) -> tuple[Shape | None, list[TurnState]]:
    """A message that was kept, and the turn that changed with it if one did: what of it is of this conversation."""
    return kept_message(conversation, message_id), turn_states(conversation, [turn_id] if turn_id else [])


def kept_messages(conversation: Conversation) -> list[Shape]:
    """All messages, in the order in which they are read: what answers a message stands right behind it."""
    messages = list(conversation.messages.select_related("author").order_by("position"))
    return [message_shape(message) for message in in_reading_order(messages)]


def needs_person(conversation: Conversation) -> bool:
    """Whether a person is wanted or answers, as it is now."""
    return Conversation.objects.filter(pk=conversation.pk, needs_person=True).exists()


def memory_shape(conversation: Conversation) -> Shape:
    """Whether memory is off: paused in all conversations of the account, or left out of this one."""
    return {"paused": conversation.account.memory_paused, "leaves_none": conversation.leaves_no_memory}


def kept_memory(conversation: Conversation) -> Shape | None:
    """The same as it is now; None if the conversation is not there any more."""
    now = Conversation.objects.select_related("account").filter(pk=conversation.pk).first()
    return memory_shape(now) if now else None


def snapshot(conversation: Conversation) -> Shape:
    """The ``snapshot`` frame: all that is kept, the unfinished turns, and the last one if it can be tried again."""
    conversation = Conversation.objects.select_related("account").get(pk=conversation.pk)
    return {
        "type": "snapshot",
        "messages": kept_messages(conversation),
        "turns": [state.shape | {"seq": state.last_seq} for state in map(_state_of, _turns_that_matter(conversation))],
        "needs_person": conversation.needs_person,
        "memory": memory_shape(conversation),
        "title": conversation.title,
    }


def _turns_that_matter(conversation: Conversation) -> list[Turn]:
    turns = conversation.turns.order_by("created_at")
    unfinished = list(turns.exclude(status__in=Turn.FINISHED))
    last = turns.last()
    again = last is not None and last.status in (Turn.Status.FAILED, Turn.Status.STOPPED)
    return [*unfinished, last] if again and last else unfinished


def in_reading_order(messages: Iterable[Message]) -> list[Message]:
    """A message that was kept while another turn was still being answered comes behind that answer."""
    first: dict[UUID, int] = {}
    for message in messages:
        if message.turn_id:
            first.setdefault(message.turn_id, message.position)

    def place(message: Message) -> tuple[int, bool, int]:
        begins = first[message.turn_id] if message.turn_id else message.position
        return begins, message.role != Message.Role.CUSTOMER, message.position

    return sorted(messages, key=place)
