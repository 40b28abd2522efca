"""What a worker keeps of its turn: replies, pauses and the end, each one transaction under its lease."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from agents.events import ActionProposed
from support_site.chat import actions, budgets, signals
from support_site.chat.counting import count_attempt, count_end
from support_site.chat.leases import Lease, LeaseLost
from support_site.chat.lineage import note_recalled
from support_site.chat.log import Event, Fenced, LogUnreachable, turn_log
from support_site.chat.models import Conversation, Message, Turn
from support_site.chat.rendering import blocks
from support_site.chat.sentences import HANDED_OFF, sentence
from support_site.chat.turns import end_unheld, keep, locked, next_position, write_after_commit

Status = Turn.Status


class StopAsked(Exception):
    """The customer pressed Stop while the turn was on its way to wait for them."""


@dataclass(kw_only=True)
class Reply:
    """An agent message while it is written."""

    id: UUID
    text: str = ""
    cards: list[dict[str, Any]] = field(default_factory=list)
    stopped: bool = False


@dataclass(kw_only=True)
class Tally:
    """What an attempt used: tokens, what was put into its prompts ({kind: keys}), and kinds of claims it made up."""

    input_tokens: int = 0
    output_tokens: int = 0
    #: Milliseconds from the customer's message to the first word of a reply; None while there is none.
    first_word_ms: int | None = None
    recalled: dict[str, list[str]] = field(default_factory=dict)
    replaced_claims: list[str] = field(default_factory=list)

    def first_word(self, *, since: datetime) -> None:
        """Note that a word was told of a turn that began at ``since``; only the first one counts."""
        if self.first_word_ms is None:
            self.first_word_ms = max(0, int((timezone.now() - since).total_seconds() * 1000))


@transaction.atomic
def keep_reply(lease: Lease, reply: Reply) -> Message:
    """The agent message, kept in its place; kept again it replaces itself. Raises LeaseLost."""
    message = _keep(_hold(lease), reply)
    signals.message_kept(message.conversation_id, message.pk)
    return message


def _keep(turn: Turn, reply: Reply) -> Message:
    message = Message.objects.filter(pk=reply.id).first() or Message(
        pk=reply.id,
        conversation=turn.conversation,
        turn=turn,
        role=Message.Role.AGENT,
        position=next_position(turn.conversation),
    )
    message.text, message.html = reply.text, "\n".join(blocks(reply.text))
    message.cards, message.stopped = reply.cards, reply.stopped
    message.save()
    return message


@transaction.atomic
def drop_replies(lease: Lease, ids: list[UUID]) -> list[dict[str, Any]]:
    """Forget replies of an earlier attempt that are void. Their cards, for the reply that follows. Raises LeaseLost."""
    _hold(lease)
    void = lease.turn.messages.filter(pk__in=ids, role=Message.Role.AGENT)
    cards = [card for message in void.order_by("position") for card in message.cards]
    void.delete()
    return cards


@transaction.atomic
def keep_proposal(lease: Lease, proposed: ActionProposed) -> None:
    """An action that waits for a decision. Raises LeaseLost."""
    _hold(lease)
    actions.propose(lease.turn, proposed)


@transaction.atomic
def keep_outcome(lease: Lease, action_id: str, receipt: dict[str, Any] | None) -> str | None:
    """What came of a decided action: its status, as ``actions.settle`` has it. Raises LeaseLost."""
    _hold(lease)
    return actions.settle(action_id, receipt=receipt)


@transaction.atomic
def pause(lease: Lease, *, tally: Tally, last_seq: int) -> dict[str, dict[str, Any]]:
    """Let the turn wait for a person, and answer {}; unless a decision has come already: then that, and no pause.

    Raises LeaseLost, and StopAsked if the customer wants no more of it.
    """
    turn = _hold(lease)
    if turn.stop_requested:
        raise StopAsked
    decided = actions.decisions(turn)
    if not decided:
        _save(turn, tally, status=Status.WAITING, last_seq=last_seq)
        signals.turn_changed(turn.conversation_id, turn.pk)
    return decided


@transaction.atomic
def finish(
    lease: Lease,
    status: str,
    *,
    tally: Tally,
    last_seq: int,
    model: str,
    error_code: str = "",
    try_again_at: datetime | None = None,
    handed_off: bool = False,
    reply: Reply | None = None,
) -> None:
    """The end of the turn with its last ``reply``, and what follows from it; ``last_seq`` is the newest number in its
    log, which is told both. Raises LeaseLost, and Fenced if the log has gone on."""
    turn = _hold(lease)
    message = _keep(turn, reply) if reply else None
    told = [message_event(message)] if message else []
    told.append(done_event(status, error_code, try_again_at))
    actions.withdraw(turn)
    how = {"status": status, "error_code": error_code, "try_again_at": try_again_at, "finished_at": timezone.now()}
    _save(turn, tally, **how, last_seq=last_seq + len(told), model=model, handed_off=handed_off)
    _tell(turn, last_seq + 1, told)
    if message:
        signals.message_kept(turn.conversation_id, message.pk, turn.pk)
    else:
        signals.turn_changed(turn.conversation_id, turn.pk)
    if handed_off:
        hand_to_person(turn.conversation)


def _tell(turn: Turn, seq: int, events: list[Event]) -> None:
    """Log the end with what is kept of it, if the log is in the same database; else right after the commit."""
    if turn_log().is_durable:
        turn_log().append(turn.pk, seq, *events)
    else:
        transaction.on_commit(partial(_append_end, turn.pk, seq, events), robust=True)


def _append_end(turn_id: UUID, seq: int, events: list[Event]) -> None:
    with suppress(LogUnreachable, Fenced):  # recover_turns writes it later, or just has
        turn_log().append(turn_id, seq, *events)


def hand_to_person(conversation: Conversation, told: str = HANDED_OFF) -> None:
    """A person answers from now on. Turns that were still queued end unanswered: the person sees their messages."""
    if conversation.needs_person:  # somebody was quicker
        return
    Conversation.objects.filter(pk=conversation.pk).update(needs_person=True)
    for turn in conversation.turns.filter(status=Status.QUEUED):
        end_unheld(turn, Status.DONE)
    keep(conversation, turn=None, role=Message.Role.SYSTEM, text=told)
    signals.person_changed(conversation.pk)


@transaction.atomic
def give_up(turn_id: UUID, *, attempts: int) -> bool:
    """Fail a turn nobody holds that has been begun ``attempts`` times; whether that was so."""
    now = timezone.now()
    turn = Turn.objects.filter(pk=turn_id).first()
    if turn is None or not locked(turn.conversation_id):
        return False
    turn = Turn.objects.filter(pk=turn_id, status=Status.RUNNING, lease_until__lt=now, attempt__gte=attempts).first()
    if turn is None:
        return False
    turn.status, turn.error_code, turn.finished_at = Status.FAILED, "gave_up", now
    write_after_commit(turn, [done_event(Status.FAILED, "gave_up")])
    turn.save()
    budgets.book_lost(turn)
    signals.turn_changed(turn.conversation_id, turn.pk)
    transaction.on_commit(partial(count_end, turn), robust=True)
    return True


@transaction.atomic
def book(lease: Lease, tally: Tally) -> None:
    """Book what an attempt used that somebody else goes on with. Nothing if they do already: then it is booked."""
    locked(lease.turn.conversation_id)
    used = {"input_tokens": tally.input_tokens, "output_tokens": tally.output_tokens}
    if lease.mine().update(**{name: F(name) + tokens for name, tokens in used.items()}):
        budgets.book(lease.turn, **used)
        transaction.on_commit(partial(count_attempt, lease.turn, tally), robust=True)


def message_event(message: Message) -> Event:
    """The event that brings a whole message of the agent."""
    shown = {"html": message.html, "text": message.text, "cards": message.cards}
    return {"type": "message.done", "message": str(message.pk), **shown}


def done_event(status: str, error_code: str = "", try_again_at: datetime | None = None) -> Event:
    """The event that ends a turn, or lets it wait."""
    error = {"code": error_code, "message": sentence(error_code, try_again_at)} if error_code else None
    return {"type": "turn.done", "status": str(status), "error": error}


def _hold(lease: Lease) -> Turn:
    """The turn as it is now, with its conversation locked; raises LeaseLost if it is no longer this worker's."""
    conversation = locked(lease.turn.conversation_id)
    try:
        turn = lease.mine().get()
    except Turn.DoesNotExist:
        raise LeaseLost from None
    turn.conversation = conversation
    return turn


def _save(turn: Turn, tally: Tally, **fields: Any) -> None:
    budgets.book(turn, input_tokens=tally.input_tokens, output_tokens=tally.output_tokens)
    turn.input_tokens += tally.input_tokens
    turn.output_tokens += tally.output_tokens
    if turn.first_word_ms is None:
        turn.first_word_ms = tally.first_word_ms
    turn.replaced_claims += tally.replaced_claims
    for name, value in fields.items():
        setattr(turn, name, value)
    turn.answer_anew = False
    turn.lease_owner, turn.lease_until = "", None
    turn.save()
    note_recalled(turn, tally.recalled)
    Conversation.objects.filter(pk=turn.conversation_id).update(updated_at=timezone.now())
    transaction.on_commit(partial(count_attempt, turn, tally), robust=True)
