"""A write: propose, wait for the decision, apply once.

LangGraph runs a tool again from its top when it is resumed, and answers each ``interrupt`` of the earlier
runs with what was decided then. So everything here may be repeated, and nothing is kept between runs but the
records: an action that was applied is recognised by its id in their ``changes``.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from weakref import WeakValueDictionary

from langchain_core.messages import ToolMessage
from langgraph.store.base import BaseStore, GetOp, Item, PutOp
from langgraph.types import interrupt

from agents import namespaces
from agents.attribution import attributed
from agents.shop.facts import facts_of
from agents.shop.matching import order_key
from agents.shop.records import Record
from agents.shop.rules import RULES, Facts, Refusal
from agents.store.errors import StaleRecord
from agents.tools.answers import NO_NUMBER, NO_PROFILE, Run, answer, not_on_file, store_of
from agents.tools.proposals import Action, Decision, Proposal, stored_receipt, written

#: Key of ``config["configurable"]``: a refund above this many cents also needs staff; None or absent: none does.
STAFF_LIMIT = "staff_approval_above_cents"

#: How often a write that lost a race is made anew before it is given up.
_ATTEMPTS = 10

_BUSY = "These records are being changed by somebody else at this moment, so nothing was changed. Please try again."


async def carry_out(run: Run, tool: str, arguments: Mapping[str, Any]) -> ToolMessage:
    """Propose the change, wait until everyone who has to has agreed, apply it once; or say why not.

    The wait is LangGraph's ``interrupt`` with ``{"action", "tool", "arguments", "preview", "digest", "approver"}``,
    resumed with ``{"decision": "confirm" | "approve" | "decline" | "withdraw", "digest", "reason"}``. The artifact
    of the answer has ``outcome``, ``action`` and, once applied, ``receipt``
    (``{"title", "lines", "amount", "note", "order_id", "at"}``) as the record keeps it, and ``facts``.

    Several writes of one model reply must run as one task each (``Send``), as always with ``interrupt``.
    """
    action = _action(run, tool, arguments)
    decisions: list[Decision] = []
    lost_races = 0
    while lost_races < _ATTEMPTS:
        proposal = await _propose(run, action)
        if isinstance(proposal, ToolMessage):
            return proposal
        approver = proposal.waits_for(decisions)
        if approver is None:
            if facts := await _apply(store_of(run), proposal):
                return _applied(run, action, facts)
            lost_races += 1
            continue
        decision = interrupt(proposal.question(approver, decisions))
        if turned_down := _turned_down(run, action, decision, decisions):
            return turned_down
        decisions.append(decision if isinstance(decision, dict) else {})
    return answer(run, _BUSY, "refused", action=action.id)


def _action(run: Run, tool: str, arguments: Mapping[str, Any]) -> Action:
    settled, context = dict(arguments), run.context
    if "order_id" in settled:
        settled["order_id"] = order_key(settled["order_id"])
    return Action(
        id=f"{context.turn_id}:{run.tool_call_id}", account_id=context.account_id, tool=tool, arguments=settled
    )


async def _propose(run: Run, action: Action) -> Proposal | ToolMessage:
    """What would be changed as the records are now; or the answer, if it was applied before or is refused."""
    facts = await _read(store_of(run), action)
    if isinstance(facts, str):
        return answer(run, facts, "refused", action=action.id)
    if stored_receipt(facts, action):
        return _applied(run, action, facts)
    change = RULES[action.tool](facts, **{key: each for key, each in action.arguments.items() if key != "order_id"})
    if isinstance(change, Refusal):
        return answer(run, change.sentence, "refused", action=action.id)
    cents = (run.config.get("configurable") or {}).get(STAFF_LIMIT)
    limit = None if cents is None else Decimal(cents) / 100
    return Proposal(action=action, facts=facts, change=change, staff_limit=limit)


async def _read(store: BaseStore, action: Action) -> Facts | str:
    """The records the rule needs; a sentence if the account does not have them."""
    if action.arguments.get("order_id", "") is None:
        return NO_NUMBER
    asked = [GetOp(namespaces.profile(action.account_id), namespaces.PROFILE_KEY)]
    if action.order_id is not None:
        asked.append(GetOp(namespaces.orders(action.account_id), action.order_id))
    profile, *orders = await _values(store, asked)
    if profile is None:
        return NO_PROFILE
    order = orders[0] if orders else {}
    if order is None:
        return not_on_file(str(action.order_id))
    wanted = {item["product_id"] for item in order["items"]} if "new_item_ids" in action.arguments else set()
    products = await _values(store, [GetOp(namespaces.PRODUCTS, product_id) for product_id in sorted(wanted)])
    return Facts(profile=profile, order=order, products={each["product_id"]: each for each in products if each})


async def _values(store: BaseStore, asked: list[GetOp]) -> list[Record | None]:
    return [item.value if isinstance(item, Item) else None for item in await store.abatch(asked)]


async def _apply(store: BaseStore, proposal: Proposal) -> Facts | None:
    """Write order and profile in one batch; the records as they are then. None if one changed since it was read.

    A store that compares versions itself raises StaleRecord, whatever process the other writer is in; before any
    other store, what was read is compared here, and writers of one account on one event loop go one by one.
    """
    action = proposal.action
    order, profile = written(proposal, datetime.now(UTC))
    puts = []
    if order:
        puts.append(PutOp(namespaces.orders(action.account_id), order["order_id"], order))
    if profile:
        puts.append(PutOp(namespaces.profile(action.account_id), namespaces.PROFILE_KEY, profile))
    reason = f"{proposal.change.receipt['title']}: agreed by {' and '.join(proposal.approvers)}"
    async with _turnstile(action.account_id):
        stored = await _values(store, [GetOp(put.namespace, put.key) for put in puts])
        if [each and each["version"] for each in stored] != [put.value["version"] - 1 for put in puts if put.value]:
            return None
        try:
            with attributed(reason=reason):
                await store.abatch(puts)
        except StaleRecord:
            return None
    return Facts(order=order or proposal.facts.order, profile=profile or proposal.facts.profile)


_turnstiles: WeakValueDictionary[tuple[asyncio.AbstractEventLoop, str], asyncio.Lock] = WeakValueDictionary()


def _turnstile(account_id: str) -> asyncio.Lock:
    """The lock for writes of one account on the running loop; it lives as long as somebody holds or awaits it."""
    return _turnstiles.setdefault((asyncio.get_running_loop(), account_id), asyncio.Lock())


def _applied(run: Run, action: Action, facts: Facts) -> ToolMessage:
    """The answer after the write, from the records as they are stored; the receipt is the same at every repetition."""
    receipt = stored_receipt(facts, action) or {}
    told = {
        "done": receipt["title"],
        "details": [f"{each['label']}: {each['value']}" for each in receipt["lines"]],
        "note": receipt["note"],
        **({"status_now": facts.order["status"]} if facts.order else {}),
    }
    seen = facts_of(orders=[facts.order] if facts.order else [], profile=facts.profile)
    return answer(run, told, "applied", action=action.id, tool=action.tool, receipt=receipt, facts=seen)


def _turned_down(run: Run, action: Action, decision: object, before: list[Decision]) -> ToolMessage | None:
    """The answer to a decision that ends the action without a change; None for one that does not."""
    if not isinstance(decision, dict):
        return None
    if decision.get("decision") == "withdraw":
        sentence = "Not confirmed: the customer wrote something else instead of deciding. Nothing was changed."
        return answer(run, sentence, "withdrawn", action=action.id)
    if decision.get("decision") != "decline":
        return None
    after_confirmation = any(each.get("digest") == decision.get("digest") for each in before)
    who = "A member of staff" if after_confirmation else "The customer"
    reason = f" Reason: {decision['reason']}" if decision.get("reason") else ""
    return answer(run, f"{who} declined, so nothing was changed.{reason}", "declined", action=action.id)
