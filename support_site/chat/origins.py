"""Tells the orders, which stand below the chat, in which conversations an order was changed."""

from collections.abc import Collection, Iterator
from uuid import UUID

from django.contrib.admin.utils import quote
from django.urls import reverse

from support_site.chat.models import Action, Conversation, Turn
from support_site.orders.origins import Link, Origins, Proposed

MOST_PROPOSALS = 50


def find_origins(account_id: UUID | None, order_id: str, turn_ids: Collection[str]) -> Origins:
    """The conversations of these turns, and the newest proposals about the order. Only of this account."""
    turns = Turn.objects.filter(pk__in=_uuids(turn_ids), conversation__account=account_id)
    actions = Action.objects.filter(turn__conversation__account=account_id, arguments__order_id=order_id)
    newest = actions.select_related("turn__conversation", "decided_by").order_by("-created_at")[:MOST_PROPOSALS]
    return Origins(
        conversations={str(turn.pk): _link(turn.conversation) for turn in turns.select_related("conversation")},
        proposed=[_proposed(action) for action in newest],
    )


def _proposed(action: Action) -> Proposed:
    page = reverse("admin:chat_action_change", args=[quote(action.pk)])
    return Proposed(
        action=Link(url=page, text=action.preview.get("title") or action.tool),
        conversation=_link(action.turn.conversation),
        outcome=action.get_status_display(),
        decided_by=str(action.decided_by or ""),
        at=action.created_at,
    )


def _link(conversation: Conversation) -> Link:
    return Link(url=reverse("admin:chat_conversation_change", args=[conversation.pk]), text=str(conversation))


def _uuids(texts: Collection[str]) -> Iterator[UUID]:
    for text in texts:
        try:
            yield UUID(text)
        except ValueError:
            continue
