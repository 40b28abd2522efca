"""Sending what the shop's system has to be told: signed, at least once, for days if need be."""

import asyncio
import hashlib
import hmac
import random
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

import httpx
from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from support_site.orders.models import WebhookDelivery

Status = WebhookDelivery.Status

SECONDS_TO_CONNECT = 5.0
#: For all of it: a receiver that drips its answer does not hold a worker for longer.
SECONDS_TO_ANSWER = 15.0
#: For so long nobody else sends what somebody has begun to send. A worker that dies delays a delivery by this.
LEASE = timedelta(seconds=60)
AT_ONCE = 20
#: A round takes no new deliveries after this.
ROUND_SECONDS = 20.0

FIRST_WAIT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 3600.0
GIVE_UP_AFTER = timedelta(days=3)
KEEP_DELIVERED = timedelta(days=30)


def deliver_due() -> int:
    """Send what is due. Returns how many deliveries the receiver took; a failure is kept with the delivery."""
    if not settings.SHOP_WEBHOOK_URL:
        return 0
    taken, until = 0, time.monotonic() + ROUND_SECONDS
    while time.monotonic() < until and (claimed := claim(AT_ONCE)):
        began = timezone.now()
        for delivery, error in zip(claimed, asyncio.run(_send_all(claimed)), strict=True):
            settle(delivery, error, began=began)
            taken += not error
    return taken


def claim(most: int) -> list[WebhookDelivery]:
    """Due deliveries that nobody else sends before LEASE is over."""
    claimed, now = [], timezone.now()
    for delivery in WebhookDelivery.objects.filter(status=Status.WAITING, next_at__lte=now).order_by("next_at")[:most]:
        if _as_read(delivery).update(attempts=F("attempts") + 1, next_at=now + LEASE):
            delivery.attempts, delivery.next_at = delivery.attempts + 1, now + LEASE
            claimed.append(delivery)
    return claimed


def settle(delivery: WebhookDelivery, error: str, *, began: datetime) -> None:
    """Keep how an attempt ended, ``error`` empty if it was taken. An attempt that was overtaken can only succeed."""
    if not error:
        untold = WebhookDelivery.objects.filter(pk=delivery.pk).exclude(status=Status.DELIVERED)
        untold.update(status=Status.DELIVERED, sent_at=began, last_error="")
        return
    now = timezone.now()
    status = Status.DEAD if now - delivery.queued_at > GIVE_UP_AFTER else Status.WAITING
    _as_read(delivery).update(status=status, next_at=now + wait_after(delivery.attempts), last_error=error[:200])


def wait_after(attempts: int) -> timedelta:
    """10 s, 20 s, 40 s ... an hour, each give or take a fifth, so that a crowd does not come back as one."""
    seconds = min(FIRST_WAIT_SECONDS * 2 ** min(attempts - 1, 20), LONGEST_WAIT_SECONDS)
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))


def resend(deliveries: QuerySet[WebhookDelivery]) -> int:
    """Put deliveries in line anew, those that were taken too. Returns how many."""
    now = timezone.now()
    return deliveries.update(status=Status.WAITING, attempts=0, next_at=now, queued_at=now, last_error="")


def sweep() -> int:
    """Drop what was delivered long ago: it holds what a customer ordered. Returns how many."""
    old = WebhookDelivery.objects.filter(status=Status.DELIVERED, sent_at__lt=timezone.now() - KEEP_DELIVERED)
    return old.delete()[0]


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over "<timestamp>.<body>", in hex."""
    return hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()


def _as_read(delivery: WebhookDelivery) -> QuerySet[WebhookDelivery]:
    """The row, unless somebody has claimed it, settled it or put it in line anew since it was read."""
    return WebhookDelivery.objects.filter(
        pk=delivery.pk, status=Status.WAITING, attempts=delivery.attempts, next_at=delivery.next_at
    )


async def _send_all(deliveries: Sequence[WebhookDelivery]) -> list[str]:
    timeout = httpx.Timeout(SECONDS_TO_ANSWER, connect=SECONDS_TO_CONNECT)
    async with httpx.AsyncClient(timeout=timeout, follow_redirects=False) as client:
        return await asyncio.gather(*(_send(client, delivery) for delivery in deliveries))


async def _send(client: httpx.AsyncClient, delivery: WebhookDelivery) -> str:
    """What went wrong, or nothing. Of the answer only the status is read."""
    body = delivery.body.encode()
    try:
        async with asyncio.timeout(SECONDS_TO_ANSWER):
            request = client.stream("POST", settings.SHOP_WEBHOOK_URL, content=body, headers=_headers(delivery, body))
            async with request as response:
                return "" if response.is_success else f"answered {response.status_code}"
    except (TimeoutError, httpx.TimeoutException):
        return "no answer in time"
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: {error}"


def _headers(delivery: WebhookDelivery, body: bytes) -> dict[str, str]:
    timestamp = int(time.time())
    return {
        "Content-Type": "application/json",
        "User-Agent": "support-site-webhook/1",
        "Idempotency-Key": quote(delivery.action_id, safe=":"),
        "Support-Timestamp": str(timestamp),
        "Support-Signature": f"sha256={signature(settings.SHOP_WEBHOOK_SECRET, timestamp, body)}",
    }
