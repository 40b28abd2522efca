from decimal import Decimal

from support_site.chat.prices import cost


def test_a_price_is_for_a_million_tokens_and_exact(settings):
    settings.MODEL_INPUT_PRICE, settings.MODEL_OUTPUT_PRICE = Decimal("0.25"), Decimal("2.00")
    assert cost(1_000_000, 500_000) == Decimal("1.25")
    assert cost(1, 1) == Decimal("0.00000225")


def test_without_prices_nothing_costs_anything():
    assert cost(10_000, 10_000) == 0
