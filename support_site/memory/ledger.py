"""The store of the site: LangGraph's BaseStore with a ledger in SQL before Chroma (DESIGN section 5)."""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy
from functools import partial
from typing import TypeVar

from django.db import transaction
from langgraph.store.base import BaseStore, GetOp, Item, ListNamespacesOp, Op, PutOp, Result, SearchOp, TTLConfig
from langgraph.store.base import validate_op_namespace as require_labels

from agents.attribution import attributed
from agents.namespaces import VERSIONED_KINDS, Namespace
from agents.store import BrokenCollection, ChromaStore, StoreError, StoreUnavailable
from agents.store.registry import plain_prefix
from support_site.memory import cards
from support_site.memory.applying import Progress, apply
from support_site.memory.drafts import address_of
from support_site.memory.keeping import Ledger
from support_site.memory.listing import list_namespaces
from support_site.memory.mending import fill_again, mend
from support_site.memory.models import Record
from support_site.memory.reading import Reader, Snapshots
from support_site.metrics import STORE
from support_site.threads import in_thread

logger = logging.getLogger(__name__)

T = TypeVar("T")


class LedgerStore(Ledger, BaseStore):
    """Every write goes to SQL first, in one transaction with what was there, who changed it and why; then to Chroma.

    A write is kept once SQL has it: when Chroma is down it is applied later, before the next read of its account.
    Several puts of a batch are kept all or none. Reads come from Chroma, checked against the ledger.

    Writes raise StaleRecord (orders and profiles: value["version"] must be one above the stored one), RecordErased
    and UnknownAccount; reads raise StoreUnavailable. Unless ``walled`` is off, operations that are not bound to
    one account or the shop raise OutsideWalls.
    """

    supports_ttl = True

    def __init__(
        self,
        open_chroma: Callable[[], ChromaStore],
        *,
        ttl: TTLConfig | None = None,
        walled: bool = True,
        versioned_kinds: Collection[str] = VERSIONED_KINDS,
    ) -> None:
        """``open_chroma`` gives the store of this process, or raises StoreUnavailable; it is asked at each use."""
        super().__init__(walled=walled, versioned_kinds=versioned_kinds)
        self.ttl_config = ttl
        self.chroma = open_chroma
        self._identity = ""
        omits_expired = bool(ttl and ttl.get("omit_expired"))
        self._reader = Reader(open_chroma, Snapshots(), self._expire if omits_expired else None)

    def over_all_accounts(self) -> "LedgerStore":
        """The same store without walls, for tools of staff and operators. Never hand it to an agent."""
        unwalled = copy(self)
        unwalled._walled = False
        return unwalled

    # BaseStore

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        ops = list(ops)
        for op in ops:
            self._require_allowed(op)
        drafts = self._drafts(op for op in ops if isinstance(op, PutOp))
        results: list[Result] = [None] * len(ops)
        for place, op in enumerate(ops):
            if isinstance(op, SearchOp | ListNamespacesOp):
                results[place] = self._mending(partial(self._search, op))
        for places in cards.in_chunks([place for place, op in enumerate(ops) if isinstance(op, GetOp)]):
            gets = [op for place in places if isinstance(op := ops[place], GetOp)]
            for place, item in zip(places, self._mending(partial(self._get, gets)), strict=True):
                results[place] = item
        self._write(cards.keep(drafts, known_accounts_only=self._walled))
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        return await in_thread(self.batch, pool="store")(list(ops))

    # The ledger, beyond what ``Ledger`` does

    def reconcile(self, *, progress: Progress | None = None) -> int:
        """Tell Chroma everything it has not been told. Returns how many records; raises StoreUnavailable."""
        waiting = Record.objects.pending().order_by("scope_id").values_list("pk", flat=True)  # as its index has them
        return self._mending(lambda: apply(self.chroma(), list(waiting), progress=progress))

    def sweep_ttl(self) -> int:
        """Delete what has expired, on record like any other deletion. Returns how many records."""
        return self._expire(())

    # Inside

    def _require_allowed(self, op: Op) -> None:
        if not isinstance(op, GetOp | SearchOp | ListNamespacesOp | PutOp):
            raise ValueError(f"Unknown operation: {type(op).__name__}.")
        require_labels(op)
        self._require_walls(_path_of(op))

    @STORE.labels("get").time()
    def _get(self, ops: Sequence[GetOp]) -> list[Item | None]:
        items = self._reader.get(ops)
        self._prolong(item for op, item in zip(ops, items, strict=True) if item and op.refresh_ttl)
        return items

    @STORE.labels("search").time()
    def _search(self, op: SearchOp | ListNamespacesOp) -> Result:
        if isinstance(op, ListNamespacesOp):
            return list_namespaces(op)
        items = self._reader.search(op)
        self._prolong(items if op.refresh_ttl else ())
        return items

    def _prolong(self, items: Iterable[Item]) -> None:
        """Let the time to live of what was read start anew, where records have one."""
        if self.ttl_config is not None:
            self._write(cards.touch([address_of(item.namespace, item.key) for item in items]))

    def _expire(self, prefix: Sequence[str]) -> int:
        expired = Record.objects.expired().below(prefix).order_by("expires_at").only("namespace", "key_text")
        drafts = self._drafts(PutOp(card.labels, card.key, None) for card in expired)
        with attributed(actor="system", reason="expired"):
            return self._write(cards.keep(drafts, known_accounts_only=False)) if drafts else 0

    def _write(self, card_ids: Sequence[int]) -> int:
        """Once SQL has the cards for good, tell Chroma."""
        if card_ids:
            transaction.on_commit(partial(self._tell_chroma, card_ids))
        return len(card_ids)

    @STORE.labels("write").time()
    def _tell_chroma(self, card_ids: Sequence[int]) -> None:
        try:
            self._mending(lambda: apply(self.chroma(), card_ids))
        except StoreUnavailable as error:
            logger.warning("%d records wait for Chroma: %s", len(card_ids), error)
        except StoreError:
            logger.exception("%d records wait for Chroma", len(card_ids))

    def _mending(self, ask: Callable[[], T]) -> T:
        """What ``ask`` returns, from a Chroma that was mended first if it turned out to be broken."""
        try:
            self._notice_loss()
            return ask()
        except BrokenCollection as error:
            mend(self.chroma(), str(error))
            return ask()

    def _notice_loss(self) -> None:
        """A collection of another identity than before may be an empty one, where all was lost."""
        identity = self.chroma().identity()
        if identity != self._identity:
            fill_again(self.chroma())
            self._identity = self.chroma().identity()


def _path_of(op: Op) -> Namespace:
    """What an operation is bound to: at or below it lies all that it can see or touch."""
    if isinstance(op, GetOp | PutOp):
        return tuple(op.namespace)
    if isinstance(op, SearchOp):
        return tuple(op.namespace_prefix)
    return plain_prefix(op)
