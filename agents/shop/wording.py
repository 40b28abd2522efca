"""How records are told to a customer: names of items, of payment methods and of places. Text only."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from agents.shop.money import dollars
from agents.shop.records import Record

Line = dict[str, str]

_STATUS = {
    "pending": "is pending",
    "pending (item modified)": "is pending and its items were already changed",
    "processed": "has been processed",
    "delivered": "has been delivered",
    "cancelled": "has been cancelled",
    "return requested": "already has a return requested",
    "exchange requested": "already has an exchange requested",
}


def line(label: str, value: str) -> Line:
    return {"label": label, "value": value}


def status(order: Record) -> str:
    """A predicate for the order: "has been delivered"."""
    return _STATUS[order["status"]]


def options(of: Mapping[str, str]) -> str:
    """The options in words: "color black, armrest fixed"."""
    return ", ".join(f"{name} {value}" for name, value in of.items())


def item(record: Mapping[str, Any]) -> str:
    """An item with its options: "Office Chair (material fabric, color black)"."""
    chosen = options(record["options"])
    return f"{record['name']} ({chosen})" if chosen else str(record["name"])


def items(records: Iterable[Mapping[str, Any]]) -> str:
    return "; ".join(item(record) for record in records)


def address(place: Mapping[str, str]) -> str:
    """The address on one line."""
    street = ", ".join(part for part in (place["address1"], place["address2"]) if part)
    return f"{street}, {place['city']}, {place['state']} {place['zip']}, {place['country']}"


def method(payment_method: Record) -> str:
    """The payment method as its owner knows it: "Visa ending in 9212"."""
    match payment_method["source"]:
        case "credit_card":
            return f"{payment_method['brand'].title()} ending in {payment_method['last_four']}"
        case "paypal":
            return "PayPal"
        case _:
            return f"gift card {payment_method['id'].rpartition('_')[2]}"


def refund(amount: Decimal, payment_method: Record) -> str:
    """What comes back, where and when."""
    when = "at once" if payment_method["source"] == "gift_card" else "in 5 to 7 business days"
    return f"{dollars(amount)} to {method(payment_method)}, {when}"
