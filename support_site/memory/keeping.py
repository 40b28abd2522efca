"""The half of the ledger that is SQL and nothing else: what a web process writes and reads.

LangGraph is not imported here. The store (``ledger.py``) stands on it, and loads LangChain wherever it is made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from agents.namespaces import VERSIONED_KINDS, Namespace
from support_site.memory import cards
from support_site.memory.drafts import Draft, address_of, draft_of
from support_site.memory.models import Record
from support_site.memory.walls import require_walls

if TYPE_CHECKING:
    from langgraph.store.base import PutOp

    from agents.ops import Put


class Ledger:
    """Every write goes to SQL, in one transaction with what was there, who changed it and why.

    Chroma is told of it before the next read of the account, or by ``LedgerStore.reconcile`` within seconds. Writes
    raise StaleRecord (orders and profiles: value["version"] must be one above the stored one), RecordErased,
    UnknownAccount and, unless ``walled`` is off, OutsideWalls.
    """

    def __init__(self, *, walled: bool = True, versioned_kinds: Collection[str] = VERSIONED_KINDS) -> None:
        self._walled = walled
        self._versioned_kinds = versioned_kinds

    def keep(self, puts: Iterable[Put | PutOp]) -> int:
        """Write the puts, all or none. Returns how many differ from what was kept. Raises what a write raises."""
        puts = list(puts)
        for put in puts:
            self._require_walls(tuple(put.namespace))
        return len(cards.keep(self._drafts(puts), known_accounts_only=self._walled))

    def kept(self, addresses: Iterable[tuple[Namespace, str]]) -> dict[tuple[Namespace, str], dict[str, Any]]:
        """What the ledger holds under (namespace, key), without asking Chroma; missing ones are left out."""
        wanted = [address_of(*address) for address in addresses]
        found = {}
        for chunk in cards.in_chunks(wanted):
            for card in Record.objects.live().filter(address__in=chunk).defer("vectors"):
                found[card.labels, card.key] = card.value or {}
        return found

    def pending_count(self) -> int:
        return Record.objects.pending().count()

    def _drafts(self, puts: Iterable[Put | PutOp]) -> list[Draft]:
        return [draft_of(put, versioned_kinds=self._versioned_kinds) for put in puts]

    def _require_walls(self, path: Namespace) -> None:
        if self._walled:
            require_walls(path)
