"""The tools that look things up: whole, compact, of one account only, and honest about what is not there."""

import json

import pytest

from agents.tools import orders
from tests.shop.small_shop import BOBS, DELIVERED, GIFTED, PENDING, PROCESSED, alices_orders

SPELLINGS = ["#W{}", "w{}", "W{}", "order {}", "Order number: #W{}", "{}", " # {} "]


def told(call):
    return json.loads(call.answer.content)


async def test_the_profile_is_the_customers_own_without_bookkeeping(as_alice, as_bob):
    profile = told(await as_alice("get_profile"))
    assert profile["name"]["first_name"] == "Alice"
    assert profile["payment_methods"]["gift_card_1"]["balance"] == "60.00"
    assert not {"version", "changes"} & profile.keys()
    assert told(await as_bob("get_profile"))["name"]["first_name"] == "Bob"


async def test_orders_are_listed_in_short_newest_first(as_alice):
    listed = told(await as_alice("list_orders"))["orders"]
    assert [order["order_id"] for order in listed] == list(reversed(alices_orders()))
    assert listed[-1] == {
        "order_id": PENDING,
        "status": "pending",
        "items": ["Desk Lamp", "Office Chair"],
        "total": "120.00",
    }


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_an_order_is_looked_up_by_any_spelling(as_alice, spelling):
    call = await as_alice("get_order_details", order_id=spelling.format(DELIVERED[2:]))
    assert told(call)["order_id"] == DELIVERED
    assert told(call)["total"] == "45.50"
    assert call.answer.artifact["facts"]["orders"][DELIVERED] == {
        "status": "delivered",
        "prices": ["20.00", "25.50"],
        "amounts": ["45.50", "45.50"],
        "refunded": False,
        "tracking": ["7710000020001"],
    }


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_a_foreign_order_and_a_missing_one_get_the_very_same_answer(as_alice, spelling):
    foreign = await as_alice("get_order_details", order_id=spelling.format(BOBS[2:]))
    missing = await as_alice("get_order_details", order_id=spelling.format("9999999"))
    assert foreign.outcome == missing.outcome == "refused"
    assert foreign.answer.content.replace(BOBS, "#") == missing.answer.content.replace("#W9999999", "#")
    assert foreign.answer.status == missing.answer.status == "error"
    assert foreign.answer.artifact == missing.answer.artifact


async def test_an_order_is_found_by_what_was_in_it(as_alice):
    found = told(await as_alice("find_orders", text="my office chair"))
    assert found["ambiguous"] is True
    assert [order["order_id"] for order in found["orders"]] == [PROCESSED, PENDING]
    one = told(await as_alice("find_orders", text="the pending blue lamp"))
    assert one["ambiguous"] is False
    assert [order["order_id"] for order in one["orders"]] == [GIFTED]
    assert one["orders"][0]["meant"][0]["item_id"] == "i2"


async def test_nobodys_orders_are_found_by_anybody_else(as_bob):
    assert (await as_bob("find_orders", text="desk lamp")).outcome == "refused"
    assert (await as_bob("find_orders", text=f"order {PENDING}")).outcome == "refused"


async def test_products_and_items_are_looked_up(as_alice):
    assert told(await as_alice("list_product_types")) == {"Desk Lamp": "p1", "Office Chair": "p2"}
    assert told(await as_alice("get_product_details", product_id="p1"))["variants"]["i3"]["available"] is False
    item = told(await as_alice("get_item_details", item_id="c2"))
    assert (item["name"], item["product_id"], item["price"]) == ("Office Chair", "p2", "900.00")


@pytest.mark.parametrize(
    ("tool", "arguments"), [("get_product_details", {"product_id": "i1"}), ("get_item_details", {"item_id": "p1"})]
)
async def test_what_is_not_sold_is_said_to_be_so(as_alice, tool, arguments):
    call = await as_alice(tool, **arguments)
    assert call.outcome == "refused"
    assert "The shop has no" in call.answer.content


async def test_an_answer_carries_the_name_of_its_tool(as_alice):
    assert (await as_alice("get_profile")).answer.name == "get_profile"


def test_no_tool_takes_an_account():
    told_to_model = {name for tool in orders.TOOLS for name in tool.tool_call_schema.model_json_schema()["properties"]}
    assert not told_to_model & {"account", "account_id", "user", "user_id", "namespace", "runtime", "store"}


def test_every_tool_is_marked_and_has_a_label_and_a_description():
    assert {tool.metadata["kind"] for tool in orders.READS} == {"read"}
    assert {tool.metadata["kind"] for tool in orders.WRITES} == {"write"}
    assert orders.LABELS.keys() == {tool.name for tool in orders.TOOLS}
    assert all(tool.description for tool in orders.TOOLS)
