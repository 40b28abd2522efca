"""A shop small enough to be reckoned in the head: two customers who must never meet."""

import copy
from typing import Any

from langgraph.store.base import BaseStore, PutOp

from agents import namespaces
from agents.shop.records import Record, order_record, product_record, profile_record

ALICE, BOB = "11111111-aaaa-4aaa-8aaa-111111111111", "22222222-bbbb-4bbb-8bbb-222222222222"

PENDING, DELIVERED, PROCESSED, GIFTED, CANCELLED = "#W1000001", "#W1000002", "#W1000003", "#W1000004", "#W1000005"
BOBS = "#W2000001"

HOME = {"address1": "1 Quay", "address2": "", "city": "Bath", "state": "SOM", "country": "UK", "zip": "BA1 1AA"}
AWAY = {**HOME, "address1": "7 Hill", "address2": "Flat 2"}

LAMP = {
    "name": "Desk Lamp",
    "product_id": "p1",
    "variants": {
        "i1": {"item_id": "i1", "options": {"colour": "red"}, "available": True, "price": 20.0},
        "i2": {"item_id": "i2", "options": {"colour": "blue"}, "available": True, "price": 25.5},
        "i3": {"item_id": "i3", "options": {"colour": "green"}, "available": False, "price": 15.25},
        "i4": {"item_id": "i4", "options": {"colour": "white"}, "available": True, "price": 12.1},
    },
}
CHAIR = {
    "name": "Office Chair",
    "product_id": "p2",
    "variants": {
        "c1": {"item_id": "c1", "options": {"colour": "black"}, "available": True, "price": 100.0},
        "c2": {"item_id": "c2", "options": {"colour": "grey"}, "available": True, "price": 900.0},
    },
}
CARD = {"source": "credit_card", "id": "credit_card_1", "brand": "visa", "last_four": "4242"}
PAYPAL = {"source": "paypal", "id": "paypal_1"}


def gift_card(balance: float, number: str = "1") -> dict[str, Any]:
    return {"source": "gift_card", "id": f"gift_card_{number}", "balance": balance}


def item(product: dict[str, Any], item_id: str) -> dict[str, Any]:
    variant = product["variants"][item_id]
    return {
        "name": product["name"],
        "product_id": product["product_id"],
        **{key: variant[key] for key in ("item_id", "price", "options")},
    }


def order(order_id: str, user_id: str, status: str, items: list[dict[str, Any]], paid_with: str) -> Record:
    parcel = {"tracking_id": [f"77{order_id[2:]}0001"], "item_ids": [each["item_id"] for each in items]}
    amount = round(sum(each["price"] for each in items), 2)
    payment = {"transaction_type": "payment", "amount": amount, "payment_method_id": paid_with}
    history = [payment, {**payment, "transaction_type": "refund"}] if status == "cancelled" else [payment]
    return order_record(
        {
            "order_id": order_id,
            "user_id": user_id,
            "address": HOME,
            "items": copy.deepcopy(items),
            "status": status,
            "fulfillments": [parcel] if status in {"processed", "delivered"} else [],
            "payment_history": history,
            **({"cancel_reason": "no longer needed"} if status == "cancelled" else {}),
        }
    )


def profile(user_id: str, first_name: str, methods: list[dict[str, Any]], orders: list[str]) -> Record:
    return profile_record(
        {
            "user_id": user_id,
            "name": {"first_name": first_name, "last_name": "Stone"},
            "address": HOME,
            "email": f"{first_name.lower()}@example.com",
            "payment_methods": {method["id"]: method for method in methods},
            "orders": orders,
        }
    )


def products() -> dict[str, Record]:
    return {each["product_id"]: product_record(each) for each in (LAMP, CHAIR)}


def alices_orders() -> dict[str, Record]:
    lamp, blue, chair = item(LAMP, "i1"), item(LAMP, "i2"), item(CHAIR, "c1")
    orders = [
        order(PENDING, "alice_stone_1", "pending", [lamp, chair], "credit_card_1"),
        order(DELIVERED, "alice_stone_1", "delivered", [lamp, blue], "credit_card_1"),
        order(PROCESSED, "alice_stone_1", "processed", [chair], "paypal_1"),
        order(GIFTED, "alice_stone_1", "pending", [blue], "gift_card_1"),
        order(CANCELLED, "alice_stone_1", "cancelled", [lamp], "paypal_1"),
    ]
    return {each["order_id"]: each for each in orders}


def alices_profile() -> Record:
    return profile("alice_stone_1", "Alice", [CARD, PAYPAL, gift_card(60)], list(alices_orders()))


def bobs_order() -> Record:
    return order(BOBS, "bob_stone_2", "pending", [item(CHAIR, "c1")], "gift_card_2")


def bobs_profile() -> Record:
    return profile("bob_stone_2", "Bob", [gift_card(500, "2")], [BOBS])


async def stock(store: BaseStore) -> BaseStore:
    """Put both customers and all products."""
    puts = [
        PutOp(namespaces.profile(ALICE), namespaces.PROFILE_KEY, alices_profile()),
        PutOp(namespaces.profile(BOB), namespaces.PROFILE_KEY, bobs_profile()),
        PutOp(namespaces.orders(BOB), BOBS, bobs_order()),
        *(PutOp(namespaces.orders(ALICE), key, each) for key, each in alices_orders().items()),
        *(PutOp(namespaces.PRODUCTS, key, each) for key, each in products().items()),
    ]
    await store.abatch(puts)
    return store
