"""Answers from Chroma that are checked against the ledger, and kept in memory while the ledger says they hold.

What Chroma returns is only handed out if the ledger's cards say the same. A difference (a write that was cut
off, a row of an account that is gone, an older value that overtook a newer one) is mended and read again.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from django.db import connection
from django.utils import timezone
from langgraph.store.base import GetOp, Item, SearchItem, SearchOp

from agents.namespaces import Namespace
from agents.store import ChromaStore, Snapshot, StoreUnavailable
from support_site.memory.applying import apply
from support_site.memory.drafts import SCOPE_DEPTH, address_of, key_of, labels_of, scope_of
from support_site.memory.models import Record, RecordQuerySet

logger = logging.getLogger(__name__)

Address = tuple[Namespace, str]
#: When each record was written last. Two writes never share a time.
Written = Mapping[Address, datetime]

#: Scopes of more records are not kept in memory but searched in Chroma.
LARGEST_SNAPSHOT = 2_000
#: Records kept in memory in all, about 5 KB each.
KEPT_IN_MEMORY = 10_000
ATTEMPTS = 20
#: After so many, what somebody writes while it is read may be answered as it was before, or as it is now. Until then a
#: read shows all of what was written together, or nothing of it.
PATIENCE = 5

#: The one statement of a read that is answered from memory. Written out, because Django's ORM takes ten times as long
#: to put it together as SQLite takes to answer it.
_STATE_OF_SCOPE = """
    SELECT revision,
        EXISTS (SELECT 1 FROM memory_record AS r WHERE r.scope_id = s.name AND NOT r.in_store),
        EXISTS (SELECT 1 FROM memory_record AS r WHERE r.scope_id = s.name AND r.expires_at <= %s)
    FROM memory_scope AS s WHERE s.name = %s
"""


class Snapshots:
    """The scopes read last, each with the revision it was read at."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, Snapshot]] = OrderedDict()
        self._lock = threading.Lock()

    def at(self, scope: str, revision: int) -> Snapshot | None:
        """The snapshot of exactly this revision, if there is one."""
        with self._lock:
            kept_revision, snapshot = self._kept.get(scope, (None, None))
            if snapshot is None or kept_revision != revision:
                return None
            self._kept.move_to_end(scope)
            return snapshot

    def keep(self, scope: str, revision: int, snapshot: Snapshot) -> None:
        with self._lock:
            self._kept[scope] = (revision, snapshot)
            self._kept.move_to_end(scope)
            while sum(len(kept) for _, kept in self._kept.values()) > KEPT_IN_MEMORY and len(self._kept) > 1:
                self._kept.popitem(last=False)


