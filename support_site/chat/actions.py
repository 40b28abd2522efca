"""Actions: what the agent wants to write, and what a person decides about it."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from agents.events import ActionProposed
from support_site.accounts.models import User
from support_site.chat import signals
from support_site.chat.models import Action, Conversation, Turn
from support_site.chat.sentences import Refused

Decision = Literal["confirm", "decline", "approve"]
Status = Action.Status
OUTCOMES = {"confirm": Status.CONFIRMED, "approve": Status.CONFIRMED, "decline": Status.DECLINED}


@dataclass(frozen=True, kw_only=True)
class Decided:
    """``turn`` is the turn to answer on, or None if there is nothing to start: the click came twice (then it is not
    ``is_new``), or the turn is running anyway and will find the decision."""

    action: Action
    turn: Turn | None
    is_new: bool = True


@transaction.atomic
def decide(
    conversation: Conversation, action_id: str, *, digest: str, decision: Decision, user: User | None, reason: str = ""
) -> Decided:
    """Keep a person's decision about an action; the same decision again changes nothing.

    A customer says "confirm" or "decline", staff with the permission "approve" or "decline". Raises Refused:
    not_found (a foreign action too), needs_staff, needs_customer, own_account, already_decided, changed (``digest``
    is not of what is proposed now).
    """
    Conversation.objects.select_for_update().get(pk=conversation.pk)
    action = (
        Action.objects.select_related("turn__conversation")
        .filter(turn__conversation=conversation, pk=action_id)
        .first()
    )
    if action is None:
        raise Refused("not_found")
    _check_may_decide(action, decision, user)
    if action.digest != digest:
        raise Refused("changed")
    if action.status != Status.PROPOSED:
        return _decided_before(action, OUTCOMES[decision])
    action.status, action.decided_by, action.decided_at = OUTCOMES[decision], user, timezone.now()
    action.reason = reason
    action.save()
    return Decided(action=action, turn=_resumed(action.turn))


def propose(turn: Turn, proposed: ActionProposed) -> None:
    """Keep a proposal. One that was decided stays decided, unless what is proposed or who decides is new.

    One that was even carried out is to be carried out again: the worker died before the agent's thread knew of it.
    """
    before = Action.objects.filter(pk=proposed.action, turn=turn).first()
    if before and (before.digest, before.approver) == (proposed.digest, proposed.approver):
        _take_up_again(before)
        return
    told = {name: getattr(proposed, name) for name in ("tool", "arguments", "preview", "digest", "approver")}
    anew = {"status": Status.PROPOSED, "decided_by": None, "decided_at": None, "receipt": None, "reason": ""}
    has_agreed = proposed.approver == "staff" and before is not None and before.digest == proposed.digest
    agreed = {"confirmed_at": before.decided_at if before and has_agreed else None}
    Action.objects.update_or_create(pk=proposed.action, turn=turn, defaults=told | anew | agreed)


def decisions(turn: Turn) -> dict[str, dict[str, Any]]:
    """{action id: what the agent is told}, for every decision that has no outcome yet."""
    decided = turn.actions.filter(status__in=(Status.CONFIRMED, Status.DECLINED), carried_out_at=None)
    return {action.pk: _told(action) for action in decided}


def settle(action_id: str, *, receipt: dict[str, Any] | None) -> str | None:
    """Note what came of a decided action when its tool has ended: its status, or None if there is no such action."""
    action = Action.objects.filter(pk=action_id).exclude(status=Status.PROPOSED).first()
    if action is None:
        return None
    if action.status == Status.CONFIRMED:
        action.status = Status.APPLIED if receipt else Status.REFUSED
    action.receipt, action.carried_out_at = receipt, timezone.now()
    action.save()
    return action.status


def withdraw(turn: Turn) -> list[str]:
    """Withdraw what is still proposed; the ids."""
    open_actions = turn.actions.filter(status=Status.PROPOSED)
    ids = list(open_actions.values_list("pk", flat=True))
    if ids:
        open_actions.update(status=Status.WITHDRAWN, decided_at=timezone.now())
    return ids


def _take_up_again(action: Action) -> None:
    """Forget the outcome and keep the decision; the agent recognises by the id what it has applied."""
    if action.carried_out_at is None:
        return
    if action.status in (Status.APPLIED, Status.REFUSED):
        action.status = Status.CONFIRMED
    action.carried_out_at = None
    action.save()


def _check_may_decide(action: Action, decision: Decision, user: User | None) -> None:
    """Staff do not confirm for a customer, nobody approves what goes to their own account. Raises Refused."""
    if action.approver == "customer":
        if decision == "approve":
            raise Refused("needs_customer")
        return
    if decision == "confirm" or user is None or not user.has_perm("chat.decide_action"):
        raise Refused("needs_staff")
    if user.account_id == action.turn.conversation.account_id:
        raise Refused("own_account")


def _decided_before(action: Action, outcome: str) -> Decided:
    said_yes = (Status.CONFIRMED, Status.APPLIED, Status.REFUSED)
    if action.status == outcome or (outcome == Status.CONFIRMED and action.status in said_yes):
        return Decided(action=action, turn=None, is_new=False)
    raise Refused("already_decided")


def _resumed(turn: Turn) -> Turn | None:
    """A waiting turn runs on, held by nobody until a worker claims it: so it keeps its place before queued ones."""
    waiting = Turn.objects.filter(pk=turn.pk, status=Turn.Status.WAITING)
    fresh = {"attempt": 0, "stop_requested": False}
    if not waiting.update(status=Turn.Status.RUNNING, lease_owner="", lease_until=timezone.now(), **fresh):
        return None
    signals.turn_changed(turn.conversation_id, turn.pk)
    turn.refresh_from_db()
    return turn


def _told(action: Action) -> dict[str, Any]:
    yes = "approve" if action.approver == "staff" else "confirm"
    decision = "decline" if action.status == Status.DECLINED else yes
    return {"decision": decision, "digest": action.digest, "reason": action.reason}


def action_id_of(turn_id: UUID, call: str) -> str:
    """The id of the action that a tool call proposes."""
    return f"{turn_id}:{call}"
