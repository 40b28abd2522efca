"""LangGraph's BaseStore on a Chroma collection."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langgraph.store.base import (
    BaseStore,
    GetOp,
    IndexConfig,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
)

from .connection import Connection
from .encoding import EXPIRES, Entry, id_of
from .errors import BrokenCollection
from .indexing import Indexer
from .plan import Plan
from .ranking import VECTOR, Ranking
from .records import Namespace, Record, Vectors, expiry, now
from .registry import Registry, plain_prefix, select
from .searching import Searcher
from .snapshot import Snapshot
from .sweeper import Sweeper
from .table import Table
from .writing import Address, Writer

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

_SPACES = {"cosine": "cosine", "l2": "l2", "inner_product": "ip"}
_SWEEP_MINUTES = 5


class ChromaStore(BaseStore):
    """Keeps every promise of ``BaseStore``, sync and async, from any thread and any event loop.

    ``client`` is a Chroma client, a function that makes one (called on first use in each process), or the folder of
    an embedded Chroma; only of such a folder can a damaged ``chroma.sqlite3`` be replaced.
    ``index`` and ``ttl`` are LangGraph's own dictionaries; ``index`` may name a ``distance_type`` ("cosine", "l2",
    "inner_product") as PostgresStore's does. ``ranking`` is VECTOR, HYBRID or a ``Ranking`` of your own.
    ``embedder_name`` replaces the name found on the embedder, which is written into the collection.

    Any method raises StoreUnavailable if Chroma fails, BrokenCollection if the collection is damaged,
    WrongEmbedder if it was filled with another embedder, and ValueError for an operation that makes no sense.
    A sync method blocks its thread for some milliseconds: use the async ones on an event loop.
    """

    supports_ttl = True

    def __init__(
        self,
        client: "ClientAPI | Callable[[], ClientAPI] | str | Path",
        *,
        index: IndexConfig | None = None,
        ttl: TTLConfig | None = None,
        collection: str = "records",
        ranking: Ranking = VECTOR,
        embedder_name: str | None = None,
    ) -> None:
        self.index_config = index
        self.ttl_config = ttl
        self._indexer = Indexer(index, embedder_name)
        if ranking.is_blend and self._indexer.metric != "cosine":
            raise ValueError("A blended ranking needs the cosine: leave out distance_type, or use VECTOR.")
        self.embeddings = self._indexer.embeddings
        self._ranking = ranking
        self._connection = Connection(client)
        self._records = Table(
            self._connection,
            collection,
            embedder=self._indexer.name,
            dims=self._indexer.dims,
            space=_SPACES[self._indexer.metric],
        )
        self._namespaces = Table(self._connection, f"{collection}.namespaces", embedder="none", dims=1)
        self._registry = Registry(self._namespaces, self._records)
        self._searcher = Searcher(self._records, self._snapshot_of)
        self._writer = Writer(self._records, self._registry)
        self._writing = threading.Lock()
        self._sweeper = Sweeper(self.sweep_ttl)

    # BaseStore

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """The result of each operation in order. Reads see the state before the batch; the last put of a key wins."""
        plan = Plan(ops)
        return self._run(plan, self._indexer.query_vectors(plan.queries), self._indexer.prepare(plan.puts))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """As ``batch``; embeds with the embedder's async methods and waits for Chroma on another thread."""
        plan = Plan(ops)
        query_vectors = await self._indexer.aquery_vectors(plan.queries)
        records = await self._indexer.aprepare(plan.puts)
        return await asyncio.to_thread(self._run, plan, query_vectors, records)

    def sweep_ttl(self) -> int:
        """Remove every expired record; returns how many."""
        with self._writing:
            return self._writer.remove_expired(time.time())

    def start_ttl_sweeper(self, sweep_interval_minutes: float | None = None) -> "Future[None]":
        """Sweep on a thread of its own; the future ends it when cancelled, as does ``stop_ttl_sweeper``."""
        if not self.ttl_config:
            idle: Future[None] = Future()
            idle.set_result(None)
            return idle
        return self._sweeper.start(
            sweep_interval_minutes or self.ttl_config.get("sweep_interval_minutes") or _SWEEP_MINUTES
        )

    def stop_ttl_sweeper(self, timeout: float | None = None) -> bool:
        """Whether the sweeper has ended, waiting at most ``timeout`` seconds (None: as long as it takes)."""
        return self._sweeper.stop(timeout)

    # For a ledger in front of it

    @property
    def dims(self) -> int:
        """Numbers in a vector; 1 without an index."""
        return self._indexer.dims

    @property
    def embedder(self) -> str:
        """The embedder's name as the collection keeps it: vectors of another one must not be mixed in."""
        return self._indexer.name

    def prepare(self, puts: Sequence[PutOp]) -> list[Record]:
        """The puts as records with their vectors, in order; calls the embedder and touches no collection."""
        return self._indexer.prepare(puts)

    async def aprepare(self, puts: Sequence[PutOp]) -> list[Record]:
        return await self._indexer.aprepare(puts)

    def query_vectors(self, queries: Iterable[str | None]) -> dict[str, Vectors]:
        """The vector of each distinct query, for ``Snapshot.search``; empty without an index."""
        return self._indexer.query_vectors(queries)

    async def aquery_vectors(self, queries: Iterable[str | None]) -> dict[str, Vectors]:
        return await self._indexer.aquery_vectors(queries)

    def apply(self, records: Iterable[Record], removals: Iterable[Address] = ()) -> None:
        """Write records with the vectors they carry, then remove addresses. May be repeated."""
        with self._writing:
            self._writer.write(records)
            self._writer.remove(removals)

    def scan(self, namespace_prefix: Namespace = ()) -> Iterator[Record]:
        """Every record at or below a namespace with its vectors, a few hundred at a time, in no promised order."""
        for entry in self._records.scan(tuple(namespace_prefix)):
            yield entry.record()

    def snapshot(self, namespace_prefix: Namespace) -> Snapshot:
        """Everything at or below a namespace as it is now, in one fetch."""
        prefix = tuple(namespace_prefix)
        return self._snapshot_of(prefix, self._records.under(prefix, vectors=True))

    def erase(self, items: Iterable[Address]) -> bool:
        """Remove records so that nothing of them stays in Chroma's files.

        True if that is done. False on a Chroma server: rows and index are overwritten, but the bytes of
        deleted rows stay in the server's SQLite file until somebody runs ``chroma vacuum`` there.
        """
        with self._writing:
            self._writer.erase(items)
            return self._vacuumed()

    def identity(self) -> str:
        """Chroma's id of the collection: another one after a rebuild, or if the server came up empty."""
        return self._records.identity()

    def is_empty(self) -> bool:
        """Whether there is no record at all."""
        return self._records.count() == 0

    def is_broken(self) -> bool:
        """Whether the collection is damaged, or was set aside and not filled again.

        Raises StoreUnavailable if Chroma cannot be asked.
        """
        try:
            self._records.probe()
            self._namespaces.probe()
        except BrokenCollection:
            return True
        return bool(self._connection.damage())

    def set_aside(self) -> str | None:
        """Rename the collection, whatever its state, and return its new name; None if there is none.

        From then on reads raise BrokenCollection, in every process and after a restart, until ``rebuild`` ends.
        """
        with self._writing:
            return self._records.set_aside()

    def rebuild(self, records: Iterable[Record]) -> int:
        """Fill a new collection with these records, then delete the old one; returns how many were written.

        The embedder is not called. If it is cut short, ``is_broken`` stays true: call it again. Other
        processes must not write meanwhile.
        """
        with self._writing:
            self._connection.leave_damaged()
            self._records.set_aside()
            self._namespaces.discard()
            filling = self._records.unguarded()
            count = Writer(filling, Registry(self._namespaces.unguarded(), filling)).fill(records)
            for name in self._records.asides():
                self._records.drop(name)
            self._vacuumed()
        return count

    def reindex(self) -> int:
        """Make all vectors anew with the configured embedder, whichever one made those that are there."""
        entries = self._records.unchecked().under((), vectors=False)
        records = self.prepare([_put_again(entry) for entry in entries])
        return self.rebuild(_dated_as(entry, record) for entry, record in zip(entries, records, strict=True))

    # Inside

    @property
    def _omit_expired(self) -> bool:
        return bool(self.ttl_config and self.ttl_config.get("omit_expired"))

    def _run(self, plan: Plan, query_vectors: dict[str, Vectors], records: Sequence[Record]) -> list[Result]:
        results: list[Result] = [None] * len(plan.ops)
        read = [*self._answer_gets(plan, results), *self._answer_searches(plan, query_vectors, results)]
        for place, op in plan.numbered(ListNamespacesOp):
            results[place] = select(self._living_namespaces(plain_prefix(op)), op)
        self._refresh(read)
        if records or plan.removals:
            self.apply(records, plan.removals)
        return results

    def _answer_gets(self, plan: Plan, results: list[Any]) -> Iterator[Entry]:
        """Fills in the results of the gets; yields the entries whose time to live starts anew."""
        wanted = {place: id_of(op.namespace, op.key) for place, op in plan.numbered(GetOp)}
        there = self._records.fetch(wanted.values())
        at = time.time()
        for place, op in plan.numbered(GetOp):
            entry = there.get(wanted[place])
            if entry and not (self._omit_expired and entry.is_expired(at)):
                results[place] = entry.item()
                if op.refresh_ttl:
                    yield entry

    def _answer_searches(self, plan: Plan, vectors: dict[str, Vectors], results: list[Any]) -> Iterator[Entry]:
        for place, op in plan.numbered(SearchOp):
            found = self._searcher.find(op, vectors.get(op.query or ""))
            results[place] = [SearchItem(**entry.fields(), score=score) for entry, score in found]
            if op.refresh_ttl:
                yield from (entry for entry, _ in found)

    def _refresh(self, entries: Iterable[Entry]) -> None:
        prolonged = {entry.id: expiry(entry.ttl, now()) for entry in entries}
        ending = {row_id: expires.timestamp() for row_id, expires in prolonged.items() if expires}
        self._records.update(list(ending), [{EXPIRES: expires} for expires in ending.values()])

    def _living_namespaces(self, prefix: Namespace) -> Iterator[Namespace]:
        """The registered namespaces, without those whose records have all expired if expired ones are omitted."""
        at = time.time()
        fading = {entry.namespace for entry in self._records.expired(at)} if self._omit_expired else set()
        for namespace in self._registry.names(prefix):
            if namespace not in fading or self._has_living(namespace, at):
                yield namespace

    def _has_living(self, namespace: Namespace, at: float) -> bool:
        entries = self._records.under(namespace, vectors=False)
        return any(entry.namespace == namespace and not entry.is_expired(at) for entry in entries)

    def _snapshot_of(self, prefix: Namespace, entries: Iterable[Entry], *, whole: bool = True) -> Snapshot:
        ranking = self._ranking if whole else replace(self._ranking, context=0.0)
        return Snapshot(prefix, entries, self._indexer, ranking, omit_expired=self._omit_expired)

    def _vacuumed(self) -> bool:
        folder = self._connection.folder
        if folder:
            folder.vacuum()
        return folder is not None


def _put_again(entry: Entry) -> PutOp:
    return PutOp(entry.namespace, entry.address[1], dict(entry.value), index=entry.index, ttl=entry.ttl)


def _dated_as(entry: Entry, record: Record) -> Record:
    return replace(record, created_at=entry.created_at, updated_at=entry.updated_at, expires_at=entry.expires_at)
