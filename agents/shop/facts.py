"""What records say, in the few words that a reply is checked against (``agents/claims.py``)."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from agents.shop.money import plain, total
from agents.shop.records import Record


def order_total(order: Record) -> str:
    """What the order's items cost together, as they are now."""
    return plain(total(item["price"] for item in order["items"]))


def facts_of(
    *, orders: Iterable[Record] = (), products: Iterable[Record] = (), profile: Record | None = None
) -> Record:
    """``{"orders": {order id: {"status", "prices", "amounts", "refunded", "tracking"}}, "amounts"}``.

    ``prices`` are the items', ``amounts`` everything else of the order that is money; the outer ``amounts`` belong
    to no order: variants and balances. All plain text.
    """
    methods = profile["payment_methods"].values() if profile else ()
    variants = [variant for product in products for variant in product["variants"].values()]
    return {
        "orders": {order["order_id"]: _order(order) for order in orders},
        "amounts": [*(m["balance"] for m in methods if "balance" in m), *(v["price"] for v in variants)],
    }


def _order(order: Record) -> dict[str, Any]:
    history = order["payment_history"]
    difference = order.get("exchange_price_difference")
    return {
        "status": order["status"],
        "prices": [item["price"] for item in order["items"]],
        "amounts": [
            order_total(order),
            *(entry["amount"] for entry in history),
            *([plain(abs(Decimal(difference)))] if difference is not None else []),
        ],
        "refunded": any(entry["transaction_type"] == "refund" for entry in history),
        "tracking": [number for parcel in order["fulfillments"] for number in parcel["tracking_id"]],
    }
