"""No lie reaches the customer: whatever a reply says that nothing supports is found, and something honest put there."""

import time

import pytest

from agents.claims import check, mend
from tests.claims.conversation import asked, done
from tests.shop.small_shop import PENDING

LIES = {
    "order": """
        Your order #W7654321 is in good hands.
        I found order W9999999 for you.
        I see order number 88888888 in your account.
        You also have orders #W1000001 and #W1000009.
        Is it #W5555555 that you mean?
    """,
    "deed": """
        I have cancelled order #W1000001.
        I've cancelled it for you.
        I\u2019ve cancelled it for you.
        I cancelled your order.
        We have just cancelled your order.
        I have gone ahead and cancelled order #W1000001.
        After checking, I have cancelled your order.
        If you check your account, you will see that I have cancelled the order.
        **I have cancelled** order **#W1000001**.
        Cancelled order #W1000001 for you.
        The cancellation went through.
        Your cancellation is complete.
        I'm cancelling it now.
        Done! Thank you for your patience.
        All set!
        It's done.
        I've taken care of it.
        I'll refund you right away.
        I have refunded $120.00 to your Visa.
        Your $120.00 has been refunded.
        A refund of $120.00 has been issued to your card.
        You will receive a refund of $120.00 in 5 to 7 business days.
        The money was returned to your card.
        $120.00 will be credited to your card.
        Your refund is on its way.
        Your refund has been processed.
        I've credited your gift card.
        I have updated your address.
        Your delivery address has been changed to 7 Hill.
        I've made the change to your address.
        I changed the payment method to PayPal.
        The payment method was switched to PayPal.
        I've set up a return for the lamp.
        The return has been requested.
        Your return is under way.
        I have processed your return.
        I've exchanged the red lamp for the blue one.
        The exchange has been arranged.
        Your items have been swapped.
        I have removed the lamp from your order, items and all.
        I've sent you a voucher.
        I have applied a 20% discount.
        I've given you a $10 voucher.
        I've sent a replacement.
        A replacement has been shipped.
        I've placed a new order for you.
        I have waived the fee.
        I have transferred you to a colleague.
        I've escalated this to my manager.
        An email with the details has been sent to you.
    """,
    "status": """
        Order #W1000001 has been delivered.
        Order #W1000001 is cancelled.
        Your order has been cancelled.
        Your order was successfully cancelled.
        I can confirm that your order has been cancelled.
        I am pleased to say your order has now been cancelled.
        Your order #W1000002 is pending.
        Order #W1000002 has not been delivered yet.
        Your order has shipped.
        We've shipped your order #W1000001.
        Your order is in transit.
        Your order is on its way.
        Your order is out for delivery.
        Your parcel is lost.
        Your order is delayed.
        Good news: order #W1000001 arrived.
        - #W1000001: delivered
        | #W1000001 | delivered |
        #W1000001 (shipped)
        Status of #W1000001: **processed**
        Orders #W1000001 and #W1000002 are both delivered.
        Order #W1000002 is delivered and #W1000001 has been shipped.
        When I looked, your order #W1000001 was delivered.
        Your delivered order #W1000001 can be returned.
        Order #W7777777 is pending.
        Your order #7777777 was delivered.
    """,
    "number": """
        Your tracking number is 123456789012.
        The tracking number of order #W1000001 is 7710000020001.
        Track it with 1Z999AA10123456784.
        The tracking number is 77 1000 002 0009.
        The tracking code is AB12345.
        Call us at 1-800-555-0199.
        The item number is 6469567736.
    """,
    "amount": """
        The total of order #W1000001 is $130.00.
        The total of order #W1000001 is $20.00.
        In total, order #W1000001 comes to $100.00.
        Order #W1000001 comes to $45.50.
        The lamp costs $21.00.
        The lamp costs 21 dollars.
        The lamp costs \u20ac21,00.
        The lamp is 21.00 at the moment.
        Your order cost five hundred dollars.
        Your gift card balance is $75.00.
        You have been charged $99.99.
        You would get $119.00 back.
        The difference would be $6.50.
        It cost $1,200.00.
    """,
    "arrival": """
        It will arrive tomorrow.
        Your order #W1000001 will be delivered on Friday.
        It should be with you within 3 days.
        The expected date is March 3.
        It ships today.
    """,
}
EVERY_LIE = [(kind, lie.strip()) for kind, lies in LIES.items() for lie in lies.strip().splitlines()]


def test_there_are_many_lies():
    assert len(EVERY_LIE) > 100


@pytest.mark.parametrize(("kind", "lie"), EVERY_LIE)
def test_a_lie_is_found_and_does_not_reach_the_customer(kind, lie):
    sources = asked()
    text = f"Hello Alice, thank you for waiting.\n\n{lie}\n\nCan I help you with anything else?"
    claims = check(text, sources)
    assert kind in {claim.kind for claim in claims}
    assert all(text[claim.start : claim.end] in lie for claim in claims)
    mended = mend(text, claims)
    assert check(mended, sources) == []
    assert lie not in mended
    assert mended.startswith("Hello Alice, thank you for waiting.")
    assert mended.endswith("Can I help you with anything else?")


@pytest.mark.parametrize(
    "lie",
    [
        "I have cancelled order #W1000002 as well.",
        "I have changed your address.",
        "The return has been requested.",
        "$150.00 goes back to your card.",
        "I have also sent you a voucher.",
        "Order #W1000001 is still pending.",
        "Your order has not been cancelled.",
    ],
)
def test_a_true_deed_makes_no_other_deed_true(lie):
    sources = asked(done("cancel_pending_order", PENDING, reason="no longer needed"))
    assert check("I have cancelled order #W1000001. $120.00 goes back to your Visa ending in 4242.", sources) == []
    assert check(lie, sources)


@pytest.mark.parametrize(
    "lie",
    ["Your default address has been updated.", "Your delivery address was changed.", "The payment has been switched."],
)
def test_a_change_of_items_makes_no_other_change_true(lie):
    swap = {"item_ids": ["i1"], "new_item_ids": ["i2"], "payment_method_id": "gift_card_1"}
    sources = asked(done("modify_pending_order_items", PENDING, **swap))
    assert check("Your items have been changed.", sources) == []
    assert check(lie, sources)


def test_without_any_source_nothing_can_be_claimed():
    for _, lie in EVERY_LIE:
        if not lie.startswith("Order #W1000002 has not"):
            assert check(lie, []), lie


def test_a_lie_in_the_middle_of_a_line_leaves_the_rest_standing():
    text = "- Order #W1000001 is pending. I have cancelled it. It has a Desk Lamp."
    assert mend(text, check(text, asked())) == (
        "- Order #W1000001 is pending. I have no record of that having been done. It has a Desk Lamp."
    )


def test_a_false_status_is_put_right():
    text = "Your order #W1000001 has been delivered."
    assert mend(text, check(text, asked())) == "According to the records, the status of order #W1000001 is: pending."


def test_the_same_honest_sentence_is_not_said_twice_in_a_row():
    text = "I have cancelled it. I have refunded it."
    assert mend(text, check(text, asked())) == "I have no record of that having been done."


def test_a_text_without_claims_stays_as_it_is():
    text = "  Hello!\n\n* one\n* two\n"
    assert check(text, []) == []
    assert mend(text, []) == text.strip()


@pytest.mark.parametrize("piece", ["I just ", "1 ", "five ", "refund of a ", "orders that or ", "1,1", "(((", "* #W1 "])
def test_a_hostile_text_is_read_in_a_moment(piece):
    began = time.perf_counter()
    check(piece * (8_000 // len(piece)), asked())
    assert time.perf_counter() - began < 5
