"""What settings must look like: each raises ValidationError with what to write instead."""

from collections.abc import Callable
from urllib.parse import urlsplit

from environs import validate
from marshmallow import ValidationError

#: One number for an account, one for whoever comes from one address.
pair = validate.Length(equal=2, error="Write two numbers with a comma: for an account, for an address.")


def url_with(*schemes: str) -> Callable[[str], None]:
    """A validator: empty, or a URL with one of these schemes and a host."""

    def check(value: str) -> None:
        parts = urlsplit(value)
        if value and (parts.scheme not in schemes or not parts.hostname):
            raise ValidationError(f"Write it as {schemes[0]}://host:port/..., not {value.split('@')[-1]!r}.")

    return check
