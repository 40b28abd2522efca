"""A write: nothing before the click, exactly once after it, and never on other records than those that were shown."""

import pytest

from agents import namespaces
from tests.shop.small_shop import AWAY, BOBS, DELIVERED, GIFTED, PENDING, PROCESSED
from tests.tools.signed_in import Call, build

CANCEL = {"order_id": PENDING, "reason": "no longer needed"}
WRITES = [
    ("cancel_pending_order", {"reason": "no longer needed"}, PENDING),
    ("modify_pending_order_address", AWAY, PENDING),
    ("modify_pending_order_payment", {"payment_method_id": "paypal_1"}, PENDING),
    (
        "modify_pending_order_items",
        {"item_ids": ["i1"], "new_item_ids": ["i2"], "payment_method_id": "gift_card_1"},
        PENDING,
    ),
    ("return_delivered_order_items", {"item_ids": ["i1"], "payment_method_id": "gift_card_1"}, DELIVERED),
    (
        "exchange_delivered_order_items",
        {"item_ids": ["i1"], "new_item_ids": ["i2"], "payment_method_id": "gift_card_1"},
        DELIVERED,
    ),
    ("modify_profile_address", AWAY, None),
]


@pytest.mark.parametrize(("tool", "arguments", "order_id"), WRITES)
async def test_a_write_waits_and_changes_nothing(as_alice, everything, tool, arguments, order_id):
    before = await everything()
    call = await as_alice(tool, **({"order_id": order_id} if order_id else {}), **arguments)
    assert call.outcome == "waiting"
    assert call.question.keys() == {"action", "tool", "arguments", "preview", "digest", "approver"}
    assert call.question["preview"].keys() == {"title", "lines", "amount", "note"}
    assert call.question["approver"] == "customer"
    assert await everything() == before


@pytest.mark.parametrize(("tool", "arguments", "order_id"), WRITES)
async def test_after_the_click_it_is_done_and_told(as_alice, order, profile, tool, arguments, order_id):
    call = await as_alice(tool, **({"order_id": order_id} if order_id else {}), **arguments)
    action = call.question["action"]
    await call.decide("confirm")
    assert call.outcome == "applied"
    record = await order(order_id) if order_id else await profile()
    assert record["version"] == 2
    assert [change["action"] for change in record["changes"]] == [action]
    receipt = call.answer.artifact["receipt"]
    assert receipt == record["changes"][0]["receipt"]
    assert receipt.keys() == {"title", "lines", "amount", "note", "order_id", "at"}
    assert receipt["order_id"] == order_id
    assert receipt["title"] in call.answer.content
    assert call.answer.name == tool


@pytest.mark.parametrize(("tool", "arguments", "order_id"), WRITES)
async def test_declined_nothing_changes(as_alice, everything, tool, arguments, order_id):
    before = await everything()
    call = await as_alice(tool, **({"order_id": order_id} if order_id else {}), **arguments)
    await call.decide("decline")
    assert call.outcome == "declined"
    assert "The customer declined" in call.answer.content
    assert await everything() == before


async def test_withdrawn_nothing_changes(as_alice, everything):
    before = await everything()
    call = await (await as_alice("cancel_pending_order", **CANCEL)).decide("withdraw", digest="")
    assert call.outcome == "withdrawn"
    assert await everything() == before


@pytest.mark.parametrize(
    "value", [True, "confirm", {}, {"decision": "confirm"}, {"decision": "CONFIRM", "digest": "x"}, ["confirm"]]
)
async def test_only_a_decision_on_exactly_this_digest_counts(as_alice, everything, value):
    before = await everything()
    call = await (await as_alice("cancel_pending_order", **CANCEL)).resume(value)
    assert call.outcome == "waiting"
    assert await everything() == before


async def test_a_decision_on_another_action_does_not_count(as_alice, everything):
    before = await everything()
    other = await as_alice("modify_pending_order_address", order_id=PENDING, **AWAY)
    call = await (await as_alice("cancel_pending_order", **CANCEL)).decide("confirm", digest=other.question["digest"])
    assert call.outcome == "waiting"
    assert await everything() == before


async def test_an_order_that_changed_in_between_is_asked_about_again(as_alice, order):
    call = await as_alice("cancel_pending_order", **CANCEL)
    digest = call.question["digest"]
    await (await as_alice("modify_pending_order_address", order_id=PENDING, **AWAY)).grant()
    await call.decide("confirm")
    assert call.outcome == "waiting"
    assert call.question["digest"] != digest
    assert "changed since you were asked" in call.question["preview"]["note"]
    assert (await order(PENDING))["status"] == "pending"
    await call.decide("confirm")
    assert call.outcome == "applied"
    assert (await order(PENDING))["version"] == 3


async def test_a_change_that_became_forbidden_is_refused_after_the_click(as_alice, order):
    call = await as_alice("modify_pending_order_address", order_id=PENDING, **AWAY)
    await (await as_alice("cancel_pending_order", **CANCEL)).grant()
    await call.decide("confirm")
    assert call.outcome == "refused"
    assert (await order(PENDING))["version"] == 2


