"""Truthful replies to the golden conversations are left alone; the same replies with one thing wrong are not."""

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.store.memory import InMemoryStore

from agents.claims import check, sources_of
from agents.shop.money import dollars
from tests.conformance import GOLDEN, SHOP, require_golden
from tests.conformance.golden import Shop, cases
from tests.conformance.play import Player

DONE = {
    "cancel_pending_order": "I have cancelled order {order_id}. The order has been cancelled and refunded.",
    "modify_pending_order_address": "I've updated the delivery address of order {order_id}.",
    "modify_pending_order_payment": "The payment method of order {order_id} has been changed.",
    "modify_pending_order_items": "I have changed the items of order {order_id}. The items have been swapped.",
    "modify_profile_address": "Your default address has been updated.",
    "return_delivered_order_items": "The return has been requested for order {order_id}. Your return is under way.",
    "exchange_delivered_order_items": "I have arranged the exchange for order {order_id}.",
}


@pytest.fixture(scope="module")
def shop():
    require_golden()
    return Shop(SHOP)


@pytest.fixture(scope="module")
def conversations(shop):
    """The tool answers of every golden task."""

    async def play():
        player = await Player(InMemoryStore(), shop).move_in()
        files = [GOLDEN / "tasks_base.jsonl", GOLDEN / "tasks_dev.jsonl"]
        return [await player.answers(case) for path in files for case in cases(path) if case.calls]

    return asyncio.run(play())


def replies(messages: list[ToolMessage]) -> Iterator[tuple[list[ToolMessage], str]]:
    """(what was known, a truthful reply) after each tool call."""
    for place, message in enumerate(messages, start=1):
        for reply in _told(message):
            yield messages[:place], reply


def _told(message: ToolMessage) -> Iterator[str]:
    if message.artifact["outcome"] == "refused":
        yield f"I am sorry, that is not possible. {message.content}"
    elif message.artifact["outcome"] == "applied":
        receipt = message.artifact["receipt"]
        lines = "\n".join(f"- {line['label']}: {line['value']}" for line in receipt["lines"])
        yield f"{DONE[message.name].format(**receipt)}\n{lines}\n{receipt['note']}"
    elif message.name == "get_order_details":
        yield from _order(json.loads(message.content))
    elif message.name == "get_product_details":
        yield from _product(json.loads(message.content))
    elif message.name == "get_profile":
        yield from _profile(json.loads(message.content))


def _order(order) -> Iterator[str]:
    number = order["order_id"]
    yield f"Your order {number} is {order['status']}. Its total is {dollars(order['total'])}."
    yield f"**{number}** ({order['status']}): " + ", ".join(
        f"{item['name']} at {dollars(item['price'])}" for item in order["items"]
    )
    if len(order["items"]) > 1:
        pair = order["items"][:2]
        both = dollars(sum(Decimal(item["price"]) for item in pair))
        yield f"The {pair[0]['name']} and the {pair[1]['name']} of order {number} cost {both} together."
    for parcel in order["fulfillments"]:
        yield f"The tracking number of order {number} is {parcel['tracking_id'][0]}."
    if order["status"] == "pending":
        yield f"If you confirm, order {number} is cancelled and {dollars(order['total'])} is refunded. Shall I?"
        yield f"Order {number} has not been delivered yet, so it cannot be returned."


def _product(product) -> Iterator[str]:
    variants = list(product["variants"].values())
    yield f"The {product['name']} comes in {len(variants)} variants:\n" + "\n".join(
        f"{n}. Item {v['item_id']}: {', '.join(v['options'].values())}, {dollars(v['price'])}"
        f"{'' if v['available'] else ' (not available at the moment)'}"
        for n, v in enumerate(variants, start=1)
    )
    one, other = variants[0], variants[-1]
    difference = dollars(Decimal(one["price"]) - Decimal(other["price"]))
    yield f"The difference between item {one['item_id']} and item {other['item_id']} is {difference}."


def _profile(profile) -> Iterator[str]:
    place = profile["address"]
    yield f"Your default address is {place['address1']}, {place['city']}, {place['state']} {place['zip']}."
    for method in profile["payment_methods"].values():
        if method["source"] == "gift_card":
            yield f"Your gift card has {dollars(method['balance'])} left."


def test_no_truthful_reply_to_a_golden_conversation_is_called_a_lie(conversations):
    told = [(known, reply) for messages in conversations for known, reply in replies(messages)]
    alarms = [(reply, claims) for known, reply in told if (claims := check(reply, sources_of(known)))]
    assert len(told) > 1_000
    assert alarms == []


def test_one_wrong_thing_in_a_golden_reply_is_found(conversations):
    """A total that is a cent off, another status, a tracking number with one digit changed, a deed not done."""
    lies = []
    for messages in conversations:
        for place, message in enumerate(messages, start=1):
            if message.name == "get_order_details" and message.artifact["outcome"] == "found":
                lies += [(messages[:place], lie) for lie in _wrong(json.loads(message.content))]
            if message.artifact["outcome"] == "applied" and not _done_before(message, messages[: place - 1]):
                before = [HumanMessage("Please do it."), *messages[: place - 1]]
                lies.append((before, DONE[message.name].format(**message.artifact["receipt"])))
    missed = [lie for known, lie in lies if not check(lie, sources_of(known))]
    assert len(lies) > 500
    assert missed == []


def _done_before(message: ToolMessage, earlier: list[ToolMessage]) -> bool:
    """Whether the very same was done to the same order before, so that saying so would be true."""
    deed = (message.name, message.artifact["receipt"]["order_id"])
    return deed in {(m.name, m.artifact["receipt"]["order_id"]) for m in earlier if m.artifact["outcome"] == "applied"}


def _wrong(order) -> Iterator[str]:
    number = order["order_id"]
    yield f"The total of order {number} is {dollars(Decimal(order['total']) + Decimal('0.01'))}."
    yield f"Order {number} is {'delivered' if 'pending' in order['status'] else 'pending'}."
    yield f"Your order {number[:-1]}{(int(number[-1]) + 1) % 10} is safe."
    for parcel in order["fulfillments"]:
        tracking = parcel["tracking_id"][0]
        yield f"The tracking number of order {number} is {tracking[:-1]}{(int(tracking[-1]) + 1) % 10}."
