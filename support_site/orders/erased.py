"""Customers whose account was erased here: the shop goes on knowing them, and may not bring them back unasked."""

from collections.abc import Iterable

from django.utils.crypto import salted_hmac

from support_site.memory.models import Tombstone

SCOPE = "shop-customers"
REASON = "was erased on request and may not come back"


def remember_erased(shop_customer_id: str) -> None:
    """Refuse this customer from now on; what is kept is a keyed hash, which names nobody."""
    Tombstone.objects.get_or_create(scope=SCOPE, address=_stone(shop_customer_id), defaults={"reason": REASON})


def erased_among(shop_customer_ids: Iterable[str]) -> set[str]:
    """Those of the customers that were erased here."""
    if not Tombstone.objects.filter(scope=SCOPE).exists():
        return set()
    stones = {_stone(each): each for each in shop_customer_ids}
    found = set(Tombstone.objects.filter(scope=SCOPE).values_list("address", flat=True))
    return {each for stone, each in stones.items() if stone in found}


def _stone(shop_customer_id: str) -> str:
    return salted_hmac("erased customer of the shop", shop_customer_id, algorithm="sha256").hexdigest()
