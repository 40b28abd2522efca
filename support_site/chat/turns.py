"""What a customer does to turns: send, stop, try again. Each verb is one transaction.

Every verb begins by locking the conversation, so that what happens to one conversation happens one after
another, whichever process it comes from.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import Truncator

from support_site.accounts.models import Account, User
from support_site.chat import signals
from support_site.chat.actions import withdraw
from support_site.chat.budgets import reserve
from support_site.chat.hub import hub
from support_site.chat.limits import keep_pace
from support_site.chat.log import Event, turn_log
from support_site.chat.models import Action, Conversation, Message, Turn
from support_site.chat.rendering import plain
from support_site.chat.sentences import MAX_LENGTH, STAFF_DECIDES, Refused

Status = Turn.Status


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A kept message and the turn that will answer it; no turn where a person answers.

    ``status`` is "queued" while a turn before it runs, "duplicate" if the browser's id was known already.
    """

    message: Message
    turn: Turn | None
    status: Literal["accepted", "queued", "duplicate"]


def start_conversation(account: Account) -> Conversation:
    """A conversation nobody has written in yet: a new one, or the one that was left empty."""
    unused = account.conversations.filter(messages=None, leaves_no_memory=False)
    return unused.first() or Conversation.objects.create(account=account)


@transaction.atomic
def accept(
    conversation: Conversation, *, client_id: UUID, text: str, user: User | None, address: str = "",
    costs_nothing: bool = False,
) -> Accepted:  # fmt: skip
    """Keep what the customer wrote, and queue its turn. The same ``client_id`` is the same message.

    A turn that waits for the customer's click gives way: its actions are withdrawn. One that waits for staff stays,
    and the message queues behind it. Nothing is reserved of the day where it ``costs_nothing``, because no model will
    be asked. Raises Refused: empty, too_long, limited.
    """
    text = readable(text)
    conversation = locked(conversation.pk)
    known = Message.objects.filter(conversation=conversation, client_id=client_id)
    if known.exists():
        message = known.select_related("turn").get()
        return Accepted(message=message, turn=message.turn, status="duplicate")
    keep_pace(conversation.account_id, address)
    before = _give_way(conversation)
    turn = None if conversation.needs_person else _queued_turn(conversation, before)
    if turn and turn not in before and not costs_nothing:
        reserve(turn, address)
    message = keep(conversation, turn=turn, role=Message.Role.CUSTOMER, text=text, client_id=client_id, author=user)
    is_queued = turn is not None and any(each != turn for each in before)
    if turn and is_queued:
        _say_that_staff_decide(conversation, turn)
    return Accepted(message=message, turn=turn, status="queued" if is_queued else "accepted")


@transaction.atomic
def stop(conversation: Conversation, turn_id: UUID) -> Turn:
    """Ask a running turn to stop, or end one that has not begun or waits for a click.

    Stopping twice is stopping once. Raises Refused: not_found, not_running.
    """
    conversation = locked(conversation.pk)
    turn = turn_of(conversation, turn_id)
    if turn.status == Status.RUNNING:
        ask_to_stop(turn)
    elif turn.status in (Status.QUEUED, Status.WAITING):
        end_unheld(turn, Status.STOPPED)
    elif turn.status != Status.STOPPED:
        raise Refused("not_running")
    return turn


@transaction.atomic
def retry(conversation: Conversation, turn_id: UUID, address: str = "", *, costs_nothing: bool = False) -> Turn:
    """Queue the newest turn again after it failed or was stopped. What was half-written gives way to the new answer.

    ``costs_nothing`` is as for ``accept``. Raises Refused: not_found, not_failed, too_late (the conversation has gone
    on), with_person, limited.
    """
    conversation = locked(conversation.pk)
    turn = turn_of(conversation, turn_id)
    if conversation.needs_person:
        raise Refused("with_person")
    if turn.status not in (Status.FAILED, Status.STOPPED):
        raise Refused("not_failed")
    since = {"created_at__gt": turn.created_at}
    if conversation.turns.filter(**since).exists() or without_agent(conversation).filter(**since).exists():
        raise Refused("too_late")
    keep_pace(conversation.account_id, address)
    if not costs_nothing:
        reserve(turn, address)
    turn.answer_anew = turn.status == Status.STOPPED
    turn.status, turn.attempt, turn.stop_requested = Status.QUEUED, 0, False
    turn.error_code, turn.finished_at, turn.lease_until = "", None, None
    turn.save()
    signals.turn_changed(conversation.pk, turn.pk)
    return turn


def next_turn(conversation_id: UUID) -> Turn | None:
    """The turn that may be answered now: the oldest queued one, if none is active."""
    unfinished = _unfinished(conversation_id)
    is_free = all(turn.status == Status.QUEUED for turn in unfinished)
    return unfinished[0] if unfinished and is_free else None


# --- Shared with the other services, inside their transactions ----------------------------------


def locked(conversation_id: UUID) -> Conversation:
    """The conversation as it is now, locked until the transaction ends (SQLite locks as a whole)."""
    return Conversation.objects.select_for_update(of=("self",)).select_related("account").get(pk=conversation_id)


