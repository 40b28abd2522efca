"""One Chroma collection: opened on first use, paged, retried when a read races a write."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .connection import ASIDE, Connection, has_ended, is_passing, set_aside
from .encoding import EXPIRES, Entry, Row, Rows, further_ids, level, path_of
from .errors import BrokenCollection, StoreError, WrongEmbedder
from .paging import EMBEDDED_WRITE, IDS, PAGE, SCANNED, pages, writes
from .records import Namespace, Vectors

if TYPE_CHECKING:
    from chromadb import Collection

Where = dict[str, Any]

#: Writes between two savings of the index. Fewer keep puts flat (Chroma reads back all that is not saved yet),
#: more save the index less often, which a kill at that moment tears.
SYNC_EVERY = 500
#: How widely a new vector looks for its neighbours; Chroma's 100 costs a third more and is not seen in recall.
_EF_CONSTRUCTION = 64
_PAUSES = (0.005, 0.01, 0.02, 0.04, 0.08)


class Table:
    """``embedder`` and ``dims`` are written into the collection; another embedder's collection is refused."""

    def __init__(self, connection: Connection, name: str, *, embedder: str, dims: int, space: str = "cosine") -> None:
        self.name = name
        self.dims = dims
        self._embedder = embedder
        self._space = space
        self._connection = connection
        self._collection: Collection | None = None
        self._opening = threading.Lock()

    # Reading

    def fetch(self, ids: Iterable[str], *, vectors: bool = False) -> dict[str, Entry]:
        """The entries that are there, by id."""
        rows = Rows()
        self._read(list(dict.fromkeys(ids)), rows, vectors)
        if vectors:
            further = [row_id for entry in rows.entries() for row_id in further_ids(entry.id, 1, entry.vector_count)]
            self._read(further, rows, vectors)
        return {entry.id: entry for entry in rows.entries()}

    def present(self, ids: Iterable[str]) -> set[str]:
        """Those of the row ids that are there."""
        return {row_id for page in pages(list(ids)) for row_id in self._ask("get", ids=page, include=[])["ids"]}

    def under(self, prefix: Namespace, *, vectors: bool) -> list[Entry]:
        """The entries at or below a namespace, in the order they were first written."""
        rows = Rows()
        for got in self._pages(_at(prefix), _included(vectors)):
            rows.add(got)
        return _within(prefix, rows)

    def under_if_few(self, prefix: Namespace, limit: int) -> list[Entry] | None:
        """The entries at or below a namespace with their vectors, in one call; None if there are more rows."""
        rows = Rows()
        got = self._ask("get", where=_at(prefix), include=_included(True), limit=limit + 1)
        if len(got["ids"]) > limit:
            return None
        rows.add(got)
        return _within(prefix, rows)

    def ids_under(self, prefix: Namespace, limit: int | None = None) -> Iterator[str]:
        """Row ids (of further vectors too) at or below a namespace, up to ``limit``."""
        for got in self._pages(_at(prefix), [], limit):
            yield from got["ids"]

    def expired(self, at: float) -> list[Entry]:
        rows = Rows()
        for got in self._pages({EXPIRES: {"$lte": at}}, _included(False)):
            rows.add(got)
        return list(rows.entries())

    def nearest(self, query: Vectors, count: int, prefix: Namespace) -> list[str]:
        """Row ids, nearest first, from Chroma's index."""
        got = self._ask("query", query_embeddings=[query], n_results=count, where=_at(prefix), include=[])
        return list(got["ids"][0])

    def scan(self, prefix: Namespace) -> Iterator[Entry]:
        """The entries at or below a namespace with their vectors, a page in memory at a time."""
        primaries = [row_id for row_id in self.ids_under(prefix) if not row_id.startswith("\0")]
        for start in range(0, len(primaries), SCANNED):
            entries = self.fetch(primaries[start : start + SCANNED], vectors=True).values()
            yield from (entry for entry in entries if entry.namespace[: len(prefix)] == prefix)

    def probe(self) -> None:
        """Read every vector, which fails if rows or index are damaged; 50,000 take a few seconds."""
        for offset in range(0, max(self.count(), 1), SCANNED):
            self._ask("get", limit=SCANNED, offset=offset, include=["embeddings"])

    def count(self) -> int:
        """Rows, not records."""
        return int(self._ask("count"))

    def identity(self) -> str:
        """Chroma's id of the collection; another after a rebuild or when the server lost its data."""
        return str(self._opened().id)

    # Writing

    def upsert(self, rows: Sequence[Row]) -> None:
        """Add or replace rows; each call to Chroma is all or nothing, many rows take several."""
        self._opened()  # whether Chroma is embedded is known from here on
        for page in writes(rows, EMBEDDED_WRITE if self._connection.folder else PAGE):
            self._ask(
                "upsert",
                ids=[row.id for row in page],
                embeddings=np.stack([row.vector for row in page]),
                metadatas=[row.metadata for row in page],
            )

    def update(self, ids: Sequence[str], metadatas: Sequence[dict[str, Any]]) -> None:
        """Change single metadata fields; rows that are gone stay gone."""
        for start in range(0, len(ids), PAGE):
            part = slice(start, start + PAGE)
            self._ask("update", ids=list(ids[part]), metadatas=list(metadatas[part]))

    def delete(self, ids: Iterable[str], where: Where | None = None) -> None:
        for page in pages(list(dict.fromkeys(ids))):
            self._ask("delete", ids=page, where=where)

    def flush(self) -> None:
        """Make Chroma save its index and forget its log of writes, both of which keep what was deleted."""
        blank = np.zeros(self.dims, np.float32)
        padding = [Row(f"\0{number}\0\0pad", blank, {"pad": True}) for number in range(SYNC_EVERY + 1)]
        self.upsert(padding)
        self.delete(row.id for row in padding)

    # Setting aside

    def asides(self) -> list[str]:
        """Names of collections that were set aside and not replaced yet."""
        there = self._connection.guarded(lambda: self._connection.client().list_collections(), "listing")
        return [collection.name for collection in there if collection.name.startswith(self.name + ASIDE)]

    def set_aside(self) -> str | None:
        """Rename the collection, whatever its state; None if there is none."""
        self._collection = None
        return self._connection.guarded(lambda: set_aside(self._connection.client(), self.name), "setting aside")

    def drop(self, name: str) -> None:
        self._connection.guarded(lambda: self._connection.client().delete_collection(name), "dropping")

    def discard(self) -> None:
        """Delete the collection if it is there."""
        self._collection = None
        if self._existing():
            self.drop(self.name)

    def unguarded(self) -> "Table":
        """The same collection for filling it, while readers are still told that it is broken."""
        table = self._twin()
        table._collection = table._created()
        return table

    def unchecked(self) -> "Table":
        """The same collection for reading its values, whichever embedder made its vectors; also if it is set aside."""
        table = self._twin()
        names = [self.name, *self.asides()]
        table._collection = next(filter(None, map(table._existing, names)), None) or table._created()
        return table

    # The wall

    def _read(self, ids: Sequence[str], rows: Rows, vectors: bool) -> None:
        for page in pages(ids):
            rows.add(self._ask("get", ids=page, include=_included(vectors)))

    def _ask(self, method: str, **arguments: Any) -> Any:
        """Call a method of the collection, again after a pause if it failed in passing."""
        for pause in _PAUSES:
            try:
                return self._once(method, arguments)
            except StoreError as error:
                if not self._may_pass(error):
                    raise
            time.sleep(pause)
        return self._once(method, arguments)

    def _once(self, method: str, arguments: dict[str, Any]) -> Any:
        collection = self._opened()
        return self._connection.guarded(lambda: getattr(collection, method)(**arguments), method)

    def _may_pass(self, error: StoreError) -> bool:
        """A read that raced a write, or a handle of a collection that was replaced meanwhile."""
        is_gone = "does not exist" in str(error)
        if is_gone or has_ended(error):
            self._collection = None  # opening it finds out whether it ends its server
        return is_gone or is_passing(error)

    def _pages(self, where: Where | None, include: list[str], limit: int | None = None) -> Iterator[Any]:
        offset = 0
        while limit is None or offset < limit:
            most = PAGE if include else IDS
            size = most if limit is None else min(most, limit - offset)
            got = self._ask("get", where=where, include=include, limit=size, offset=offset)
            if got["ids"]:
                yield got
            if len(got["ids"]) < size:
                return
            offset += size

    def _twin(self) -> "Table":
        return Table(self._connection, self.name, embedder=self._embedder, dims=self.dims, space=self._space)

    def _opened(self) -> "Collection":
        collection = self._collection
        if collection is None:
            with self._opening:
                collection = self._collection = self._collection or self._open()
        return collection

    def _open(self) -> "Collection":
        if self._connection.ended_while_opening(self.name):
            self.set_aside()
        self._require_not_aside()
        collection = self._created()
        if not self._connection.can_load(collection):
            self.set_aside()
            self._require_not_aside()
        return collection

    def _require_not_aside(self) -> None:
        if self.asides() or self._connection.is_unfilled():
            raise BrokenCollection(
                f"Collection {self.name!r} was set aside and not filled again yet. Rebuild it: run"
                " `manage.py rebuild_store`, or call ChromaStore.rebuild(records)."
            )

    def _existing(self, name: str | None = None) -> "Collection | None":
        from chromadb.errors import NotFoundError

        client = self._connection.client()
        try:
            return client.get_collection(name or self.name, embedding_function=None)
        except NotFoundError:
            return None

    def _created(self) -> "Collection":
        client = self._connection.client()
        settings: Any = {
            "hnsw": {"space": self._space, "sync_threshold": SYNC_EVERY, "ef_construction": _EF_CONSTRUCTION}
        }
        collection = self._connection.guarded(self._existing, "opening") or self._connection.guarded(
            lambda: client.get_or_create_collection(
                self.name,
                embedding_function=None,
                metadata={"embedder": self._embedder, "dims": self.dims},
                configuration=settings,
            ),
            "creating",
        )
        self._check(collection)
        return collection

    def _check(self, collection: "Collection") -> None:
        made = collection.metadata or {}
        theirs = (made.get("embedder"), made.get("dims"))
        if theirs != (self._embedder, self.dims):
            raise WrongEmbedder(
                f"The vectors of collection {self.name!r} were made by {theirs[0]!r} with {theirs[1]} dimensions, but"
                f" the store is configured with {self._embedder!r} and {self.dims}. Configure the former again, or"
                " re-index: `manage.py reindex` here; elsewhere ChromaStore.reindex()."
            )


def _within(prefix: Namespace, rows: Rows) -> list[Entry]:
    """The entries, checked once more: whatever Chroma returned, nothing outside the prefix gets out."""
    return [entry for entry in rows.entries() if entry.namespace[: len(prefix)] == prefix]


def _at(prefix: Namespace) -> Where | None:
    return {level(len(prefix)): path_of(prefix)} if prefix else None


def _included(vectors: bool) -> list[str]:
    return ["metadatas", "embeddings"] if vectors else ["metadatas"]
