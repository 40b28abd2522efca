"""A turn whose log was lost (Redis keeps none on disk, and none for ever) is told anew from what SQL has kept of it.

What was just being written is not among that: the attempt that wrote it ends, and the next one writes it again.
"""

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction

from support_site.chat.endings import done_event, message_event
from support_site.chat.leases import Lease
from support_site.chat.log import Event, LogLost, turn_log
from support_site.chat.models import Action, Message, Turn
from support_site.chat.turns import locked

#: So many numbers are left out, because the last ones that pages have seen may be known to nobody else.
LEFT_OUT = 100_000


def where_it_ends(lease: Lease) -> int:
    """The newest number in the log of a claimed turn, 0 if none was ever written. A lost log is told anew first."""
    turn, log = lease.turn, turn_log()
    if log.is_durable and not lease.is_resumed:
        return turn.last_seq  # nobody has written yet
    last_seq = log.last_seq(turn.pk)
    if log.is_durable:
        return max(last_seq, turn.last_seq)
    is_lost = last_seq < turn.last_seq or (last_seq == 0 and lease.is_resumed)
    return retell(turn) if is_lost else last_seq


def is_lost(turn: Turn, last_seq: int) -> bool:
    """Whether a log that ends at ``last_seq`` is too short for a turn that waits (a worker sees to one that runs)."""
    return turn.status == Turn.Status.WAITING and last_seq < turn.last_seq


@transaction.atomic
def retell_waiting(turn_id: UUID) -> None:
    """Tell a waiting turn anew, unless it waits no more or somebody else was quicker."""
    turn = Turn.objects.get(pk=turn_id)
    locked(turn.conversation_id)
    turn.refresh_from_db()
    if is_lost(turn, turn_log().last_seq(turn_id)):
        retell(turn)


def repair_log(turn: Turn) -> bool:
    """Write what is missing at the end of the log of a finished turn, because its worker died or the log was away or
    lost; whether something was."""
    log = turn_log()
    if log.last_seq(turn.pk) >= turn.last_seq:
        return False
    try:
        log.append(turn.pk, turn.last_seq, done_event(turn.status, turn.error_code, turn.try_again_at))
    except LogLost:
        retell(turn)
    return True


def retell(turn: Turn) -> int:
    """Begin the log of a turn anew. The number of its newest event, which is kept as the turn's ``last_seq`` too."""
    events = list(_events_of(turn))
    first = turn.last_seq + LEFT_OUT
    turn.last_seq = first + len(events) - 1
    Turn.objects.filter(pk=turn.pk).update(last_seq=turn.last_seq)
    turn_log().begin_anew(turn.pk, first, *events)
    return turn.last_seq


def _events_of(turn: Turn) -> Iterator[Event]:
    yield {"type": "turn.started", "attempt": turn.attempt}
    replies = list(turn.messages.filter(role=Message.Role.AGENT).order_by("position"))
    for reply in replies:
        yield {"type": "message.start", "message": str(reply.pk)}
        yield message_event(reply)
    shown = [card for reply in replies for card in reply.cards]
    for action in turn.actions.order_by("created_at"):
        yield from _events_about(action, shown)
    if turn.status != Turn.Status.RUNNING:
        yield done_event(turn.status, turn.error_code, turn.try_again_at)


def _events_about(action: Action, shown: list[Event]) -> Iterator[Event]:
    """``shown`` are the cards that replies carry; a receipt that is not among them goes with the next reply."""
    told = {name: getattr(action, name) for name in ("tool", "preview", "digest", "approver")}
    yield {"type": "action.proposed", "action": action.pk, **told}
    if action.receipt and action.receipt not in shown:
        call = action.pk.partition(":")[2]
        yield {"type": "tool.done", "call": call, "tool": action.tool, "ok": True, "card": action.receipt}
    if action.status != Action.Status.PROPOSED:
        outcome = {"status": action.status, "receipt": action.receipt}
        yield {"type": "action.decided", "action": action.pk, **outcome}
