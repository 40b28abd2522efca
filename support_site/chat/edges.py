"""What customers can do, as the edges call it: the service, then the tasks it calls for.

Blocking; a socket calls these on a database thread.
"""

from dataclasses import replace
from uuid import UUID

from support_site.accounts.models import User
from support_site.chat import actions, noted, switch, turns
from support_site.chat.actions import Decision
from support_site.chat.limits import keep_pace
from support_site.chat.models import Conversation
from support_site.chat.sentences import HANDED_OFF
from support_site.chat.tasks import answer, enqueue
from support_site.chat.turns import Accepted
from support_site.memory.tasks import erase_forgotten
from support_site.metrics import MESSAGES


def send(conversation: Conversation, user: User, *, client_id: UUID, text: str, address: str = "") -> Accepted:
    """Keep a message and have it answered. Raises Refused."""
    is_off = not switch.agent_is_on()
    accepted = turns.accept(
        conversation, client_id=client_id, text=text, user=user, address=address, costs_nothing=is_off
    )
    if accepted.turn and is_off:  # who turns the agent off from now on sees the turn, and so does the worker the switch
        switch.silence(conversation.pk)
        return replace(accepted, turn=None)
    if accepted.turn and accepted.status == "accepted":
        MESSAGES.inc()
        enqueue(answer, accepted.turn.pk)
    return accepted


def stop(conversation: Conversation, turn_id: UUID) -> None:
    """Stop a turn. Raises Refused."""
    turns.stop(conversation, turn_id)
    start_next(conversation)


def retry(conversation: Conversation, turn_id: UUID, address: str = "") -> None:
    """Answer a turn again. Raises Refused."""
    turn = turns.retry(conversation, turn_id, address, costs_nothing=not switch.agent_is_on())
    if switch.holds_back(turn.pk):
        return
    start_next(conversation)


def ask_for_person(conversation: Conversation, address: str = "") -> None:
    """Have a person answer from now on, without the agent, who may have used up the day. Raises Limited."""
    keep_pace(conversation.account_id, address)
    switch.silence(conversation.pk, HANDED_OFF)


def decide(conversation: Conversation, user: User, *, action_id: str, digest: str, decision: Decision) -> None:
    """Keep a decision and go on with its turn. Raises Refused."""
    decided = actions.decide(conversation, action_id, digest=digest, decision=decision, user=user)
    if decided.turn:
        enqueue(answer, decided.turn.pk)


def decide_note(
    conversation: Conversation, message_id: UUID, *, memory: str, decision: noted.Decision, text: str
) -> None:
    """Keep a decision about something noted; what is taken back leaves no byte. Raises Refused."""
    if noted.decide(conversation, message_id, memory=memory, decision=decision, text=text) and decision == "undo":
        enqueue(erase_forgotten, conversation.account_id)


def start_next(conversation: Conversation) -> None:
    """Have the turn answered that is next, unless one is active."""
    turn = turns.next_turn(conversation.pk)
    if turn:
        enqueue(answer, turn.pk)
