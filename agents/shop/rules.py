"""What the shop allows: pure functions on records, after its retail policy.

Each rule takes the facts and the arguments of its tool and returns a Change (new records, the old ones
untouched) or a Refusal. Nothing here reads, writes or waits. ``RULES`` has them by the name of their tool.
"""

import copy
import functools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from agents.shop import wording
from agents.shop.changes import (
    Change,
    Facts,
    Refusal,
    entry,
    items_of,
    method_of,
    move,
    pay,
    price_difference,
    require_cover,
    require_status,
    swap_lines,
    swaps_of,
    told,
)
from agents.shop.money import ZERO, dollars, plain, total
from agents.shop.wording import line

__all__ = ["CANCEL_REASONS", "RULES", "Change", "Facts", "Refusal"]

CANCEL_REASONS = ("no longer needed", "ordered by mistake")

_RETURN_MAIL = "You will receive an email about how to return the items."

Rule = Callable[..., Change | Refusal]
RULES: dict[str, Rule] = {}


def rule(function: Callable[..., Change]) -> Rule:
    """Register a rule: it gets copies of the facts, and a refusal raised on its way becomes its answer."""

    @functools.wraps(function)
    def ruled(facts: Facts, **arguments: Any) -> Change | Refusal:
        try:
            return function(copy.deepcopy(facts), **arguments)
        except Refusal as refusal:
            return refusal

    RULES[function.__name__] = ruled
    return ruled


@rule
def cancel_pending_order(facts: Facts, *, reason: str) -> Change:
    """Every entry of the payment history is refunded to its own method, as the shop's own system does it.

    After a change of payment that includes the refund made then: more comes back than was paid, which
    ``Change.exceeds_payments`` tells, and which therefore never happens without a member of staff.
    """
    order, profile = facts.order, facts.profile
    require_status(order, "pending", "cancelled")
    if reason not in CANCEL_REASONS:
        raise Refusal(f'An order can be cancelled only because it is "{CANCEL_REASONS[0]}" or "{CANCEL_REASONS[1]}".')
    lines = [line("Items", wording.items(order["items"])), line("Reason", reason)]
    refunds = []
    for paid in order["payment_history"]:
        amount, method = Decimal(paid["amount"]), method_of(profile, paid["payment_method_id"])
        pay(method, -amount)
        refunds.append(entry("refund", amount, method["id"]))
        lines.append(line("Refund", wording.refund(amount, method)))
    order["payment_history"] += refunds
    order |= {"status": "cancelled", "cancel_reason": reason}
    refund = total(each["amount"] for each in refunds)
    return Change(
        order=order,
        profile=profile,
        preview=told(f"Cancel order {order['order_id']}", lines, refund, "A cancelled order cannot be taken up again."),
        receipt=told(f"Order {order['order_id']} is cancelled", lines, refund, ""),
        refund=refund,
    )


@rule
def modify_pending_order_address(facts: Facts, **address: str) -> Change:
    order = facts.order
    require_status(order, "pending", "changed")
    lines = move(order, address)
    place = f"the delivery address of order {order['order_id']}"
    return Change(
        order=order,
        profile=facts.profile,
        preview=told(f"Change {place}", lines, None, ""),
        receipt=told(f"Changed {place}", lines, None, ""),
    )


@rule
def modify_profile_address(facts: Facts, **address: str) -> Change:
    lines = move(facts.profile, address)
    note = "Orders already placed keep the address they have."
    return Change(
        order=facts.order,
        profile=facts.profile,
        preview=told("Change your default address", lines, None, note),
        receipt=told("Changed your default address", lines, None, note),
    )


@rule
def modify_pending_order_payment(facts: Facts, *, payment_method_id: str) -> Change:
    order, profile = facts.order, facts.profile
    require_status(order, "pending", "changed")
    method = method_of(profile, payment_method_id)
    history = order["payment_history"]
    if len(history) != 1:
        raise Refusal(f"The payment of order {order['order_id']} was already changed and cannot be changed again.")
    original = method_of(profile, history[0]["payment_method_id"])
    if original["id"] == method["id"]:
        raise Refusal(f"Order {order['order_id']} is already paid with {wording.method(method)}.")
    amount = Decimal(history[0]["amount"])
    pay(method, amount)
    pay(original, -amount)
    history += [entry("payment", amount, method["id"]), entry("refund", amount, original["id"])]
    lines = [
        line("You pay", f"{dollars(amount)} from {wording.method(method)}"),
        line("Refund", wording.refund(amount, original)),
    ]
    what = f"the payment of order {order['order_id']}"
    return Change(
        order=order,
        profile=profile,
        preview=told(f"Change {what}", lines, amount, "The payment can be changed only once."),
        receipt=told(f"Changed {what}", lines, amount, ""),
    )


