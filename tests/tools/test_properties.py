"""What holds for any sequence of calls: no money is lost or made, a refusal changes nothing, nobody meets anybody."""

import asyncio
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st
from langgraph.store.memory import InMemoryStore

from agents import namespaces
from agents.shop.money import total
from agents.tools import orders
from tests.shop.small_shop import (
    ALICE,
    AWAY,
    BOB,
    BOBS,
    DELIVERED,
    GIFTED,
    HOME,
    PENDING,
    alices_orders,
    alices_profile,
    stock,
)
from tests.tools.signed_in import Call, build

ITEMS = ["i1", "i2", "i3", "i4", "c1", "c2", "x9"]
order_ids = st.sampled_from([*alices_orders(), "#W9999999"])
methods = st.sampled_from(["credit_card_1", "paypal_1", "gift_card_1", "gift_card_2"])
item_ids = st.lists(st.sampled_from(ITEMS), max_size=3)
addresses = st.sampled_from([HOME, AWAY])
swaps = st.lists(st.tuples(st.sampled_from(ITEMS), st.sampled_from(ITEMS)), max_size=3)


def _swap(tool):
    return st.builds(
        lambda order_id, pairs, method: (
            tool,
            {
                "order_id": order_id,
                "item_ids": [old for old, _ in pairs],
                "new_item_ids": [new for _, new in pairs],
                "payment_method_id": method,
            },
        ),
        order_ids,
        swaps,
        methods,
    )


calls = st.one_of(
    st.builds(
        lambda order_id, reason: ("cancel_pending_order", {"order_id": order_id, "reason": reason}),
        order_ids,
        st.sampled_from(["no longer needed", "ordered by mistake", "why not"]),
    ),
    st.builds(
        lambda order_id, method: (
            "modify_pending_order_payment",
            {"order_id": order_id, "payment_method_id": method},
        ),
        order_ids,
        methods,
    ),
    st.builds(
        lambda order_id, to: ("modify_pending_order_address", {"order_id": order_id, **to}), order_ids, addresses
    ),
    st.builds(lambda to: ("modify_profile_address", to), addresses),
    st.builds(
        lambda order_id, items, method: (
            "return_delivered_order_items",
            {"order_id": order_id, "item_ids": items, "payment_method_id": method},
        ),
        order_ids,
        item_ids,
        methods,
    ),
    _swap("modify_pending_order_items"),
    _swap("exchange_delivered_order_items"),
)
#: What everybody who is asked says; staff never agree, for what staff agree to is theirs to answer for.
answers = st.sampled_from(["confirm", "confirm", "confirm", "decline", None])


async def everything(store):
    return {(item.namespace, item.key): item.value for item in await store.asearch((), limit=1_000)}


def payments(order, kind, method=None):
    return total(
        entry["amount"]
        for entry in order["payment_history"]
        if entry["transaction_type"] == kind and method in {None, entry["payment_method_id"]}
    )


def spent_on(orders, method):
    """What the orders took from a method, less what they gave back."""
    return sum((payments(order, "payment", method) - payments(order, "refund", method) for order in orders), Decimal(0))


def assert_money_is_conserved(stored):
    """Every cent on a gift card or paid for an order is where it began or where a payment or refund took it."""
    now = [value for (namespace, _), value in stored.items() if namespace == namespaces.orders(ALICE)]
    profile = stored[namespaces.profile(ALICE), namespaces.PROFILE_KEY]
    before = list(alices_orders().values())
    for method_id, method in alices_profile()["payment_methods"].items():
        if "balance" in method:
            opening = Decimal(method["balance"]) + spent_on(before, method_id)
            balance = Decimal(profile["payment_methods"][method_id]["balance"])
            assert balance + spent_on(now, method_id) == opening
            assert balance >= 0
    for order in now:
        owed = Decimal(0) if order["status"] == "cancelled" else total(item["price"] for item in order["items"])
        assert payments(order, "payment") - payments(order, "refund") == owed, order


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(calls, answers), min_size=1, max_size=8))
@example(
    [
        (("modify_pending_order_payment", {"order_id": GIFTED, "payment_method_id": "paypal_1"}), "confirm"),
        (("cancel_pending_order", {"order_id": GIFTED, "reason": "no longer needed"}), "confirm"),
    ]
)
@example([(("cancel_pending_order", {"order_id": PENDING, "reason": "no longer needed"}), "confirm")] * 2)
@example(
    [
        (
            (
                "modify_pending_order_items",
                {
                    "order_id": PENDING,
                    "item_ids": ["i1", "c1"],
                    "new_item_ids": ["i4", "c1"],
                    "payment_method_id": "gift_card_1",
                },
            ),
            "confirm",
        )
    ]
)
def test_no_sequence_of_calls_loses_or_makes_money(sequence):
    async def play():
        store = await stock(InMemoryStore())
        graph, bobs = build(store), [namespaces.orders(BOB), namespaces.profile(BOB)]
        before = untouched = await everything(store)
        for (tool, arguments), said in sequence:
            call = await Call(graph, ALICE, tool, arguments).start()
            if said and call.question:
                await call.decide(said)
            after = await everything(store)
            assert_money_is_conserved(after)
            if call.outcome != "applied":
                assert after == before
            assert all(after[place] == value for place, value in untouched.items() if place[0] in bobs)
            before = after

    asyncio.run(play())


around = st.text(alphabet="#Ww \t-_.:/*'\"ordeno°№\u200b", max_size=6)
spelled = st.one_of(
    st.builds(lambda head, tail: f"{head}{BOBS[2:]}{tail}", around, around),
    st.builds(
        lambda head, gaps: head + "".join(digit + gap for digit, gap in zip(BOBS[2:], gaps, strict=True)),
        around,
        st.lists(st.sampled_from(["", " ", "-", "\u00a0"]), min_size=7, max_size=7),
    ),
    st.text(max_size=20),
    st.sampled_from([f"../{BOB}/orders/{BOBS}", f"{BOB}.orders.{BOBS}", f"{DELIVERED}\n{BOBS}", f"{BOBS}\0"]),
)
FILLED = {
    "reason": "no longer needed",
    "item_ids": ["c1"],
    "new_item_ids": ["c2"],
    "payment_method_id": "gift_card_2",
    **AWAY,
}


@settings(max_examples=80, deadline=None)
@given(spelled, st.sampled_from([tool for tool in orders.TOOLS if "order_id" in tool.tool_call_schema.model_fields]))
def test_no_spelling_reaches_a_foreign_order(written, tool):
    async def play():
        store = await stock(InMemoryStore())
        before = await everything(store)
        wanted = {name: FILLED[name] for name in tool.tool_call_schema.model_fields if name in FILLED}
        call = await Call(build(store), ALICE, tool.name, {"order_id": written, **wanted}).start()
        assert call.outcome == "refused"
        assert "Office Chair" not in call.answer.content
        assert await everything(store) == before

    asyncio.run(play())


@settings(max_examples=80, deadline=None)
@given(spelled)
def test_no_words_find_a_foreign_order(written):
    async def play():
        store = await stock(InMemoryStore())
        call = await Call(build(store), ALICE, "find_orders", {"text": written}).start()
        assert BOBS not in call.answer.content

    asyncio.run(play())
