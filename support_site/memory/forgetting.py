"""Forgetting: what a customer has forgotten is gone at once for every reader, and soon after from every file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from agents import namespaces, ops
from agents.attribution import attributed
from agents.memory import Memory
from support_site.memory import cards, services
from support_site.memory.drafts import address_of, scope_of
from support_site.memory.models import Record, RecordChange, Tombstone

if TYPE_CHECKING:
    from support_site.memory.keeping import Ledger
    from support_site.memory.ledger import LedgerStore

REASON = "forgotten by the customer"


@transaction.atomic
def forget_in_ledger(ledger: Ledger, account_id: UUID, memories: Sequence[Memory]) -> None:
    """Take the memories and every word of their history out of the ledger; none can be written again.

    The store answers none of them from then on. Their bytes in Chroma's files go with ``erase_forgotten``.
    """
    namespace = namespaces.memories(str(account_id))
    scope, addresses = scope_of(namespace), [address_of(namespace, memory.key) for memory in memories]
    cards.lock([scope])
    with attributed(actor="customer", reason=REASON):
        ledger.keep(ops.Put(namespace, memory.key, None) for memory in memories)
    RecordChange.objects.filter(record__address__in=addresses).update(before_text=None, after_text=None)
    stones = [Tombstone(scope=scope, address=address, reason=REASON) for address in addresses]
    Tombstone.objects.bulk_create(stones, ignore_conflicts=True)


def erase_forgotten(store: LedgerStore, account_id: UUID | None = None) -> list[str]:
    """Erase what customers (or one account) have forgotten, on their page or through the agent. Returns their keys.

    Raises StoreUnavailable when Chroma cannot be reached; then it has to be called again.
    """
    deleted = Record.objects.filter(kind="memories", status=Record.Status.DELETED)
    found = deleted.filter(account=account_id) if account_id else deleted
    forgotten = list(_forgotten(found)) if found.exists() else []  # nearly always none, and asking so is cheap
    if forgotten:
        services.erase_records(store, forgotten, reason=REASON)
    return [record.key for record in forgotten]


def _forgotten(deleted: QuerySet[Record]) -> QuerySet[Record]:
    """Those whose last change was a customer's wish. What staff deleted they may want to undo."""
    last = RecordChange.objects.filter(record=OuterRef("pk")).order_by("-id").values("actor")[:1]
    return deleted.annotate(actor=Subquery(last)).filter(actor__in=("agent", "customer")).defer("vectors")
