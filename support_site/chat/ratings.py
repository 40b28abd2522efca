"""What customers think of the agent's replies: one vote a reply, theirs to change and to take back."""

from typing import Literal
from uuid import UUID

from django.utils import timezone

from support_site.chat import signals
from support_site.chat.models import Conversation, Message
from support_site.chat.sentences import Refused

#: "" takes the vote back.
Vote = Literal["up", "down", ""]

LONGEST_REASON: int = Message._meta.get_field("rating_reason").max_length or 0


def rate(conversation: Conversation, message_id: UUID, *, vote: Vote, reason: str = "") -> None:
    """Keep a vote, the last one counts; a reason stays only with a thumb down. Raises Refused: not_found."""
    kept = {
        "rating": vote,
        "rating_reason": reason.replace("\x00", "").strip()[:LONGEST_REASON] if vote == "down" else "",
        "rated_at": timezone.now() if vote else None,
    }
    replies = conversation.messages.filter(pk=message_id, role=Message.Role.AGENT)
    if not replies.update(**kept):
        raise Refused("not_found")
    signals.message_kept(conversation.pk, message_id)
