"""What customers can do, as the edges call it: the service, then the tasks it calls for.

Blocking; a socket calls these on a database thread.
"""

from uuid import UUID

from support_site.accounts.models import User
from support_site.chat import actions, turns
from support_site.chat.actions import Decision
from support_site.chat.models import Conversation
from support_site.chat.tasks import answer, enqueue
from support_site.chat.turns import Accepted


def send(conversation: Conversation, user: User, *, client_id: UUID, text: str) -> Accepted:
    """Keep a message and have it answered. Raises Refused."""
    accepted = turns.accept(conversation, client_id=client_id, text=text, user=user)
    start_next(conversation)
    return accepted


def stop(conversation: Conversation, turn_id: UUID) -> None:
    """Stop a turn. Raises Refused."""
    turns.stop(conversation, turn_id)
    start_next(conversation)


def retry(conversation: Conversation, turn_id: UUID) -> None:
    """Answer a turn again. Raises Refused."""
    turns.retry(conversation, turn_id)
    start_next(conversation)


def decide(conversation: Conversation, user: User, *, action_id: str, digest: str, decision: Decision) -> None:
    """Keep a decision and go on with its turn. Raises Refused."""
    decided = actions.decide(conversation, action_id, digest=digest, decision=decision, user=user)
    if decided.turn:
        enqueue(answer, decided.turn.pk)


def start_next(conversation: Conversation) -> None:
    """Have the turn answered that is next, unless one is active."""
    turn = turns.next_turn(conversation.pk)
    if turn:
        enqueue(answer, turn.pk)
