"""Records: what the shop sends comes in whole, comes out the same, and what is broken is named."""

import copy
import json
from decimal import Decimal

import pytest

from agents.shop.money import dollars, money, total
from agents.shop.records import BadRecord, order_record, product_record, profile_record, to_shop_json

ORDER = {
    "order_id": "#W1000001",
    "user_id": "ada_stone_1",
    "address": {"address1": "1 Quay", "address2": "", "city": "Bath", "country": "UK", "state": "SOM", "zip": "BA1"},
    "items": [{"name": "Lamp", "product_id": "p1", "item_id": "i1", "price": 19.9, "options": {"colour": "red"}}],
    "status": "delivered",
    "fulfillments": [{"tracking_id": ["123456789012"], "item_ids": ["i1"]}],
    "payment_history": [{"transaction_type": "payment", "amount": 19.9, "payment_method_id": "gift_card_1"}],
}
PROFILE = {
    "user_id": "ada_stone_1",
    "name": {"first_name": "Ada", "last_name": "Stone"},
    "address": ORDER["address"],
    "email": "ada@example.com",
    "payment_methods": {
        "gift_card_1": {"source": "gift_card", "id": "gift_card_1", "balance": 40.0},
        "credit_card_1": {"source": "credit_card", "id": "credit_card_1", "brand": "visa", "last_four": "4242"},
    },
    "orders": ["#W1000001"],
}
PRODUCT = {
    "name": "Lamp",
    "product_id": "p1",
    "variants": {"i1": {"item_id": "i1", "options": {"colour": "red"}, "available": True, "price": 19.9}},
}


def changed(shape, path, value):
    """A copy with one place set, or removed when the value is ``...``."""
    copied = copy.deepcopy(shape)
    place = copied
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return copied


def test_money_becomes_text_of_two_places():
    record = order_record(ORDER)
    assert record["items"][0]["price"] == "19.90"
    assert record["payment_history"][0]["amount"] == "19.90"
    assert profile_record(PROFILE)["payment_methods"]["gift_card_1"]["balance"] == "40.00"
    assert product_record(PRODUCT)["variants"]["i1"]["price"] == "19.90"


def test_a_new_record_begins_at_version_one_without_changes():
    sent = {**ORDER, "version": 9, "changes": [{"action": "forged"}]}
    assert (order_record(sent)["version"], order_record(sent)["changes"]) == (1, [])
    assert (profile_record(PROFILE)["version"], profile_record(PROFILE)["changes"]) == (1, [])
    assert "version" not in product_record(PRODUCT)


@pytest.mark.parametrize(
    ("make", "shop_json"), [(order_record, ORDER), (profile_record, PROFILE), (product_record, PRODUCT)]
)
def test_a_record_goes_back_to_the_shop_as_it_came(make, shop_json):
    assert to_shop_json(make(shop_json)) == shop_json
    json.dumps(make(shop_json))


def test_fields_the_shop_adds_are_kept():
    assert order_record({**ORDER, "placed_on": "2026-01-05"})["placed_on"] == "2026-01-05"


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("status",), "lost", "status"),
        (("items",), [], "items"),
        (("items", 0, "price"), "cheap", "items[0].price"),
        (("items", 0, "price"), -1, "items[0].price"),
        (("items", 0, "price"), 1.005, "items[0].price"),
        (("items", 0, "price"), float("nan"), "items[0].price"),
        (("items", 0, "price"), True, "items[0].price"),
        (("items", 0, "item_id"), ..., "items[0].item_id"),
        (("address", "zip"), ..., "address.zip"),
        (("order_id",), "1000001", "order_id"),
        (("payment_history",), [], "payment_history"),
        (("payment_history", 0, "transaction_type"), "refund", ""),
        (("payment_history", 0, "amount"), None, "payment_history[0].amount"),
        (("fulfillments", 0, "tracking_id"), "123", "fulfillments[0].tracking_id"),
    ],
)
def test_a_broken_order_is_refused_with_the_place(path, value, place):
    with pytest.raises(BadRecord) as caught:
        order_record(changed(ORDER, path, value))
    assert caught.value.path == place
    assert caught.value.reason


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("email",), "ada"),
        (("name", "last_name"), ...),
        (("orders",), ["12"]),
        (("payment_methods", "credit_card_1", "number"), "4111111111111111"),
        (("payment_methods", "credit_card_1", "last_four"), "4111111111111111"),
        (("payment_methods", "credit_card_1", "brand"), ...),
        (("payment_methods", "credit_card_1", "balance"), 5),
        (("payment_methods", "gift_card_1", "balance"), ...),
        (("payment_methods", "gift_card_1", "id"), "gift_card_2"),
    ],
)
def test_a_broken_profile_is_refused(path, value):
    with pytest.raises(BadRecord):
        profile_record(changed(PROFILE, path, value))


@pytest.mark.parametrize("broken", [None, [], "order", 7, {}])
def test_what_is_no_record_at_all_is_refused(broken):
    for make in (order_record, profile_record, product_record):
        with pytest.raises(BadRecord):
            make(broken)


def test_a_product_whose_variant_lies_under_a_foreign_key_is_refused():
    with pytest.raises(BadRecord, match="under the key 'i1'"):
        product_record(changed(PRODUCT, ("variants", "i1", "item_id"), "i2"))


def test_a_fault_can_be_told_from_the_file_it_lies_in():
    with pytest.raises(BadRecord) as caught:
        order_record(changed(ORDER, ("items", 0, "price"), ...))
    assert str(caught.value.under("orders.#W1000001")) == "orders.#W1000001.items[0].price: is missing"
    assert str(BadRecord("", "is missing").under("users.x")) == "users.x: is missing"


def test_money_is_exact():
    assert money(0.1 + 0.2) == Decimal("0.30")
    assert money(1819.9199999999998) == Decimal("1819.92")
    assert str(money("-0.00")) == "0.00"
    assert total(["0.10"] * 10) == Decimal("1.00")
    assert dollars("-1234.5") == "$1,234.50"


@pytest.mark.parametrize("value", ["", "1,00", "NaN", "Infinity", "1e40", None, [], {}, True, 0.001, "0.019"])
def test_what_is_no_amount_of_cents_is_refused(value):
    with pytest.raises(ValueError, match="amount"):
        money(value)
