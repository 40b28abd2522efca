"""The shop's tools: look up profile, orders and products; propose changes to them.

No tool takes an account: every namespace is made from the run's context. Reads answer at once; writes go
through ``carry_out`` and wait for the customer.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langgraph.store.base import BaseStore, GetOp, Item
from pydantic import Field

from agents import namespaces
from agents.shop import matching
from agents.shop.facts import facts_of, order_total
from agents.shop.records import Record
from agents.shop.rules import CANCEL_REASONS
from agents.tools.actions import carry_out
from agents.tools.answers import NO_NUMBER, NO_PROFILE, Run, answer, not_on_file, shop_tool, shown, store_of

_PAGE = 200

OrderNumber = Annotated[str, Field(description='Order number, such as "#W2611340"; any spelling will do.')]
ItemIds = Annotated[list[str], Field(description="Item ids of the order, each as often as it is meant.")]
NewItemIds = Annotated[list[str], Field(description="Item ids of the new variants, in the same order as item_ids.")]
MethodId = Annotated[str, Field(description='Id of a payment method of the profile, such as "gift_card_1725971".')]
Reason = Annotated[str, Field(json_schema_extra={"enum": list(CANCEL_REASONS)})]


@shop_tool("read")
async def get_profile(runtime: Run) -> ToolMessage:
    """The customer's own profile: name, e-mail, default address, payment methods, order numbers (newest last)."""
    profile = await _profile(runtime)
    if profile is None:
        return answer(runtime, NO_PROFILE, "refused")
    return answer(runtime, shown(profile), facts=facts_of(profile=profile))


@shop_tool("read")
async def list_orders(runtime: Run) -> ToolMessage:
    """All orders of the customer in short, newest first: number, status, items, total."""
    orders = await _orders(runtime)
    return answer(runtime, {"orders": [_in_short(order) for order in reversed(orders)]}, facts=facts_of(orders=orders))


@shop_tool("read")
async def find_orders(text: str, runtime: Run) -> ToolMessage:
    """Find the order a customer means without a number: by product ("my office chair"), status or recency ("the last").

    When "ambiguous" is true, ask the customer which one is meant; never choose for them.

    Args:
        text: What the customer said about the order, in their own words.
    """
    found = matching.find(text, await _orders(runtime))
    if not found.orders:
        return answer(runtime, "No order of this account fits that.", "refused")
    orders = [
        {**_in_short(order), "meant": [_item(item) for item in found.items.get(order["order_id"], [])]}
        for order in found.orders
    ]
    told = {"ambiguous": found.is_ambiguous, "orders": orders}
    return answer(runtime, told, facts=facts_of(orders=found.orders))


@shop_tool("read")
async def get_order_details(order_id: OrderNumber, runtime: Run) -> ToolMessage:
    """One order of the customer in full: status, items, address, tracking numbers, payments."""
    key = matching.order_key(order_id)
    if key is None:
        return answer(runtime, NO_NUMBER, "refused")
    item = await store_of(runtime).aget(namespaces.orders(runtime.context.account_id), key)
    if item is None:
        return answer(runtime, not_on_file(key), "refused")
    order = item.value
    return answer(runtime, {**shown(order), "total": order_total(order)}, facts=facts_of(orders=[order]))


@shop_tool("read")
async def list_product_types(runtime: Run) -> ToolMessage:
    """The kinds of product the shop sells, as {name: product id}."""
    products = await _products(store_of(runtime))
    return answer(runtime, {product["name"]: product["product_id"] for product in products})


@shop_tool("read")
async def get_product_details(product_id: str, runtime: Run) -> ToolMessage:
    """One kind of product with all its variants: item ids, options, price, whether available.

    Args:
        product_id: Id of the product, which is never the id of an item.
    """
    item = await store_of(runtime).aget(namespaces.PRODUCTS, product_id.strip())
    if item is None:
        return answer(runtime, f"The shop has no product with the id {product_id}.", "refused")
    return answer(runtime, item.value, facts=facts_of(products=[item.value]), products=[item.key])


@shop_tool("read")
async def get_item_details(item_id: str, runtime: Run) -> ToolMessage:
    """One variant of a product: its options, price, whether available, and the product it belongs to.

    Args:
        item_id: Id of the item, which is never the id of a product.
    """
    for product in await _products(store_of(runtime)):
        if variant := product["variants"].get(item_id.strip()):
            told = {"name": product["name"], "product_id": product["product_id"], **variant}
            facts = {"orders": {}, "amounts": [variant["price"]]}
            return answer(runtime, told, facts=facts, products=[product["product_id"]])
    return answer(runtime, f"The shop has no item with the id {item_id}.", "refused")


@shop_tool("write")
async def cancel_pending_order(order_id: OrderNumber, reason: Reason, runtime: Run) -> ToolMessage:
    """Cancel a pending order as a whole and refund what was paid. Cannot be undone."""
    return await carry_out(runtime, "cancel_pending_order", {"order_id": order_id, "reason": reason})


@shop_tool("write")
async def modify_pending_order_address(
    order_id: OrderNumber, address1: str, address2: str, city: str, state: str, country: str, zip: str, runtime: Run
) -> ToolMessage:
    """Change where a pending order is delivered to. address2 may be empty."""
    address = _address(address1, address2, city, state, country, zip)
    return await carry_out(runtime, "modify_pending_order_address", {"order_id": order_id, **address})


