"""What a customer decides about a note the agent made or forgot on request: keep it, change it, undo it.

The card of the message keeps what was decided, so every tab and every reload shows the same. ``memory`` stays what
the agent noted; ``changes`` are the memories that the customer's own corrections made of it, oldest first.
"""

import uuid
from collections.abc import Collection, Iterator
from typing import Any, Literal
from uuid import UUID

from django.db import transaction

from agents.memory import MemoryDraft, NotKept, Source
from support_site.chat import signals
from support_site.chat.models import Conversation, Message
from support_site.chat.sentences import Refused
from support_site.chat.turns import locked
from support_site.memory import customers

Decision = Literal["keep", "change", "undo"]
Card = dict[str, Any]


@transaction.atomic
def decide(conversation: Conversation, message_id: UUID, *, memory: str, decision: Decision, text: str = "") -> bool:
    """Carry out a decision about the card of ``memory``; whether it was new. The same again changes nothing.

    Raises Refused: not_found (a foreign message too, and a note that is forgotten), already_decided, not_noted (what
    may not be kept), for_review.
    """
    conversation = locked(conversation.pk)
    message = conversation.messages.filter(pk=message_id).first()
    card = next((card for card in _notes(message) if card["memory"] == memory), None) if message else None
    if message is None or card is None or card.get("state") == "forgotten":
        raise Refused("not_found")
    if not _DECISIONS[decision](message, card, text):
        return False
    message.save(update_fields=["cards"])
    signals.message_kept(conversation.pk, message.pk)
    return True


@transaction.atomic
def drop_words(account_id: UUID, keys: Collection[str]) -> None:
    """Take the words of forgotten memories out of the cards that show them."""
    shown = Message.objects.filter(conversation__account=account_id, role=Message.Role.AGENT).exclude(cards=[])
    for message in shown:
        stale = [card for card in _notes(message) if _shown_on(card) & {*keys}]
        for card in stale:
            card |= {"lines": [], "state": "forgotten"}
        if stale:
            message.save(update_fields=["cards"])
            signals.message_kept(message.conversation_id, message.pk)


def _notes(message: Message) -> Iterator[Card]:
    return (card for card in message.cards if card.get("type") == "memory")


def _shown_on(card: Card) -> set[str]:
    """The memories whose words the card shows. One that says "I forgot" still offers to bring its own back."""
    return {*card.get("changes", []), *([] if "forgot" in card else [card["memory"]])}


def _keep(message: Message, card: Card, text: str) -> bool:
    is_new = not card.get("state")
    if is_new:
        card["state"] = "kept"
    return is_new


def _change(message: Message, card: Card, text: str) -> bool:
    if card.get("state") == "undone" or "forgot" in card:
        raise Refused("already_decided")
    changes = card.get("changes", [])
    try:
        new = customers.correct(_account(message), [card["memory"], *changes][-1], text, _here(message))
    except NotKept:
        raise Refused("not_noted") from None
    if new is None:
        raise Refused("not_found")
    if new.status != "active":
        raise Refused("for_review")
    if new.key in (card["memory"], *changes):
        return False
    card |= {"state": "changed", "changes": [*changes, new.key], "lines": [{"label": "", "value": new.text}]}
    return True


def _undo(message: Message, card: Card, text: str) -> bool:
    if card.get("state") == "undone":
        return False
    if "forgot" in card:
        draft = MemoryDraft(text=card["lines"][0]["value"], **card["forgot"])
        try:
            card["changes"] = [customers.note_again(_account(message), draft, _here(message)).key]
        except NotKept:
            raise Refused("not_noted") from None
    else:
        for key in reversed([card["memory"], *card.get("changes", [])]):
            customers.take_back(_account(message), key)
        card["lines"] = []
    card["state"] = "undone"
    return True


_DECISIONS = {"keep": _keep, "change": _change, "undo": _undo}


def _account(message: Message) -> UUID:
    return message.conversation.account_id


def _here(message: Message) -> Source:
    return Source(conversation=str(message.conversation_id), message=str(message.pk), request=str(uuid.uuid4()))