@rule
def modify_pending_order_items(
    facts: Facts, *, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
) -> Change:
    order = facts.order
    require_status(order, "pending", "changed")
    swaps = swaps_of(facts, item_ids, new_item_ids)
    method = method_of(facts.profile, payment_method_id)
    difference = price_difference(swaps)
    lines = swap_lines(swaps, difference, method)
    pay(method, difference)
    kind = "payment" if difference > 0 else "refund"
    order["payment_history"].append(entry(kind, abs(difference), method["id"]))
    for item_id, (_, new) in zip(item_ids, swaps, strict=True):
        place = next(item for item in order["items"] if item["item_id"] == item_id)
        place |= {key: new[key] for key in ("item_id", "price", "options")}
    order["status"] = "pending (item modified)"
    what = f"items of order {order['order_id']}"
    warning = (
        "This can be done only once: afterwards the order can be neither changed nor cancelled. "
        "Please make sure that every item you want to change is listed."
    )
    return Change(
        order=order,
        profile=facts.profile,
        preview=told(f"Change {what}", lines, abs(difference), warning),
        receipt=told(f"Changed {what}", lines, abs(difference), "The order can no longer be changed or cancelled."),
        refund=max(-difference, ZERO),
        pairs=list(zip(item_ids, new_item_ids, strict=True)),
    )


@rule
def return_delivered_order_items(facts: Facts, *, item_ids: list[str], payment_method_id: str) -> Change:
    order = facts.order
    require_status(order, "delivered", "returned")
    method = method_of(facts.profile, payment_method_id)
    if method["source"] != "gift_card" and method["id"] != order["payment_history"][0]["payment_method_id"]:
        raise Refusal("A refund can go only to the order's original payment method or to one of your gift cards.")
    returned = items_of(order, item_ids)
    refund = total(item["price"] for item in returned)
    lines = [line("Return", f"{wording.item(item)}, {dollars(item['price'])}") for item in returned]
    lines.append(line("Refund", f"{dollars(refund)} to {wording.method(method)}"))
    order |= {
        "status": "return requested",
        "return_items": sorted(item_ids),
        "return_payment_method_id": method["id"],
    }
    what = f"items of order {order['order_id']}"
    return Change(
        order=order,
        profile=facts.profile,
        preview=told(f"Return {what}", lines, refund, _RETURN_MAIL),
        receipt=told(f"Return requested for {what}", lines, refund, _RETURN_MAIL),
        refund=refund,
    )


@rule
def exchange_delivered_order_items(
    facts: Facts, *, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
) -> Change:
    order = facts.order
    require_status(order, "delivered", "exchanged")
    swaps = swaps_of(facts, item_ids, new_item_ids)
    method = method_of(facts.profile, payment_method_id)
    difference = price_difference(swaps)
    require_cover(method, difference)
    lines = swap_lines(swaps, difference, method)
    order |= {
        "status": "exchange requested",
        "exchange_items": sorted(item_ids),
        "exchange_new_items": sorted(new_item_ids),
        "exchange_payment_method_id": method["id"],
        "exchange_price_difference": plain(difference),
    }
    what = f"items of order {order['order_id']}"
    once = "An order can be exchanged only once. Please make sure that every item you want to exchange is listed."
    return Change(
        order=order,
        profile=facts.profile,
        preview=told(f"Exchange {what}", lines, abs(difference), f"{once} {_RETURN_MAIL}"),
        receipt=told(
            f"Exchange requested for {what}", lines, abs(difference), f"{_RETURN_MAIL} No new order is needed."
        ),
        refund=max(-difference, ZERO),
        pairs=list(zip(item_ids, new_item_ids, strict=True)),
    )
