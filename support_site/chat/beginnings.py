"""What a worker reads when it begins a turn."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from agents.runner import Said
from support_site.chat.actions import decisions
from support_site.chat.budgets import take_up
from support_site.chat.counting import count_claim
from support_site.chat.leases import Lease, claim, release
from support_site.chat.log import Event, LogUnreachable, turn_log
from support_site.chat.models import Message, Turn
from support_site.chat.retelling import where_it_ends
from support_site.chat.switch import holds_back
from support_site.chat.turns import without_agent

MOST_HEARD = 50


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """A claimed turn and where it stands. ``is_first`` if no attempt has written anything yet."""

    lease: Lease
    #: The customer's messages of the turn as one text, and the id of the first.
    text: str
    message_id: str
    #: What the customer and staff said to each other while the agent was silent.
    meanwhile: list[Said]
    last_seq: int
    #: Decisions that wait to be carried out, as ``actions.decisions`` gives them.
    decided: dict[str, dict[str, Any]]
    #: Replies of earlier attempts: kept whole, kept as stopped, and only begun.
    kept: list[UUID]
    stopped: list[UUID]
    half_written: list[UUID]
    #: Cards that no reply has taken with it yet.
    cards: list[dict[str, Any]]

    @property
    def is_first(self) -> bool:
        return self.last_seq == 0


def begin(turn_id: UUID) -> Beginning | None:
    """Claim the turn and read where it stands; None if it is not to be answered now."""
    if holds_back(turn_id):
        return None
    lease = claim(turn_id)
    if lease is None:
        return None
    try:
        last_seq = where_it_ends(lease)
    except LogUnreachable:
        release(lease)
        return None
    count_claim(lease.turn)
    take_up(lease.turn)
    said = list(lease.turn.messages.filter(role=Message.Role.CUSTOMER).order_by("position"))
    replies = list(lease.turn.messages.filter(role=Message.Role.AGENT)) if last_seq else []
    begun, cards = _left_over(turn_id) if last_seq else ([], [])
    return Beginning(
        lease=lease,
        text="\n\n".join(message.text for message in said),
        message_id=str(said[0].pk if said else turn_id),
        meanwhile=_meanwhile(lease.turn),
        last_seq=last_seq,
        decided=decisions(lease.turn) if last_seq else {},
        kept=[reply.pk for reply in replies if not reply.stopped],
        stopped=[reply.pk for reply in replies if reply.stopped],
        half_written=begun,
        cards=cards,
    )


def _meanwhile(turn: Turn) -> list[Said]:
    """What was said without the agent since it last answered to the end; the agent knows by the ids what it has heard.

    It counts from the beginning of that last answer, because staff may write while the agent does.
    """
    said = without_agent(turn.conversation)
    if not said.exists():
        return []
    answered = Message.objects.filter(turn__conversation=turn.conversation_id, turn__status=Turn.Status.DONE)
    last = answered.exclude(turn__started_at=None).order_by("turn__created_at", "position").last()
    since = last.turn.messages.order_by("position").first() if last and last.turn else None
    newest = list(said.filter(position__gt=since.position if since else 0).order_by("-position")[:MOST_HEARD])[::-1]
    return [Said(text=each.text, message_id=str(each.pk), by_staff=each.role == Message.Role.STAFF) for each in newest]


def _left_over(turn_id: UUID) -> tuple[list[UUID], list[dict[str, Any]]]:
    """Messages that the log begins and neither ends nor takes back, and cards that came after the last whole one."""
    begun: dict[str, None] = {}
    cards: list[dict[str, Any]] = []
    for event in _events(turn_id):
        if event["type"] == "message.start":
            begun[event["message"]] = None
        elif event["type"] == "message.done":
            begun.pop(event["message"], None)
            cards = []
        elif event["type"] == "tool.done" and event["card"]:
            cards.append(event["card"])
        for message in event.get("discard", ()):
            begun.pop(message, None)
    return [UUID(message) for message in begun], cards


def _events(turn_id: UUID) -> Iterator[Event]:
    after = 0
    while entries := turn_log().read(turn_id, after):
        yield from (entry.event for entry in entries)
        after = entries[-1].seq
