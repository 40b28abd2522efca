"""LangGraph's long-term memory store on Chroma. Usable by itself: it needs LangGraph, chromadb and numpy only.

    store = ChromaStore(chromadb.PersistentClient("var/chroma"), index={"dims": 384, "embed": ..., "fields": ["text"]})
    store.put(("accounts", "42", "memories"), "likes", {"text": "likes green tea"})
    store.search(("accounts", "42"), query="what does she drink?")

Every method of ``BaseStore`` works, sync and async, with the semantics of the SQL stores (reads of a batch
see the state before it, the last put of a key wins, ``created_at`` is kept, newest first without a query).

For a ledger that stands in front of it and must be able to rebuild it:

    prepare(puts) / aprepare(puts) -> list[Record]     embeds ``PutOp``s with a value; touches no collection
    apply(records, removals=())                        writes records with their vectors, then removes (namespace,
                                                       key)s; never calls the embedder, may be repeated
    scan(namespace_prefix=()) -> Iterator[Record]      every record with its vectors, in no promised order
    snapshot(namespace_prefix) -> Snapshot             one fetch, then gets and searches from memory
    query_vectors(queries) / aquery_vectors(queries)   {query: vector} for ``Snapshot.search``
    identity() -> str                                  another one if the collection was replaced or lost
    is_empty() -> bool                                 no record at all
    is_broken() -> bool                                damaged, or set aside and not yet filled again
    set_aside() -> str | None                          renames the collection; reads raise BrokenCollection
    rebuild(records) -> int                            sets aside what is there, fills a new one, deletes the old
    reindex() -> int                                   new vectors for all values there (no ledger needed)
    erase(items) -> bool                               overwrites, deletes and vacuums: True if no byte is left
    pack(vectors) / unpack(data, dims)                 a record's vectors as bytes and back

Errors: ``StoreUnavailable`` (try later), its subclass ``BrokenCollection`` (call ``rebuild``), ``WrongEmbedder``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import BrokenCollection, StaleRecord, StoreError, StoreUnavailable, WrongEmbedder

if TYPE_CHECKING:
    from .chroma import ChromaStore
    from .ranking import HYBRID, VECTOR, Ranking
    from .records import Record, pack, unpack
    from .snapshot import Snapshot

#: Imported when they are asked for: whoever only has to catch the errors need not pay for LangGraph and numpy.
_HOMES = {
    **dict.fromkeys(("HYBRID", "VECTOR", "Ranking"), "ranking"),
    **dict.fromkeys(("Record", "pack", "unpack"), "records"),
    "ChromaStore": "chroma",
    "Snapshot": "snapshot",
}

__all__ = [
    "HYBRID",
    "VECTOR",
    "BrokenCollection",
    "ChromaStore",
    "Ranking",
    "Record",
    "Snapshot",
    "StaleRecord",
    "StoreError",
    "StoreUnavailable",
    "WrongEmbedder",
    "pack",
    "unpack",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
