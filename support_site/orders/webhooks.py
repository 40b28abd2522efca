"""What the shop's system is told: one delivery for each action that was applied.

The rows are made inside the ledger's transaction, so there is one for every change that is kept and none for a
change that is not. Sending them is another matter (``delivery.py``).
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings

from agents.shop.records import to_shop_json
from support_site.memory.models import Record
from support_site.orders.models import WebhookDelivery

Entry = dict[str, Any]
Written = Iterable[tuple[Record | None, Record]]


def note_applied(sender: object, written: Written, **_: Any) -> None:
    """Put what the shop has to learn of a write in line; hears ``memory.signals.records_changed``."""
    if not settings.SHOP_WEBHOOK_URL:
        return
    applied: dict[str, list[tuple[Entry, Record]]] = {}
    for before, record in written:
        for entry in _new_entries(before, record):
            applied.setdefault(entry["action"], []).append((entry, record))
    deliveries = [_delivery(action_id, parts) for action_id, parts in applied.items()]
    WebhookDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)


def _new_entries(before: Record | None, record: Record) -> Iterator[Entry]:
    """What the write added to the record's ``changes``."""
    if record.account_id is None or record.version is None or record.value is None:
        return
    value_before = before.value if before else None
    known = {entry["action"] for entry in (value_before or {}).get("changes", ())}
    yield from (entry for entry in record.value["changes"] if entry["action"] not in known)


def _delivery(action_id: str, parts: list[tuple[Entry, Record]]) -> WebhookDelivery:
    # The record an action is about keeps the receipt; a profile that only paid for it does not.
    entry, subject = next((part for part in parts if "receipt" in part[0]), parts[0])
    body: dict[str, Any] = {name: entry[name] for name in ("action", "tool", "at", "receipt", "pairs") if name in entry}
    for _, record in parts:
        value, name = record.value or {}, "order" if record.kind == "orders" else "customer"
        body |= {"user_id": value["user_id"], name: to_shop_json(value), f"{name}_version": value["version"]}
    return WebhookDelivery(
        action_id=action_id,
        account_id=str(subject.account_id),
        order_id=subject.key if subject.kind == "orders" else "",
        tool=entry["tool"],
        body=json.dumps(body, ensure_ascii=False),
    )
