"""An order as staff read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agents.shop import wording
from agents.shop.changes import Facts
from agents.shop.facts import order_total
from agents.shop.money import dollars, total
from agents.shop.records import OWN_FIELDS, Record
from support_site.memory import readable
from support_site.memory.models import RecordChange
from support_site.orders.history import HistoryLine, history_of
from support_site.orders.models import Order
from support_site.orders.origins import Origins, origins_of

#: Fields that have a place of their own on the page.
_PLACED = {"order_id", "user_id", "status", "address", "items", "fulfillments", "payment_history", *OWN_FIELDS}


@dataclass(frozen=True, kw_only=True)
class OrderPage:
    """Everything is text that is ready to be shown; ``more`` is what else the record has."""

    status: str
    user_id: str
    address: str
    items: list[dict[str, str]]
    total: str
    payments: list[dict[str, str]]
    paid: str
    refunded: str
    balance: str
    parcels: list[dict[str, str]]
    more: str
    history: list[HistoryLine]
    origins: Origins


def order_page(order: Order, facts: Facts, *, with_conversations: bool) -> OrderPage:
    """The page of an order; conversations and actions are left out for those who may not see them."""
    value = facts.order
    changes = list(RecordChange.objects.filter(record_id=order.pk))
    turn_ids = {change.turn_id for change in changes if change.turn_id}
    origins = origins_of(order.account_id, order.key, turn_ids) if with_conversations else Origins()
    paid, refunded = (_sum(value["payment_history"], kind) for kind in ("payment", "refund"))
    more = {name: each for name, each in value.items() if name not in _PLACED}
    return OrderPage(
        status=value["status"],
        user_id=value["user_id"],
        address=wording.address(value["address"]),
        items=[_item(item) for item in value["items"]],
        total=dollars(order_total(value)),
        payments=[_payment(entry, facts.profile) for entry in value["payment_history"]],
        paid=dollars(paid),
        refunded=dollars(refunded),
        balance=f"{paid - refunded:,.2f}",
        parcels=[_parcel(parcel, value["items"]) for parcel in value["fulfillments"]],
        more=readable.definition_list(more) if more else "",
        history=history_of(changes, origins.conversations),
        origins=origins,
    )


def _sum(history: Iterable[Record], kind: str) -> Decimal:
    return total(entry["amount"] for entry in history if entry["transaction_type"] == kind)


def _item(item: Record) -> dict[str, str]:
    return {"name": wording.item(item), "item_id": item["item_id"], "price": dollars(item["price"])}


def _payment(entry: Record, profile: Record) -> dict[str, str]:
    method: dict[str, Any] | None = profile.get("payment_methods", {}).get(entry["payment_method_id"])
    return {
        "kind": entry["transaction_type"].capitalize(),
        "amount": dollars(entry["amount"]),
        "method": wording.method(method) if method else entry["payment_method_id"],
    }


def _parcel(parcel: Record, items: list[Record]) -> dict[str, str]:
    names = {item["item_id"]: item["name"] for item in items}
    return {
        "tracking": ", ".join(parcel["tracking_id"]) or "no number yet",
        "items": ", ".join(names.get(item_id, item_id) for item_id in parcel["item_ids"]),
    }