def turn_of(conversation: Conversation, turn_id: UUID) -> Turn:
    """A turn of this conversation. Raises Refused: not_found, for a foreign one too."""
    turn = conversation.turns.filter(pk=turn_id).first()
    if turn is None:
        raise Refused("not_found")
    return turn


def next_position(conversation: Conversation) -> int:
    """The place behind all messages; nobody else gets it while the conversation is locked."""
    last = Message.objects.filter(conversation=conversation).order_by("-position").values_list("position", flat=True)
    return (last.first() or 0) + 1


def keep(
    conversation: Conversation, *, turn: Turn | None, role: str, text: str, client_id: UUID | None = None,
    author: User | None = None,
) -> Message:  # fmt: skip
    """A message of a person or of the site, at the end of the conversation."""
    message = Message.objects.create(
        conversation=conversation, turn=turn, role=role, text=text, html=plain(text), author=author,
        client_id=client_id, position=next_position(conversation), off_record=conversation.is_off_record,
    )  # fmt: skip
    title = conversation.title or Truncator(text).chars(80)
    Conversation.objects.filter(pk=conversation.pk).update(title=title, updated_at=timezone.now())
    signals.message_kept(conversation.pk, message.pk, turn.pk if turn else None)
    return message


def without_agent(conversation: Conversation) -> QuerySet[Message]:
    """What the customer and staff said without the agent: in no turn, or in one that ended without being begun."""
    said = conversation.messages.filter(role__in=(Message.Role.CUSTOMER, Message.Role.STAFF))
    return said.filter(Q(turn=None) | Q(turn__status=Status.DONE, turn__started_at=None)).order_by("position")


def ask_to_stop(turn: Turn) -> None:
    """Let the worker that holds the turn end it soon."""
    Turn.objects.filter(pk=turn.pk).update(stop_requested=True)
    transaction.on_commit(lambda: hub.wake(("turn", turn.pk)))


def end_unheld(turn: Turn, status: str) -> None:
    """End a turn that no worker holds: withdraw what it proposed, close its log."""
    events = [
        *({"type": "action.decided", "action": pk, "status": "withdrawn", "receipt": None} for pk in withdraw(turn)),
        {"type": "turn.done", "status": status, "error": None},
    ]
    turn.status, turn.finished_at = status, timezone.now()
    write_after_commit(turn, events)
    turn.save(update_fields=["status", "finished_at", "last_seq"])
    signals.turn_changed(turn.conversation_id, turn.pk)


def write_after_commit(turn: Turn, events: list[Event]) -> None:
    """Number events of a turn that no worker holds (caller saves ``last_seq``), and log them once that is kept.

    A log that lost what came before takes them no more; then ``repair_log`` tells the turn anew.
    """
    log = turn_log()
    was_running = turn.lease_until is not None
    first = 1 + (max(turn.last_seq, log.last_seq(turn.pk)) if was_running else turn.last_seq)
    turn.last_seq = first + len(events) - 1
    transaction.on_commit(lambda: log.append(turn.pk, first, *events), robust=True)


def readable(text: str) -> str:
    """The text without what a database cannot keep (NUL, halves of surrogate pairs). Raises Refused."""
    text = text.replace("\x00", "").encode("utf-8", "replace").decode().strip()
    if not text:
        raise Refused("empty")
    if len(text) > MAX_LENGTH:
        raise Refused("too_long")
    return text


def _give_way(conversation: Conversation) -> list[Turn]:
    """End the turns that wait for the customer's click. Those that are still to be answered, oldest first."""
    unfinished = _unfinished(conversation.pk)
    waiting = [turn for turn in unfinished if turn.status == Status.WAITING]
    for_staff = _waiting_for_staff(conversation) if waiting else []
    for turn in waiting:
        if turn.pk not in for_staff:
            end_unheld(turn, Status.DONE)
            unfinished.remove(turn)
    return unfinished


def _unfinished(conversation_id: UUID) -> list[Turn]:
    """Oldest first."""
    unfinished = Turn.objects.filter(conversation=conversation_id).exclude(status__in=Turn.FINISHED)
    return list(unfinished.order_by("created_at"))


def _waiting_for_staff(conversation: Conversation) -> list[UUID]:
    waiting = Action.objects.filter(turn__conversation=conversation, turn__status=Status.WAITING)
    return list(waiting.filter(**Action.WAITING_FOR_STAFF).values_list("turn_id", flat=True))


def _say_that_staff_decide(conversation: Conversation, turn: Turn) -> None:
    """Once, behind the first message that has to wait for staff."""
    if turn.messages.count() == 1 and _waiting_for_staff(conversation):
        keep(conversation, turn=turn, role=Message.Role.SYSTEM, text=STAFF_DECIDES)


def _queued_turn(conversation: Conversation, unfinished: list[Turn]) -> Turn:
    """The turn that waits and was never begun, so that neighbours are answered together; else a new one."""
    never_begun = (turn for turn in unfinished if turn.status == Status.QUEUED and turn.started_at is None)
    return next(never_begun, None) or Turn.objects.create(conversation=conversation)
