"""The rules: what the shop allows, what it refuses and why, and what the customer is shown."""

import copy
from decimal import Decimal

import pytest

from agents.shop.rules import RULES, Change, Facts, Refusal
from tests.shop.small_shop import (
    AWAY,
    CANCELLED,
    CARD,
    DELIVERED,
    GIFTED,
    PENDING,
    PROCESSED,
    alices_orders,
    alices_profile,
    gift_card,
    products,
    profile,
)


def facts(order_id=None, **changed):
    order = {**alices_orders()[order_id], **changed} if order_id else {}
    return Facts(profile=alices_profile(), order=order, products=products())


def changed(tool, given, **arguments) -> Change:
    outcome = RULES[tool](given, **arguments)
    assert isinstance(outcome, Change), outcome
    return outcome


def refused(tool, given, **arguments) -> str:
    outcome = RULES[tool](given, **arguments)
    assert isinstance(outcome, Refusal), outcome
    return outcome.sentence


def balance(change: Change) -> str:
    return change.profile["payment_methods"]["gift_card_1"]["balance"]


def lines(shown):
    return [(line["label"], line["value"]) for line in shown["lines"]]


def test_a_cancelled_order_is_refunded_to_the_method_that_paid():
    change = changed("cancel_pending_order", facts(PENDING), reason="no longer needed")
    assert change.order["status"] == "cancelled"
    assert change.order["cancel_reason"] == "no longer needed"
    assert change.order["payment_history"][1] == {
        "transaction_type": "refund",
        "amount": "120.00",
        "payment_method_id": "credit_card_1",
    }
    assert change.refund == Decimal(120)
    assert balance(change) == "60.00"
    assert lines(change.preview)[-1] == ("Refund", "$120.00 to Visa ending in 4242, in 5 to 7 business days")


def test_a_gift_card_is_credited_at_once():
    change = changed("cancel_pending_order", facts(GIFTED), reason="ordered by mistake")
    assert balance(change) == "85.50"
    assert lines(change.preview)[-1] == ("Refund", "$25.50 to gift card 1, at once")


@pytest.mark.parametrize("reason", ["", "changed my mind", "No longer needed"])
def test_only_two_reasons_cancel_an_order(reason):
    assert "ordered by mistake" in refused("cancel_pending_order", facts(PENDING), reason=reason)


@pytest.mark.parametrize(
    ("tool", "arguments", "allowed"),
    [
        ("cancel_pending_order", {"reason": "no longer needed"}, {"pending"}),
        ("modify_pending_order_address", AWAY, {"pending"}),
        ("modify_pending_order_payment", {"payment_method_id": "paypal_1"}, {"pending"}),
        (
            "modify_pending_order_items",
            {"item_ids": ["i1"], "new_item_ids": ["i2"], "payment_method_id": "paypal_1"},
            {"pending"},
        ),
        ("return_delivered_order_items", {"item_ids": ["i1"], "payment_method_id": "gift_card_1"}, {"delivered"}),
        (
            "exchange_delivered_order_items",
            {"item_ids": ["i1"], "new_item_ids": ["i2"], "payment_method_id": "paypal_1"},
            {"delivered"},
        ),
    ],
)
def test_an_action_needs_its_status(tool, arguments, allowed):
    statuses = {
        "pending",
        "pending (item modified)",
        "processed",
        "delivered",
        "cancelled",
        "return requested",
        "exchange requested",
    }
    for status in statuses:
        outcome = RULES[tool](facts(PENDING, status=status), **arguments)
        assert isinstance(outcome, Change) == (status in allowed), status
        if isinstance(outcome, Refusal):
            assert PENDING in outcome.sentence


def test_an_address_moves_the_order_and_not_the_profile():
    change = changed("modify_pending_order_address", facts(PENDING), **AWAY)
    assert change.order["address"] == AWAY
    assert change.profile == alices_profile()
    assert lines(change.preview) == [
        ("Old address", "1 Quay, Bath, SOM BA1 1AA, UK"),
        ("New address", "7 Hill, Flat 2, Bath, SOM BA1 1AA, UK"),
    ]


def test_an_address_moves_the_profile_and_not_its_orders():
    change = changed("modify_profile_address", facts(), **AWAY)
    assert change.profile["address"] == AWAY
    assert change.order == {}


def test_an_address_with_an_empty_field_is_refused():
    assert "city" in refused("modify_profile_address", facts(), **{**AWAY, "city": " "})


def test_another_payment_is_taken_and_the_first_one_given_back():
    change = changed("modify_pending_order_payment", facts(GIFTED), payment_method_id="paypal_1")
    assert [entry["transaction_type"] for entry in change.order["payment_history"]] == ["payment", "payment", "refund"]
    assert change.order["status"] == "pending"
    assert balance(change) == "85.50"
    assert change.refund == 0


def test_a_gift_card_must_cover_the_whole_order():
    sentence = refused("modify_pending_order_payment", facts(PENDING), payment_method_id="gift_card_1")
    assert sentence == "Your gift card 1 has $60.00 left: not enough for $120.00."


def test_the_payment_can_be_changed_only_once():
    once = changed("modify_pending_order_payment", facts(GIFTED), payment_method_id="paypal_1")
    again = Facts(profile=once.profile, order=once.order)
    assert "already changed" in refused("modify_pending_order_payment", again, payment_method_id="credit_card_1")


def test_the_same_payment_is_refused():
    assert "already paid" in refused("modify_pending_order_payment", facts(PENDING), payment_method_id="credit_card_1")


