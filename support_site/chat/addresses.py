"""Where a visitor comes from, as far as limits need to know."""

from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac


def address_of(scope: dict[str, Any]) -> str:
    """The visitor behind a socket: a keyed hash of the address, another one each day; empty if there is none.

    The address is what the outermost of our own proxies saw. Of IPv6 the first 64 bits count: a household has them
    all to itself.
    """
    told = _last(settings.TRUSTED_PROXIES, _forwarded_for(scope["headers"])) or (scope.get("client") or [""])[0]
    try:
        address = ip_address(told.strip())
    except ValueError:
        return ""
    place = ip_network((address, 64), strict=False) if address.version == 6 else address
    return salted_hmac(f"address {datetime.now(UTC).date()}", str(place), algorithm="sha256").hexdigest()


def _forwarded_for(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    told = b",".join(value for name, value in headers if name.lower() == b"x-forwarded-for")
    return told.decode("latin-1").split(",")


def _last(count: int, told: list[str]) -> str:
    """What the outermost of ``count`` proxies wrote; what stands before it, anybody may have written."""
    return told[-count] if 0 < count <= len(told) else ""
