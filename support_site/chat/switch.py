"""The switch that turns the agent off for the whole site, and on again. Meanwhile customers and staff go on writing.

It is read anew for each message and before each attempt, so every process goes by it at once. Answers that are being
written are stopped and not finished: who turns the agent off wants no further word of it. Learning from what customers
said goes on.
"""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from support_site.accounts.models import User
from support_site.chat import budgets, signals
from support_site.chat.endings import hand_to_person
from support_site.chat.models import AgentSwitch, Turn
from support_site.chat.sentences import AGENT_IS_OFF
from support_site.chat.turns import ask_to_stop, end_unheld, locked

Status = Turn.Status


def agent_is_on() -> bool:
    """How the switch stands; nobody has touched it yet: on."""
    newest = AgentSwitch.objects.values_list("is_on", flat=True).first()
    return newest is None or newest


def flip(*, is_on: bool, reason: str, by: User) -> AgentSwitch:
    """Turn the agent on or off, on record. What waits for a person then goes on waiting for one until handed back."""
    flipped = AgentSwitch.objects.create(is_on=is_on, reason=reason, by=by)
    signals.site_changed()
    if not is_on:  # once every process sees the switch: what begins from then on is held back
        transaction.on_commit(_silence_all)
    return flipped


def holds_back(turn_id: UUID) -> bool:
    """Whether the agent is off, so that the turn is not to be answered; its conversation is a person's then."""
    if agent_is_on():
        return False
    turn = Turn.objects.filter(pk=turn_id).first()
    if turn:
        silence(turn.conversation_id)
    return True


def _silence_all() -> None:
    unfinished = Turn.objects.exclude(status__in=Turn.FINISHED)
    for conversation_id in set(unfinished.values_list("conversation_id", flat=True)):
        silence(conversation_id)


@transaction.atomic
def silence(conversation_id: UUID, told: str = AGENT_IS_OFF) -> None:
    """Nothing of this conversation is answered by the agent any more, and a person is called: the customer is told."""
    conversation = locked(conversation_id)
    for turn in conversation.turns.filter(status__in=Turn.ACTIVE):
        if turn.lease_until and turn.lease_until > timezone.now():
            ask_to_stop(turn)
        else:
            budgets.book_lost(turn)
            end_unheld(turn, Status.STOPPED if turn.status == Status.RUNNING else Status.DONE)
    hand_to_person(conversation, told)
