"""Tokens of the shop's system: made once, shown once, known by their digest."""

import hashlib
import secrets
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from support_site.orders.models import ShopToken

#: How exact ``last_used_at`` is: a write for every request would be one too many.
NOTED_EVERY = timedelta(minutes=1)


def new_token() -> tuple[str, str]:
    """A token to hand out, and its digest to keep."""
    token = f"shop_{secrets.token_urlsafe(32)}"
    return token, digest_of(token)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find_token(token: str) -> ShopToken | None:
    """The row of a token that somebody shows, active or not; notes that an active one was used."""
    found = ShopToken.objects.filter(digest=digest_of(token)).first()
    if found and found.is_active:
        now = timezone.now()
        unnoted = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTED_EVERY)
        ShopToken.objects.filter(unnoted, pk=found.pk).update(last_used_at=now)
    return found
