"""Money: Decimal in code, plain text of two places ("47.84") in records. Never a float sum."""

import math
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

#: How far a float may lie from a whole cent and still be that cent (0.1 + 0.2 is thirty cents).
_FLOAT_NOISE = Decimal("0.000001")


def money(value: object) -> Decimal:
    """The amount as a Decimal of two places, from text, int, float or Decimal.

    Raises ValueError for anything that is not a finite number of whole cents.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("should be an amount of money")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("should be a finite amount of money")
    try:
        exact = Decimal(str(value))
        cents = exact.quantize(CENT, rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        raise ValueError("should be an amount of money") from None
    if not exact.is_finite() or abs(exact - cents) > _FLOAT_NOISE:
        raise ValueError("should be an amount of whole cents")
    return cents if cents else ZERO


def plain(amount: Decimal) -> str:
    """The amount as records keep it: "47.84", "-51.37"."""
    return f"{amount:.2f}"


def dollars(amount: Decimal | str) -> str:
    """The amount as a customer reads it: "$1,047.84"; the sign is dropped."""
    return f"${abs(Decimal(amount)):,.2f}"


def total(amounts: Iterable[Decimal | str]) -> Decimal:
    """The sum, exact; zero of nothing."""
    return sum((Decimal(amount) for amount in amounts), ZERO)
