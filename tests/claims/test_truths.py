"""What is true is left alone."""

import pytest
from langchain_core.messages import HumanMessage, ToolMessage

from agents.claims import check, sources_of
from tests.claims.conversation import asked, done
from tests.shop.small_shop import AWAY, DELIVERED, GIFTED, PENDING, alices_orders

TRUTHS = """
    Hello Alice! How can I help you today?
    Order #W1000001 is pending.
    Your order #W1000001 is pending, with a Desk Lamp ($20.00) and an Office Chair ($100.00).
    Your order is still pending, so nothing has been shipped yet.
    The total of order #W1000001 is $120.00.
    Order #W1000001 has a Desk Lamp for $20.00 and an Office Chair for $100.00, $120.00 in total.
    Order #W1000002 was delivered; its tracking number is 7710000020001.
    Order #W1000002 has been delivered, so it cannot be cancelled; only pending orders can be.
    I can cancel order #W1000001 for you if you like.
    Would you like me to cancel it?
    Has it been delivered?
    If you confirm, the order is cancelled and $120.00 is refunded to your Visa ending in 4242.
    Once you confirm, your order will be cancelled.
    I have not cancelled anything.
    I haven't changed your address.
    Nothing has been changed.
    The order is not cancelled.
    It has not been delivered yet.
    The customer declined, so nothing was changed.
    I am sorry to hear that your lamp arrived damaged.
    You said that you paid $75.00 for it.
    Order #7777777 is not on file under this account.
    To return an item, the order must be delivered.
    Only delivered orders can be returned.
    Orders that are processed or cancelled cannot be changed.
    An order can be cancelled only because it is "no longer needed" or was "ordered by mistake".
    Refunds go to a gift card at once, otherwise in 5 to 7 business days.
    Items of a pending order can be changed only once; after that the order can be neither changed nor cancelled.
    The red lamp and the blue lamp of order #W1000002 together cost $45.50.
    The blue lamp is $5.50 more than the red one.
    I found two orders: #W1000001 (pending) and #W1000002 (delivered).
    Please tell me whether it is no longer needed or was ordered by mistake.
    I have looked up your order.
    I've found your order #W1000001.
    I could not find that order.
    Shall I change the address of order #W1000001?
    Your default address is 1 Quay, Bath.
    You can return the lamps of order #W1000002.
    When your order is delivered, you can return it.
    I cannot change the payment method of a delivered order.
    Before I cancel it, please tell me the reason.
    Which of them should be cancelled?
    - **#W1000001**: pending, Desk Lamp, Office Chair
    | #W1000002 | delivered | $45.50 |
    It was paid with your Visa ending in 4242.
    Item 8888877777, which you asked about, has no tracking number yet.
    How would you like to be refunded?
    A cancelled order cannot be taken up again.
    I would need to cancel the whole order.
    I do not know when it will arrive.
    Unfortunately I can't offer a discount or a voucher.
    I can hand you over to a colleague if you wish.
    The 1000ml bottle and the 13.3-inch screen are two of our products.
"""


@pytest.mark.parametrize("truth", [line.strip() for line in TRUTHS.strip().splitlines()])
def test_a_truth_is_left_alone(truth):
    assert check(truth, asked()) == []


AFTERWARDS = [
    (
        done("cancel_pending_order", PENDING, reason="no longer needed"),
        "I have cancelled order #W1000001. $120.00 goes back to your Visa ending in 4242 in 5 to 7 business days.\n"
        "Your order has been cancelled and refunded. Done!",
    ),
    (
        done("cancel_pending_order", GIFTED, reason="no longer needed"),
        "Order #W1000004 is now cancelled. $25.50 has been refunded to your gift card at once; it holds $85.50.",
    ),
    (
        done("modify_pending_order_address", PENDING, **AWAY),
        "All done: I've updated the delivery address of order #W1000001 to 7 Hill. The order is still pending.",
    ),
    (
        done("modify_profile_address", **AWAY),
        "Your default address has been changed. I did not change the address of order #W1000001.",
    ),
    (
        done("modify_pending_order_payment", GIFTED, payment_method_id="paypal_1"),
        "I've switched the payment of order #W1000004 to PayPal. $25.50 was refunded to your gift card.",
    ),
    (
        done(
            "modify_pending_order_items",
            PENDING,
            item_ids=["i1"],
            new_item_ids=["i2"],
            payment_method_id="gift_card_1",
        ),
        "I have swapped the red lamp ($20.00) for the blue one ($25.50). You paid $5.50 from your gift card, "
        "which has $54.50 left. The order can no longer be changed or cancelled.",
    ),
    (
        done("return_delivered_order_items", DELIVERED, item_ids=["i1"], payment_method_id="gift_card_1"),
        "The return has been requested for order #W1000002. Your refund of $20.00 goes to your gift card. "
        "You will receive an email about how to return the items. I've processed your return.",
    ),
    (
        done(
            "exchange_delivered_order_items",
            DELIVERED,
            item_ids=["i2"],
            new_item_ids=["i4"],
            payment_method_id="paypal_1",
        ),
        "I have arranged the exchange for order #W1000002. The difference of $13.40 goes to your PayPal account. "
        "Your exchange is under way.",
    ),
]


@pytest.mark.parametrize(("result", "reply"), AFTERWARDS)
def test_what_was_done_may_be_told(result, reply):
    assert check(reply, asked(result)) == []


def test_a_handover_may_be_told_once_it_happened():
    told = "I have handed you over to a colleague."
    result = ToolMessage("Transfer successful", tool_call_id="x", artifact={"handed_off": "wants a person"})
    assert check(told, asked())
    assert check(told, asked(result)) == []


def test_a_note_may_be_told_once_it_was_made():
    result = ToolMessage("Noted: prefers e-mail", tool_call_id="x", artifact={"card": {"title": "I noted"}})
    assert check("Done, I noted that.", asked(result)) == []


def test_what_was_recalled_is_a_source():
    recalled = {"orders": list(alices_orders().values())[:1], "not_on_file": ["#12345"], "memories": []}
    sources = sources_of([HumanMessage("Any updates on my order?")], recalled)
    assert check("Order #W1000001 is pending; its total is $120.00. Order #12345 is not on file.", sources) == []
    assert check("Order #12345 is delivered.", sources)


def test_a_sentence_of_a_tool_may_be_repeated():
    sentence = "Your gift card 1 has $60.00 left: not enough for $120.00."
    assert check(sentence, asked(ToolMessage(sentence, tool_call_id="x", artifact={"outcome": "refused"}))) == []
