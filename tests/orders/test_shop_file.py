"""A shop's file is refused with every place and reason, before anything is done with it."""

import json

import pytest

from support_site.orders.demo import SHOP_FILE
from support_site.orders.shop_file import ShopFileRefused, read_shop

ALICE, BOB = "alice_moreau_1024", "bob_tanaka_2048"


def faults_of(path):
    with pytest.raises(ShopFileRefused) as refused:
        read_shop(path)
    return [str(fault) for fault in refused.value.faults]


def test_the_demo_shop_is_a_good_file():
    shop = read_shop(SHOP_FILE)
    assert (len(shop.profiles), len(shop.orders), len(shop.products)) == (6, 14, 12)
    statuses = {order["status"] for order in shop.orders.values()}
    assert statuses == {
        "pending",
        "pending (item modified)",
        "processed",
        "delivered",
        "cancelled",
        "return requested",
        "exchange requested",
    }


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ('{"users": {},\n  "orders": {,}}', "line 2, column 14: "),
        ("", "line 1, column 1: "),
        (b"\xff\xfe", "byte 0: the file should be JSON in UTF-8"),
        ("[" * 100_000, "the file: is nested too deeply"),
        ('{"users": NaN}', "the file: NaN is not a number in JSON"),
        ("[]", "users: is missing"),
        ("null", "users: is missing"),
        ('{"users": [], "orders": {}, "products": {}}', "users: should be an object with the ids as names"),
        ('{"users": {}, "orders": {}}', "products: is missing"),
        ('{"users": {}, "users": {}, "orders": {}, "products": {}}', "users: is there twice"),
    ],
)
def test_what_is_not_a_shop_is_refused_with_its_place(file, content, fault):
    assert faults_of(file(content))[0].startswith(fault)


def price(shop, value):
    shop["orders"]["#W4201877"]["items"][1]["price"] = value


def spoiled(change):
    return lambda shop: change(shop) or shop


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda s: s["orders"]["#W4201877"].pop("status"), 'orders["#W4201877"].status: is missing'),
        (lambda s: s["users"][ALICE].pop("email"), f"users.{ALICE}.email: is missing"),
        (lambda s: s["users"][ALICE]["address"].pop("zip"), f"users.{ALICE}.address.zip: is missing"),
        (lambda s: s["products"]["3104477820"].pop("variants"), 'products["3104477820"].variants: is missing'),
        (lambda s: price(s, -1), 'orders["#W4201877"].items[1].price: '),
        (lambda s: price(s, "cheap"), 'orders["#W4201877"].items[1].price: should be an amount of money'),
        (lambda s: price(s, 1.001), 'orders["#W4201877"].items[1].price: should be an amount of whole cents'),
        (lambda s: price(s, True), 'orders["#W4201877"].items[1].price: should be an amount of money'),
        (lambda s: s["orders"].update({"#W1": 5}), 'orders["#W1"]: '),
        (lambda s: s["users"].pop(ALICE), f"there is no customer '{ALICE}' in the file"),
        (lambda s: s["orders"]["#W4201877"].update(user_id=BOB), f"the customer '{BOB}' does not have the order"),
        (lambda s: s["orders"].pop("#W4201877"), f"users.{ALICE}.orders[0]: there is no order '#W4201877' in the file"),
        (lambda s: s["users"][BOB]["orders"].append("#W4201877"), "the order '#W4201877' is another customer's"),
        (lambda s: s["orders"]["#W4201877"].update(order_id="#W5"), "order_id: is '#W5', and stands under '#W4201877'"),
        (lambda s: s["users"][BOB].update(email="Alice@Example.com"), f"email: is the address of '{ALICE}' too"),
        (
            lambda s: s["users"][ALICE]["payment_methods"]["credit_card_3310241"].update(number="4111111111111111"),
            f"users.{ALICE}.payment_methods.credit_card_3310241.number: ",
        ),
    ],
)
def test_a_record_that_is_wrong_is_refused_with_its_path_and_reason(file, shop_json, spoil, fault):
    spoil(shop_json)
    assert any(fault in found for found in faults_of(file(shop_json)))


def test_an_id_that_stands_twice_is_refused_though_json_would_keep_the_last(file, shop_json):
    order = json.dumps(shop_json["orders"]["#W4201877"])
    text = json.dumps(shop_json).replace('"orders": {"#W4201877"', f'"orders": {{"#W4201877": {order}, "#W4201877"', 1)
    assert faults_of(file(text)) == ['orders["#W4201877"]: is there twice']


def test_every_fault_is_named_at_once(file, shop_json):
    price(shop_json, -1)
    del shop_json["users"][BOB]["email"]
    assert len(faults_of(file(shop_json))) == 2
