"""What the model's tokens cost."""

from decimal import Decimal

from django.conf import settings

PER = 1_000_000


def cost(input_tokens: int, output_tokens: int) -> Decimal:
    """Money for so many tokens, exact, in the currency of MODEL_INPUT_PRICE and MODEL_OUTPUT_PRICE (0 where unset)."""
    price: Decimal = input_tokens * settings.MODEL_INPUT_PRICE + output_tokens * settings.MODEL_OUTPUT_PRICE
    return price / PER