@shop_tool("write")
async def modify_pending_order_payment(order_id: OrderNumber, payment_method_id: MethodId, runtime: Run) -> ToolMessage:
    """Pay a pending order with another method of the profile; only once, and a gift card must cover the whole."""
    arguments = {"order_id": order_id, "payment_method_id": payment_method_id}
    return await carry_out(runtime, "modify_pending_order_payment", arguments)


@shop_tool("write")
async def modify_pending_order_items(
    order_id: OrderNumber, item_ids: ItemIds, new_item_ids: NewItemIds, payment_method_id: MethodId, runtime: Run
) -> ToolMessage:
    """Swap items of a pending order for available variants of the same products. Only once, all items in one call;
    afterwards the order can be neither changed nor cancelled. The method pays or receives the price difference."""
    return await carry_out(
        runtime, "modify_pending_order_items", _swap(order_id, item_ids, new_item_ids, payment_method_id)
    )


@shop_tool("write")
async def modify_profile_address(
    address1: str, address2: str, city: str, state: str, country: str, zip: str, runtime: Run
) -> ToolMessage:
    """Change the default address of the customer's profile, not that of any order. address2 may be empty."""
    address = _address(address1, address2, city, state, country, zip)
    return await carry_out(runtime, "modify_profile_address", address)


@shop_tool("write")
async def return_delivered_order_items(
    order_id: OrderNumber, item_ids: ItemIds, payment_method_id: MethodId, runtime: Run
) -> ToolMessage:
    """Return items of a delivered order, all in one call. The refund goes to the order's original payment method
    or to a gift card of the customer."""
    arguments = {"order_id": order_id, "item_ids": item_ids, "payment_method_id": payment_method_id}
    return await carry_out(runtime, "return_delivered_order_items", arguments)


@shop_tool("write")
async def exchange_delivered_order_items(
    order_id: OrderNumber, item_ids: ItemIds, new_item_ids: NewItemIds, payment_method_id: MethodId, runtime: Run
) -> ToolMessage:
    """Exchange items of a delivered order for available variants of the same products. Only once, all items in one
    call. The method pays or receives the price difference."""
    return await carry_out(
        runtime, "exchange_delivered_order_items", _swap(order_id, item_ids, new_item_ids, payment_method_id)
    )


def _address(address1: str, address2: str, city: str, state: str, country: str, zip: str) -> dict[str, str]:
    return {"address1": address1, "address2": address2, "city": city, "state": state, "country": country, "zip": zip}


def _swap(order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "item_ids": item_ids,
        "new_item_ids": new_item_ids,
        "payment_method_id": payment_method_id,
    }


async def _profile(runtime: Run) -> Record | None:
    account = runtime.context.account_id
    item = await store_of(runtime).aget(namespaces.profile(account), namespaces.PROFILE_KEY)
    return item.value if item else None


async def _orders(runtime: Run) -> list[Record]:
    """Every order of the profile, oldest first."""
    profile = await _profile(runtime)
    ids = profile["orders"] if profile else []
    namespace = namespaces.orders(runtime.context.account_id)
    items = await store_of(runtime).abatch([GetOp(namespace, order_id) for order_id in ids])
    return _values(items)


async def _products(store: BaseStore) -> list[Record]:
    """Every product by name."""
    products: list[Record] = []
    while page := _values(await store.asearch(namespaces.PRODUCTS, limit=_PAGE, offset=len(products))):
        products += page
    return sorted(products, key=lambda product: str(product["name"]))


def _values(items: Iterable[object]) -> list[Record]:
    return [item.value for item in items if isinstance(item, Item)]


def _in_short(order: Record) -> Record:
    return {
        "order_id": order["order_id"],
        "status": order["status"],
        "items": [item["name"] for item in order["items"]],
        "total": order_total(order),
    }


def _item(item: Record) -> Record:
    return {key: item[key] for key in ("name", "item_id", "price", "options")}


READS: tuple[BaseTool, ...] = (
    get_profile,
    list_orders,
    find_orders,
    get_order_details,
    list_product_types,
    get_product_details,
    get_item_details,
)
WRITES: tuple[BaseTool, ...] = (
    cancel_pending_order,
    modify_pending_order_address,
    modify_pending_order_payment,
    modify_pending_order_items,
    modify_profile_address,
    return_delivered_order_items,
    exchange_delivered_order_items,
)
TOOLS = (*READS, *WRITES)
#: For the customer, while the tool works; ``{order_id}`` is the number in its one spelling.
LABELS = {
    "get_profile": "Looking up your profile",
    "list_orders": "Looking up your orders",
    "find_orders": "Looking through your orders",
    "get_order_details": "Looking up order {order_id}",
    "list_product_types": "Looking through the products",
    "get_product_details": "Looking up a product",
    "get_item_details": "Looking up an item",
    "cancel_pending_order": "Preparing to cancel order {order_id}",
    "modify_pending_order_address": "Preparing a new address for order {order_id}",
    "modify_pending_order_payment": "Preparing another payment for order {order_id}",
    "modify_pending_order_items": "Preparing new items for order {order_id}",
    "modify_profile_address": "Preparing your new address",
    "return_delivered_order_items": "Preparing a return from order {order_id}",
    "exchange_delivered_order_items": "Preparing an exchange from order {order_id}",
}
