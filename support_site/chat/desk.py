"""What staff do in conversations: answer, take over, hand back, decide. Each is one transaction, and twice is once."""

from typing import Literal
from uuid import UUID

from django.db import transaction

from support_site.accounts.models import User
from support_site.chat import actions, signals
from support_site.chat.actions import Decided
from support_site.chat.models import Action, Conversation, Message, Turn
from support_site.chat.sentences import HANDED_BACK, TAKEN_OVER, Refused
from support_site.chat.turns import ask_to_stop, end_unheld, keep, locked, readable

Status = Turn.Status
LONGEST_REASON = 500


@transaction.atomic
def answer(conversation: Conversation, *, form_id: UUID, text: str, user: User) -> bool:
    """Keep what staff wrote to the customer; whether it is new. The same ``form_id`` is the same message.

    The agent hears of it with the customer's next message to it. Raises Refused: empty, too_long.
    """
    text = readable(text)
    conversation = locked(conversation.pk)
    if conversation.messages.filter(client_id=form_id).exists():
        return False
    keep(conversation, turn=None, role=Message.Role.STAFF, text=text, client_id=form_id, author=user)
    return True


@transaction.atomic
def take_over(conversation: Conversation, *, user: User) -> bool:
    """The user answers from now on, and the agent is silent; False if they did so already.

    A running turn is stopped, a waiting one ends and its actions are withdrawn. The customer is told, once.
    """
    conversation = locked(conversation.pk)
    if conversation.needs_person and conversation.taken_by_id == user.pk:
        return False
    is_told = conversation.needs_person and conversation.taken_by_id is not None
    Conversation.objects.filter(pk=conversation.pk).update(needs_person=True, taken_by=user)
    for turn in conversation.turns.exclude(status__in=Turn.FINISHED):
        if turn.status == Status.RUNNING:
            ask_to_stop(turn)
        else:
            end_unheld(turn, Status.DONE)
    if not is_told:
        _tell(conversation, TAKEN_OVER)
    return True


@transaction.atomic
def hand_back(conversation: Conversation) -> bool:
    """The agent answers again, from the next message on; False if it does already."""
    conversation = locked(conversation.pk)
    if not conversation.needs_person:
        return False
    Conversation.objects.filter(pk=conversation.pk).update(needs_person=False, taken_by=None)
    _tell(conversation, HANDED_BACK)
    return True


def decide(
    action: Action, *, digest: str, decision: Literal["approve", "decline"], user: User, reason: str = ""
) -> Decided:
    """Keep what staff decide about an action that waits for them. Raises Refused as ``actions.decide``, and
    needs_reason for a decline without one, needs_customer where only the customer decides."""
    reason = reason.strip()[:LONGEST_REASON]
    if action.approver != "staff":
        raise Refused("needs_customer")
    if decision == "decline" and not reason:
        raise Refused("needs_reason")
    conversation = action.turn.conversation
    return actions.decide(conversation, action.pk, digest=digest, decision=decision, user=user, reason=reason)


def _tell(conversation: Conversation, text: str) -> None:
    keep(conversation, turn=None, role=Message.Role.SYSTEM, text=text)
    signals.person_changed(conversation.pk)
