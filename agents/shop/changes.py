"""What a rule is given and what it answers, and the steps that several rules share.

The steps change the records they are handed (a rule works on copies) and raise Refusal.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from agents.shop import wording
from agents.shop.money import ZERO, dollars, plain, total
from agents.shop.records import Record
from agents.shop.wording import Line, line

Pairs = list[tuple[str, str]]
Swaps = list[tuple[Record, Record]]


class Refusal(Exception):
    """The rules forbid it. ``sentence`` says why, fit for a customer."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a rule looks at: the account's profile, the order in question if there is one, products by their id."""

    profile: Record
    order: Record = field(default_factory=dict)
    products: Mapping[str, Record] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What would happen: the new records, which may equal the old ones, and how it is told.

    ``preview`` (before) and ``receipt`` (after) are ``{"title", "lines": [{"label", "value"}], "amount", "note"}``,
    all text, ``amount`` like "12.34" or None. ``refund`` is what goes back to the customer in all; ``pairs`` are
    (item id, new item id) in the order in which they were asked for.
    """

    order: Record
    profile: Record
    preview: dict[str, Any]
    receipt: dict[str, Any]
    refund: Decimal = ZERO
    pairs: Pairs = field(default_factory=list)

    @property
    def exceeds_payments(self) -> bool:
        """Would the refunds of the order be more than was ever paid on it?"""
        history = self.order.get("payment_history", [])
        kinds = {
            kind: total(entry["amount"] for entry in history if entry["transaction_type"] == kind)
            for kind in ("payment", "refund")
        }
        return bool(self.refund) and kinds["refund"] > kinds["payment"]


def told(title: str, lines: list[Line], amount: Decimal | None, note: str) -> dict[str, Any]:
    """The shape of a preview and of a receipt."""
    return {"title": title, "lines": lines, "amount": None if amount is None else plain(amount), "note": note}


def require_status(order: Record, status: str, verb: str) -> None:
    if order["status"] != status:
        raise Refusal(
            f"Order {order['order_id']} {wording.status(order)}, so it cannot be {verb}; only {status} orders can be."
        )


def method_of(profile: Record, payment_method_id: str) -> Record:
    try:
        return profile["payment_methods"][payment_method_id]
    except KeyError:
        raise Refusal(f"There is no payment method {payment_method_id} on your profile.") from None


def entry(transaction_type: str, amount: Decimal, payment_method_id: str) -> Record:
    """One entry of a payment history."""
    return {"transaction_type": transaction_type, "amount": plain(amount), "payment_method_id": payment_method_id}


def pay(method: Record, amount: Decimal) -> None:
    """Take the amount from a gift card, or give it back when negative. Other methods have no balance here.

    Raises Refusal when the card does not cover it.
    """
    require_cover(method, amount)
    if method["source"] == "gift_card":
        method["balance"] = plain(Decimal(method["balance"]) - amount)


def require_cover(method: Record, amount: Decimal) -> None:
    if method["source"] == "gift_card" and Decimal(method["balance"]) < amount:
        raise Refusal(
            f"Your {wording.method(method)} has {dollars(method['balance'])} left: not enough for {dollars(amount)}."
        )


def items_of(order: Record, item_ids: list[str]) -> list[Record]:
    """The order's items with these ids, one for each id. Raises Refusal unless the order has them all."""
    if not item_ids:
        raise Refusal("Please name at least one item.")
    beyond = Counter(item_ids) - Counter(item["item_id"] for item in order["items"])
    if beyond:
        raise Refusal(f"Order {order['order_id']} does not have item {', '.join(beyond)}.")
    by_id = {item["item_id"]: item for item in order["items"]}
    return [by_id[item_id] for item_id in item_ids]


def swaps_of(facts: Facts, item_ids: list[str], new_item_ids: list[str]) -> Swaps:
    """(item of the order, available variant of the same product) for each pair of ids. Raises Refusal."""
    old_items = items_of(facts.order, item_ids)
    if len(item_ids) != len(new_item_ids):
        raise Refusal("Please name exactly one new item for each item.")
    return [(old, _variant(facts, old, new_id)) for old, new_id in zip(old_items, new_item_ids, strict=True)]


def _variant(facts: Facts, item: Record, new_item_id: str) -> Record:
    product = facts.products.get(item["product_id"], {"variants": {}})
    variant = product["variants"].get(new_item_id)
    if variant is None:
        raise Refusal(
            f"Item {new_item_id} is not a variant of the {item['name']}; the kind of product must stay the same."
        )
    if not variant["available"]:
        chosen = wording.options(variant["options"])
        raise Refusal(f"The {item['name']} with {chosen} (item {new_item_id}) is not available at the moment.")
    return {**variant, "name": item["name"]}


def price_difference(swaps: Swaps) -> Decimal:
    """What the new items cost more than the old ones; negative when they cost less."""
    return total(new["price"] for _, new in swaps) - total(old["price"] for old, _ in swaps)


def swap_lines(swaps: Swaps, difference: Decimal, method: Record) -> list[Line]:
    """Old and new items with their prices, and which way the difference goes."""
    lines = []
    for old, new in swaps:
        lines += [
            line("Instead of", f"{wording.item(old)}, {dollars(old['price'])}"),
            line("New item", f"{wording.item(new)}, {dollars(new['price'])}"),
        ]
    if difference > 0:
        return [*lines, line("You pay", f"{dollars(difference)} from {wording.method(method)}")]
    if difference < 0:
        return [*lines, line("Refund", f"{dollars(difference)} to {wording.method(method)}")]
    return [*lines, line("Price difference", "none")]


def move(record: Record, address: Mapping[str, str]) -> list[Line]:
    """Give the record its new address; the lines say from where to where. Raises Refusal for an empty field."""
    missing = [name for name, value in address.items() if not value.strip() and name != "address2"]
    if missing:
        raise Refusal(f"The new address needs: {', '.join(missing)}.")
    before = wording.address(record["address"])
    record["address"] = dict(address)
    return [line("Old address", before), line("New address", wording.address(record["address"]))]