def test_a_foreign_payment_method_is_refused():
    assert "no payment method" in refused(
        "modify_pending_order_payment", facts(PENDING), payment_method_id="gift_card_2"
    )


def test_a_modified_item_keeps_its_place_and_the_difference_is_paid():
    change = changed(
        "modify_pending_order_items",
        facts(PENDING),
        item_ids=["i1"],
        new_item_ids=["i2"],
        payment_method_id="gift_card_1",
    )
    assert [item["item_id"] for item in change.order["items"]] == ["i2", "c1"]
    assert change.order["items"][0]["price"] == "25.50"
    assert change.order["payment_history"][-1]["amount"] == "5.50"
    assert balance(change) == "54.50"
    assert change.order["status"] == "pending (item modified)"
    assert change.pairs == [("i1", "i2")]
    assert lines(change.preview) == [
        ("Instead of", "Desk Lamp (colour red), $20.00"),
        ("New item", "Desk Lamp (colour blue), $25.50"),
        ("You pay", "$5.50 from gift card 1"),
    ]


def test_a_cheaper_item_is_refunded():
    change = changed(
        "modify_pending_order_items",
        facts(PENDING),
        item_ids=["i1"],
        new_item_ids=["i4"],
        payment_method_id="gift_card_1",
    )
    assert change.refund == Decimal("7.90")
    assert balance(change) == "67.90"


def test_a_gift_card_must_cover_the_difference():
    arguments = {"item_ids": ["c1"], "new_item_ids": ["c2"], "payment_method_id": "gift_card_1"}
    assert "not enough for $800.00" in refused("modify_pending_order_items", facts(PENDING), **arguments)
    delivered = facts(PENDING, status="delivered")
    assert "not enough for $800.00" in refused("exchange_delivered_order_items", delivered, **arguments)


@pytest.mark.parametrize(
    ("item_ids", "new_item_ids", "why"),
    [
        (["i1"], ["i3"], "not available"),
        (["i1"], ["c2"], "must stay the same"),
        (["i1"], ["i9"], "must stay the same"),
        (["i9"], ["i2"], "does not have item i9"),
        (["i1", "i1"], ["i2", "i2"], "does not have item i1"),
        (["i1"], ["i2", "i4"], "exactly one new item"),
        ([], [], "at least one item"),
    ],
)
def test_a_swap_that_does_not_fit_is_refused(item_ids, new_item_ids, why):
    arguments = {"item_ids": item_ids, "new_item_ids": new_item_ids, "payment_method_id": "paypal_1"}
    assert why in refused("modify_pending_order_items", facts(PENDING), **arguments)
    delivered = facts(PENDING, status="delivered")
    assert why in refused("exchange_delivered_order_items", delivered, **arguments)


def test_an_exchange_moves_no_money_and_keeps_the_pairs():
    change = changed(
        "exchange_delivered_order_items",
        facts(DELIVERED),
        item_ids=["i2", "i1"],
        new_item_ids=["i1", "i4"],
        payment_method_id="paypal_1",
    )
    assert change.pairs == [("i2", "i1"), ("i1", "i4")]
    assert change.order["exchange_items"] == ["i1", "i2"]
    assert change.order["exchange_new_items"] == ["i1", "i4"]
    assert change.order["exchange_price_difference"] == "-13.40"
    assert change.order["payment_history"] == alices_orders()[DELIVERED]["payment_history"]
    assert "e-mail" in change.receipt["note"] or "email" in change.receipt["note"]


def test_a_return_goes_to_the_original_payment_or_a_gift_card():
    for method in ("credit_card_1", "gift_card_1"):
        change = changed(
            "return_delivered_order_items", facts(DELIVERED), item_ids=["i2", "i1"], payment_method_id=method
        )
        assert change.order["return_items"] == ["i1", "i2"]
        assert change.order["return_payment_method_id"] == method
        assert change.preview["amount"] == "45.50"
        assert balance(change) == "60.00"
    assert "original payment method" in refused(
        "return_delivered_order_items", facts(DELIVERED), item_ids=["i1"], payment_method_id="paypal_1"
    )


def test_a_refund_of_more_than_was_paid_is_told():
    moved = changed("modify_pending_order_payment", facts(GIFTED), payment_method_id="paypal_1")
    change = changed("cancel_pending_order", Facts(profile=moved.profile, order=moved.order), reason="no longer needed")
    assert change.exceeds_payments
    assert not changed("cancel_pending_order", facts(PENDING), reason="no longer needed").exceeds_payments


def test_a_rule_never_touches_the_records_it_was_given():
    given = facts(PENDING)
    before = copy.deepcopy(given)
    changed("cancel_pending_order", given, reason="no longer needed")
    changed("modify_pending_order_items", given, item_ids=["i1"], new_item_ids=["i2"], payment_method_id="gift_card_1")
    assert given == before


def test_a_payment_that_left_the_profile_is_not_guessed():
    gone = Facts(profile=profile("x", "X", [gift_card(5)], []), order=alices_orders()[PENDING])
    assert CARD["id"] in refused("cancel_pending_order", gone, reason="no longer needed")


@pytest.mark.parametrize(("order_id", "why"), [(PROCESSED, "has been processed"), (CANCELLED, "has been cancelled")])
def test_a_refusal_says_how_it_stands(order_id, why):
    assert why in refused("cancel_pending_order", facts(order_id), reason="no longer needed")
