"""What staff change on an order: by the shop's rules or, where these do not reach, by an override on record."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.utils import timezone

from agents import namespaces, ops
from agents.attribution import attributed
from agents.shop import wording
from agents.shop.changes import told
from agents.shop.records import BadRecord, Record, order_record, to_shop_json
from agents.shop.rules import RULES, Change, Facts, Refusal, Rule
from agents.shop.wording import line
from agents.store import StaleRecord
from agents.tools.proposals import Action, Proposal, written
from support_site.accounts.models import User
from support_site.orders.history import last_change
from support_site.orders.models import Order

if TYPE_CHECKING:
    from support_site.memory.keeping import Ledger

OVERRIDE = "staff_override"

_MORE_THAN_PAID = "Attention: more goes back than was ever paid on this order."


class NotCorrected(Exception):
    """Nothing was changed; the text says why and what to do."""


def facts_of(ledger: Ledger, order: Order) -> Facts:
    """What the rules look at: the order as it is now, its customer, and the products of its items."""
    account_id, key = str(order.account_id), order.key
    owner = (namespaces.profile(account_id), namespaces.PROFILE_KEY)
    subject = (namespaces.orders(account_id), key)
    kept = ledger.kept([owner, subject])
    value = kept.get(subject, {})
    products = ledger.kept((namespaces.PRODUCTS, item["product_id"]) for item in value.get("items", ()))
    by_id = {product_id: product for (_, product_id), product in products.items()}
    return Facts(profile=kept.get(owner, {}), order=value, products=by_id)


def preview(order: Order, facts: Facts, *, tool: str, arguments: dict[str, Any], version: int) -> dict[str, Any]:
    """What the correction would do: ``{"title", "lines", "amount", "note"}``. Raises NotCorrected."""
    change = _change(order, facts, tool=tool, arguments=arguments, version=version)
    note = " ".join(filter(None, [change.preview["note"], _MORE_THAN_PAID if change.exceeds_payments else ""]))
    return {**change.preview, "note": note}


def correct(
    ledger: Ledger, order: Order, *, tool: str, arguments: dict[str, Any], version: int, reason: str, by: User
) -> dict[str, Any]:
    """Write the correction: the receipt. ``version`` is that of the order ``by`` has looked at. Raises NotCorrected.

    It stands in the order's ``changes`` like an action of the agent, so the shop is told of it too; the reason is
    kept in the ledger only.
    """
    facts = facts_of(ledger, order)
    change = _change(order, facts, tool=tool, arguments=arguments, version=version)
    account_id = str(order.account_id)
    action = Action(
        id=f"staff:{uuid4()}", account_id=account_id, tool=tool, arguments={"order_id": order.key, **arguments}
    )
    new_order, profile = written(Proposal(action=action, facts=facts, change=change, staff_limit=None), timezone.now())
    puts = [ops.Put(namespaces.orders(account_id), order.key, new_order)]
    if profile:
        puts.append(ops.Put(namespaces.profile(account_id), namespaces.PROFILE_KEY, profile))
    try:
        with attributed(actor=f"staff:{by.pk}", reason=reason):
            ledger.keep(puts)
    except StaleRecord:
        raise _changed_meanwhile(order) from None
    return change.receipt


def override(facts: Facts, *, status: str, address: dict[str, str], tracking: list[list[str]]) -> Change | Refusal:
    """Set what is on record, whatever the rules say. Moves no money.

    ``tracking`` has the numbers of each parcel in order; one beyond the parcels there are makes a parcel of all items.
    """
    order = deepcopy(facts.order)
    lines = []
    if status != order["status"]:
        lines.append(line("Status", f"{order['status']} → {status}"))
    if address != order["address"]:
        lines.append(line("Address", f"{wording.address(order['address'])} → {wording.address(address)}"))
    parcels = _parcels(order, tracking)
    if parcels != order["fulfillments"]:
        lines.append(line("Tracking", f"{_numbers(order['fulfillments'])} → {_numbers(parcels)}"))
    if not lines:
        return Refusal("Nothing would be different.")
    order |= {"status": status, "address": address, "fulfillments": parcels}
    try:
        order_record(to_shop_json(order))
    except BadRecord as error:
        return Refusal(f"That would not be an order any more: {error}.")
    note = "This only sets what is on record. No money is moved."
    return Change(
        order=order,
        profile=facts.profile,
        preview=told(f"Override order {order['order_id']}", lines, None, note),
        receipt=told(f"Order {order['order_id']} was corrected by staff", lines, None, ""),
    )


#: What staff may do to an order, by the tool's name.
CORRECTIONS: dict[str, Rule] = {
    name: RULES[name]
    for name in (
        "cancel_pending_order",
        "modify_pending_order_address",
        "modify_pending_order_payment",
        "modify_pending_order_items",
        "return_delivered_order_items",
        "exchange_delivered_order_items",
    )
} | {OVERRIDE: override}


def _change(order: Order, facts: Facts, *, tool: str, arguments: dict[str, Any], version: int) -> Change:
    if facts.order.get("version") != version:
        raise _changed_meanwhile(order)
    change = CORRECTIONS[tool](facts, **arguments)
    if isinstance(change, Refusal):
        raise NotCorrected(change.sentence)
    return change


def _changed_meanwhile(order: Order) -> NotCorrected:
    return NotCorrected(
        f"Somebody changed this order while you were at it (last: {last_change(order)}). Nothing of yours was "
        "written. Open the order again, look at it as it is now, and repeat what is still right."
    )


def _parcels(order: Record, tracking: list[list[str]]) -> list[Record]:
    of_all_items = {"item_ids": [item["item_id"] for item in order["items"]]}
    known = [*order["fulfillments"], *[of_all_items] * (len(tracking) - len(order["fulfillments"]))]
    return [{**parcel, "tracking_id": numbers} for parcel, numbers in zip(known, tracking, strict=True)]


def _numbers(parcels: list[Record]) -> str:
    return ", ".join(number for parcel in parcels for number in parcel["tracking_id"]) or "none"
