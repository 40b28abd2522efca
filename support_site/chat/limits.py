"""How often somebody may write: for an account, and for an address.

How many pages they may have open stands in presence.py, what they may use of the model in budgets.py. Settings hold
two numbers each: for the account, for the address.
"""

import logging
import time
from collections.abc import Sequence
from functools import cache
from uuid import UUID

from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from support_site.chat.sentences import Limited

logger = logging.getLogger(__name__)

REDIS_SECONDS = 1.0


def keep_pace(account_id: UUID, address: str) -> None:
    """Count one message. Raises Limited: too_fast.

    With Redis down nobody is counted: a limit that cannot be checked is no reason to turn customers away.
    """
    try:
        for who, most in each(account_id, address, settings.MESSAGES_PER_MINUTE):
            item = RateLimitItemPerMinute(most)
            if not _limiter().hit(item, who):
                raise Limited("too_fast", retry_after=_limiter().get_window_stats(item, who).reset_time - time.time())
    except StorageError as error:
        logger.warning("messages are not counted: Redis does not answer (%s)", type(error).__name__)


def forget() -> None:
    """Forget who wrote how often. For tests."""
    _limiter.cache_clear()


def each(account_id: UUID, address: str, limit: Sequence[int]) -> list[tuple[str, int]]:
    """Who is to be counted, and how much is allowed; what is unknown or unlimited is left out."""
    both = zip((f"account:{account_id}", f"address:{address}" if address else ""), limit, strict=True)
    return [(who, most) for who, most in both if who and most > 0]


@cache
def _limiter() -> RateLimiter:
    options = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS} if settings.REDIS_URL else {}
    storage = storage_from_string(settings.REDIS_URL or "memory://", wrap_exceptions=True, **options)
    return MovingWindowRateLimiter(storage)
