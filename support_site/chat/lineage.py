"""Lineage: which memories and orders stood in the prompts of a turn, and which turns used one of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from agents.namespaces import ACCOUNTS, PRODUCTS
from support_site.chat.models import Recalled, Turn
from support_site.memory.drafts import address_of
from support_site.memory.models import Record
from support_site.memory.readable import summary


@dataclass(frozen=True, kw_only=True)
class Used:
    """What a turn used, as it is now; without a record it has been erased."""

    kind: str
    record: Record | None

    @property
    def said(self) -> str:
        """One line of it."""
        return summary(self.record) if self.record else "(erased)"


def note_recalled(turn: Turn, recalled: Mapping[str, Iterable[str]]) -> None:
    """Keep what was put into a prompt of the turn, {kind: keys}; what was kept before stays."""
    account = str(turn.conversation.account_id)
    rows = [
        Recalled(turn=turn, kind=kind, address=_address(account, kind, key))
        for kind, keys in recalled.items()
        for key in keys
    ]
    Recalled.objects.bulk_create(rows, ignore_conflicts=True)


def replies_that_used(account_id: UUID, kind: str, key: str) -> QuerySet[Turn]:
    """The turns of the account that had the record in a prompt, newest first, with their conversations."""
    used = Turn.objects.filter(recollections__address=_address(str(account_id), kind, key))
    return used.select_related("conversation").order_by("-created_at")


def used_in(turn: Turn) -> list[Used]:
    """The memories and orders that the turn used, in the order of its prompt."""
    return used_in_each([turn])[turn.pk]


def used_in_each(turns: Iterable[Turn]) -> dict[UUID, list[Used]]:
    """The same for many turns, in two statements however many they are."""
    used: dict[UUID, list[Used]] = {turn.pk: [] for turn in turns}
    rows = list(Recalled.objects.filter(turn__in=used))
    records = Record.objects.defer("vectors").filter(address__in={row.address for row in rows})
    by_address = {record.address: record for record in records}
    for row in rows:
        used[row.turn_id].append(Used(kind=row.kind, record=by_address.get(row.address)))
    return used


def _address(account_id: str, kind: str, key: str) -> str:
    return address_of(PRODUCTS if kind == "products" else (ACCOUNTS, account_id, kind), key)