@dataclass(frozen=True)
class Reader:
    """Raises StoreUnavailable where Chroma would have to be asked and does not answer."""

    chroma: Callable[[], ChromaStore]
    snapshots: Snapshots
    #: Takes what has expired below a namespace out of the store; None where it may be read until it is swept.
    expire: Callable[[Sequence[str]], object] | None = None

    def get(self, ops: Sequence[GetOp]) -> list[Item | None]:
        """The items as the ledger knows them, each in its place."""
        for attempt in range(ATTEMPTS):
            revisions = {scope: self._settled(scope) for scope in {_scope_of(op) for op in ops}}
            known = {
                scope: self.snapshots.at(scope_of(scope), revision)
                for scope, revision in revisions.items()
                if revision is not None
            }
            asked = [op for op in ops if _scope_of(op) in known and known[_scope_of(op)] is None]
            found = self._ask(asked)
            cards = Record.objects.live().filter(address__in=[address_of(op.namespace, op.key) for op in asked])
            settled = {scope_of(scope): revision or 0 for scope, revision in revisions.items()}
            since = settled if attempt >= PATIENCE else {}
            if not asked or self._is_true(_written(found.values()), cards, since):
                return [_item_of(op, known.get(_scope_of(op)), found) for op in ops]
        raise _at_odds()

    def _ask(self, ops: Sequence[GetOp]) -> dict[Address, Item]:
        items = self.chroma().batch([op._replace(refresh_ttl=False) for op in ops]) if ops else []
        return {(item.namespace, item.key): item for item in items if isinstance(item, Item)}

    def search(self, op: SearchOp) -> list[SearchItem]:
        """The page, from memory where it lies within one scope."""
        prefix = tuple(op.namespace_prefix)
        snapshot = self._snapshot(prefix[:SCOPE_DEPTH]) if len(prefix) >= SCOPE_DEPTH else None
        if snapshot is None:
            return self._search_in_chroma(op)
        vectors = self.chroma().query_vectors([op.query])
        return snapshot.search(op, vectors.get(op.query or ""))

    def _snapshot(self, prefix: Namespace) -> Snapshot | None:
        """A whole scope at its newest revision; None if it is too large to keep."""
        scope = scope_of(prefix)
        cards = Record.objects.live().filter(scope=scope)
        for attempt in range(ATTEMPTS):
            revision = self._settled(prefix) or 0
            if (snapshot := self.snapshots.at(scope, revision)) is not None:
                return snapshot
            if cards.count() > LARGEST_SNAPSHOT:
                return None
            is_whole = not Record.objects.pending().filter(scope=scope).exists()
            snapshot = self.chroma().snapshot(prefix)
            since = {scope: revision} if attempt >= PATIENCE else {}
            if self._is_true(snapshot.written(), cards, since):
                if is_whole:  # a card that was refused may be accepted later, at the same revision
                    self.snapshots.keep(scope, revision, snapshot)
                return snapshot
        raise _at_odds()

    def _search_in_chroma(self, op: SearchOp) -> list[SearchItem]:
        for _ in range(ATTEMPTS):
            if self.expire:
                self.expire(op.namespace_prefix)
            waiting = Record.objects.pending().below(op.namespace_prefix).order_by("scope_id")  # as its index has them
            apply(self.chroma(), list(waiting.values_list("pk", flat=True)))
            found = self.chroma().search(
                tuple(op.namespace_prefix),
                query=op.query,
                filter=op.filter,
                limit=op.limit,
                offset=op.offset,
                refresh_ttl=False,
            )
            addresses = [address_of(item.namespace, item.key) for item in found]
            if self._is_true(_written(found), Record.objects.live().filter(address__in=addresses)):
                return found
        raise _at_odds()

    def _settled(self, prefix: Namespace) -> int | None:
        """The scope's revision, once Chroma has been told all of it; None if nothing was ever written there."""
        scope = scope_of(prefix)
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(_STATE_OF_SCOPE, [now, scope])
            state = cursor.fetchone()
        if state is None:
            return None
        revision, is_waiting, has_expired = state
        if has_expired and self.expire:
            self.expire(prefix)
            return self._settled(prefix)
        if is_waiting:
            apply(self.chroma(), list(Record.objects.pending().filter(scope=scope).values_list("pk", flat=True)))
        return int(revision)

    def _is_true(self, found: Written, cards: RecordQuerySet, since: Mapping[str, int] = MappingProxyType({})) -> bool:
        """Whether Chroma said what the cards say. What it did not say or should not have is put right.

        A card that is pending need not be there: it is being written just now, or it was refused. One that was written
        ``since`` its scope had this revision may be there in either form.
        """
        rows = cards.order_by().values_list(
            "namespace", "key_text", "updated_at", "pk", "in_store", "scope_id", "revision"
        )
        known: dict[Address, tuple[datetime, int, bool, bool]] = {
            (labels_of(namespace), key_of(key_text)): (at, pk, in_store, revision > since.get(scope, revision))
            for namespace, key_text, at, pk, in_store, scope, revision in rows
        }
        different = [
            pk
            for address, (at, pk, in_store, is_newer) in known.items()
            if found.get(address) != at and (in_store or address in found) and not is_newer
        ]
        unknown = found.keys() - known.keys()
        if not different and not unknown:
            return True
        logger.info("chroma differs from the ledger: %d different or missing, %d unknown", len(different), len(unknown))
        Record.objects.filter(pk__in=different).update(in_store=False)
        self.chroma().apply([], unknown)
        return False


def _item_of(op: GetOp, snapshot: Snapshot | None, found: Mapping[Address, Item]) -> Item | None:
    address = (tuple(op.namespace), op.key)
    return found.get(address) if snapshot is None else snapshot.get(*address)


def _scope_of(op: GetOp) -> Namespace:
    return tuple(op.namespace[:SCOPE_DEPTH])


def _written(items: Iterable[Item]) -> Written:
    return {(item.namespace, item.key): item.updated_at for item in items}


def _at_odds() -> StoreUnavailable:
    return StoreUnavailable("Chroma and the ledger differ again and again. Run manage.py store_check, then try again.")
