"""Finding the order that is meant: by any spelling of its number, by product, status and age; never by guessing."""

import pytest

from agents.shop.matching import find, order_key
from tests.shop.small_shop import CANCELLED, DELIVERED, GIFTED, PENDING, PROCESSED, alices_orders

ORDERS = list(alices_orders().values())


@pytest.mark.parametrize(
    "written",
    [
        "#W1000001",
        "w1000001",
        "1000001",
        "order 1000001",
        "Order no. W-100 0001.",
        " #w1000001 ",
        "".join(chr(ord(char) + 0xFEE0) for char in "#W1000001"),  # full width
    ],
)
def test_every_spelling_of_a_number_is_the_same_order(written):
    assert order_key(written) == "#W1000001"


@pytest.mark.parametrize("written", ["", "my order", "#W", "x" * 50, "1" * 21])
def test_what_has_no_number_has_no_key(written):
    assert order_key(written) is None


@pytest.mark.parametrize(
    ("text", "order_ids"),
    [
        ("where is order 1000003?", [PROCESSED]),
        ("w1000002 please", [DELIVERED]),
        ("#1000002", [DELIVERED]),
        ("order #9999999", []),
        ("my office chair", [PROCESSED, PENDING]),
        ("the chairs that were processed", [PROCESSED]),
        ("my offce chiar", [PROCESSED, PENDING]),
        ("the delivered desk lamp", [DELIVERED]),
        ("blue lamp", [GIFTED, DELIVERED]),
        ("my last order", [CANCELLED]),
        ("my oldest order", [PENDING]),
        ("the latest chair", [PROCESSED]),
        ("my pending orders", [GIFTED, PENDING]),
        ("was my chair delivered?", [PROCESSED, PENDING]),
        ("my bicycle", []),
        ("", [CANCELLED, GIFTED, PROCESSED, DELIVERED, PENDING]),
    ],
)
def test_an_order_is_found_by_what_is_said_of_it(text, order_ids):
    assert [order["order_id"] for order in find(text, ORDERS).orders] == order_ids


def test_several_that_fit_are_ambiguous():
    assert find("my office chair", ORDERS).is_ambiguous
    assert find("desk lamp", [alices_orders()[DELIVERED]]).is_ambiguous
    assert not find("the red lamp", [alices_orders()[DELIVERED]]).is_ambiguous
    assert not find("my last order", ORDERS).is_ambiguous


def test_the_items_that_were_meant_are_named():
    found = find("blue lamp", ORDERS)
    assert {key: [item["item_id"] for item in items] for key, items in found.items.items()} == {
        DELIVERED: ["i2"],
        GIFTED: ["i2"],
    }
