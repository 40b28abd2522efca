"""Patterns over what people and models write, for whom upper and lower case are one."""

import re


def any_of(*alternatives: str) -> re.Pattern[str]:
    """What finds any of the alternatives, each an expression."""
    return re.compile("|".join(alternatives), re.IGNORECASE)
