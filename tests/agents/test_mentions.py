"""Order numbers as customers write them."""

import pytest

from agents.mentions import mentioned_orders, spellings


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("I have a problem with my order #12345", ["#12345"]),
        ("where is #W2611340?", ["#W2611340"]),
        ("w2611340 please", ["#W2611340"]),
        ("order 2611340", ["#2611340"]),
        ("Order no. 2611340 and order number: #W99", ["#2611340"]),
        ("ORDER # 2611340", ["#2611340"]),
        ("#W2611340 and again #w2611340", ["#W2611340"]),
        ("#111 and #222", ["#111", "#222"]),
        ("I ordered 2 lamps for 47.84", []),
        ("my border 12345", []),
        ("", []),
    ],
)
def test_order_numbers_are_found_in_any_spelling(text, ids):
    assert mentioned_orders(text) == ids


def test_a_number_without_its_letter_may_be_on_file_with_it():
    assert spellings("#2611340") == ["#2611340", "#W2611340"]
    assert spellings("#W2611340") == ["#W2611340"]
