"""A conversation as staff read it: what was said, what the agent wanted to write, and what went wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from django.urls import reverse

from agents.mentions import mentioned_orders, spellings
from support_site.accounts.models import Account
from support_site.chat.lineage import Used, used_in_each
from support_site.chat.models import Action, Conversation, Message, Recalled, Turn
from support_site.chat.sentences import sentence
from support_site.chat.shapes import in_reading_order
from support_site.memory.drafts import key_text_of
from support_site.orders.models import Order


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Messages that belong together: those of one turn, or one that was said outside of any."""

    messages: list[Message]
    turn: Turn | None = None
    actions: list[Action] = field(default_factory=list)
    #: What stood in the prompts of the turn.
    used: list[Used] = field(default_factory=list)

    @property
    def error(self) -> str:
        """What the customer was told of a turn that failed."""
        turn = self.turn
        return sentence(turn.error_code, turn.try_again_at) if turn and turn.error_code else ""


class Named(NamedTuple):
    """Something to link to; without an address there is no page of it."""

    name: str
    url: str | None


def transcript(conversation: Conversation) -> list[Passage]:
    """The whole conversation, in reading order."""
    turns = {turn.pk: turn for turn in conversation.turns.prefetch_related("actions__decided_by")}
    messages = in_reading_order(conversation.messages.select_related("author").order_by("position"))
    used = used_in_each(turns.values())
    told = groupby(messages, key=lambda each: each.turn_id)
    return [_passage(list(said), turns.get(turn_id), used.get(turn_id, [])) for turn_id, said in told]


def orders_touched(conversation: Conversation) -> list[Named]:
    """The orders of the account that were spoken of, looked at or to be changed, by number."""
    recalled = Recalled.objects.filter(turn__conversation=conversation, kind="orders").values("address")
    numbers = {order.key for order in Order.objects.filter(address__in=recalled).defer("vectors")}
    numbers |= {order_of(action) for action in Action.objects.filter(turn__conversation=conversation)}
    for text in conversation.messages.values_list("text", flat=True):
        numbers |= {spelling for number in mentioned_orders(text) for spelling in spellings(number)}
    return [link for link in order_links(conversation.account, numbers - {""}) if link.url]


def order_of(action: Action) -> str:
    """The number of the order that an action is about; "" if it is about none."""
    return str(action.arguments.get("order_id") or "")


def order_links(account: Account, numbers: Iterable[str]) -> list[Named]:
    """These orders, with links to those that the account has."""
    keys = {key_text_of(number): number for number in sorted(numbers)}
    orders = Order.objects.filter(account=account, key_text__in=keys).values_list("key_text", "pk")
    found = {key_text: reverse("admin:orders_order_change", args=[pk]) for key_text, pk in orders}
    return [Named(number, found.get(key)) for key, number in keys.items()]


def _passage(messages: list[Message], turn: Turn | None, used: list[Used]) -> Passage:
    actions = sorted(turn.actions.all(), key=lambda action: action.created_at) if turn else []
    return Passage(messages=messages, turn=turn, actions=actions, used=used)
