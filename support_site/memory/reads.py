"""Who of the staff looked: reads of what is kept about a customer are on record, like writes."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from support_site.accounts.models import User
from support_site.memory.models import Record, RecordRead

#: The same person looking at the same thing again within this time is one read.
ONE_LOOK = timedelta(minutes=10)

_LISTS = {"memories": "list of memories", "orders": "list of orders"}


def note_read(reader: User, what: str, account_ids: Iterable[UUID | None]) -> None:
    """Put on record that ``reader`` saw ``what`` of these accounts, in two statements however many they are."""
    accounts = {account_id for account_id in account_ids if account_id}
    if not accounts:
        return
    now, what = timezone.now(), what[:200]
    seen = RecordRead.objects.filter(reader=reader, what=what, account__in=accounts, at__gt=now - ONE_LOOK)
    new = accounts - set(seen.values_list("account_id", flat=True))
    RecordRead.objects.bulk_create(
        RecordRead(account_id=account, reader=reader, what=what, at=now) for account in sorted(new)
    )


def named(record: Record) -> str:
    """What a record is, for the customer it is about: "memory (preference)", "order #W2611340", "profile"."""
    if record.kind == "memories":
        return f"memory ({(record.value or {}).get('kind', 'deleted')})".replace("_", " ")
    return f"order {record.key}" if record.kind == "orders" else record.kind


def listed(records: Iterable[Record]) -> str:
    """What a page of a list showed: "list of memories", or "list of records" where it mixes kinds."""
    kinds = {record.kind for record in records if record.account_id}
    return _LISTS.get(kinds.pop(), "list of records") if len(kinds) == 1 else "list of records"