async def test_a_price_that_changed_in_between_is_asked_about_again(as_alice, store):
    call = await as_alice(
        "modify_pending_order_items",
        order_id=PENDING,
        item_ids=["i1"],
        new_item_ids=["i2"],
        payment_method_id="paypal_1",
    )
    product = (await store.aget(namespaces.PRODUCTS, "p1")).value
    dearer = {**product["variants"]["i2"], "price": "26.00"}
    await store.aput(namespaces.PRODUCTS, "p1", {**product, "variants": {**product["variants"], "i2": dearer}})
    await call.decide("confirm")
    assert call.outcome == "waiting"
    assert call.question["preview"]["amount"] == "6.00"


async def test_a_refund_above_the_limit_also_needs_staff(as_alice, order):
    call = await as_alice("cancel_pending_order", limit=11_999, **CANCEL)
    assert (call.question["approver"], "staff" in call.question["preview"]["note"]) == ("customer", True)
    await call.decide("confirm")
    assert (call.outcome, call.question["approver"]) == ("waiting", "staff")
    await call.decide("confirm")  # the customer clicking again is no approval
    assert (call.outcome, call.question["approver"]) == ("waiting", "staff")
    assert (await order(PENDING))["version"] == 1
    await call.decide("approve")
    assert call.outcome == "applied"
    assert (await order(PENDING))["status"] == "cancelled"


async def test_staff_cannot_approve_for_the_customer(as_alice, order):
    call = await (await as_alice("cancel_pending_order", limit=100, **CANCEL)).decide("approve")
    assert (call.outcome, call.question["approver"]) == ("waiting", "customer")
    assert (await order(PENDING))["version"] == 1


async def test_staff_declines_with_a_reason(as_alice, everything):
    before = await everything()
    call = await (await as_alice("cancel_pending_order", limit=100, **CANCEL)).decide("confirm")
    await call.decide("decline", reason="Please call us first.")
    assert call.outcome == "declined"
    assert "A member of staff declined" in call.answer.content
    assert "Please call us first." in call.answer.content
    assert await everything() == before


async def test_an_order_that_changed_while_staff_thought_goes_back_to_the_customer(as_alice):
    call = await (await as_alice("cancel_pending_order", limit=100, **CANCEL)).decide("confirm")
    await (await as_alice("modify_pending_order_address", order_id=PENDING, **AWAY)).grant()
    await call.decide("approve")
    assert (call.outcome, call.question["approver"]) == ("waiting", "customer")
    await call.decide("confirm")
    assert call.question["approver"] == "staff"
    await call.decide("approve")
    assert call.outcome == "applied"


@pytest.mark.parametrize("limit", [12_000, None])
async def test_a_refund_up_to_the_limit_needs_no_staff(as_alice, limit):
    call = await (await as_alice("cancel_pending_order", limit=limit, **CANCEL)).decide("confirm")
    assert call.outcome == "applied"


async def test_more_than_was_paid_never_goes_back_without_staff(as_alice):
    await (await as_alice("modify_pending_order_payment", order_id=GIFTED, payment_method_id="paypal_1")).grant()
    call = await as_alice("cancel_pending_order", order_id=GIFTED, reason="no longer needed")
    await call.decide("confirm")
    assert (call.outcome, call.question["approver"]) == ("waiting", "staff")


@pytest.mark.parametrize("spelling", ["#W{}", "w{}", "order {}", "{}", "#w {}", " W-{} "])
@pytest.mark.parametrize(("tool", "arguments", "order_id"), [write for write in WRITES if write[2]])
async def test_another_account_is_refused_by_any_spelling(as_bob, everything, tool, arguments, order_id, spelling):
    before = await everything()
    call = await as_bob(tool, order_id=spelling.format(order_id[2:]), **arguments)
    assert call.outcome == "refused"
    assert call.answer.content == f"Order {order_id} is not on file under this account."
    assert await everything() == before


async def test_an_account_without_a_profile_can_change_nothing(store):
    call = await Call(build(store), "99999999-9999-4999-8999-999999999999", "modify_profile_address", AWAY).start()
    assert call.outcome == "refused"


async def test_an_exchange_keeps_which_item_is_for_which(as_alice, order):
    call = await as_alice(
        "exchange_delivered_order_items",
        order_id=DELIVERED,
        item_ids=["i2", "i1"],
        new_item_ids=["i1", "i4"],
        payment_method_id="paypal_1",
    )
    await call.grant()
    assert (await order(DELIVERED))["changes"][0]["pairs"] == [["i2", "i1"], ["i1", "i4"]]


async def test_a_refusal_says_why_and_asks_nobody(as_alice):
    call = await as_alice("cancel_pending_order", order_id=PROCESSED, reason="no longer needed")
    assert call.outcome == "refused"
    assert call.answer.status == "error"
    assert call.answer.content == (
        f"Order {PROCESSED} has been processed, so it cannot be cancelled; only pending orders can be."
    )


async def test_bobs_own_order_is_his_to_cancel(as_bob, order):
    call = await (await as_bob("cancel_pending_order", order_id=BOBS, reason="ordered by mistake")).grant()
    assert call.outcome == "applied"
