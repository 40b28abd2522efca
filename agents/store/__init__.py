"""LangGraph's long-term memory store on Chroma. Usable by itself: it needs LangGraph, chromadb and numpy only.

    store = ChromaStore(chromadb.PersistentClient("var/chroma"), index={"dims": 512, "embed": ..., "fields": ["text"]})
    store.put(("accounts", "42", "memories"), "likes", {"text": "likes green tea"})
    store.search(("accounts", "42"), query="what does she drink?")

Every method of ``BaseStore`` works, sync and async, with the semantics of the SQL stores (reads of a batch
see the state before it, the last put of a key wins, ``created_at`` is kept, newest first without a query).

For a ledger that stands in front of it and must be able to rebuild it:

    prepare(puts) / aprepare(puts) -> list[Record]     embeds the puts (``PutOp``s with a value); touches no collection
    apply(records, removals=())                        writes records with their vectors, then removes (namespace, key)s;
                                                       never calls the embedder, may be repeated, chunks itself
    scan(namespace_prefix=()) -> Iterator[Record]      every record with its vectors, in no promised order
    snapshot(namespace_prefix, query vectors) ...      one fetch; answers gets and searches from memory
    is_broken() -> bool                                a damaged collection, or one set aside and not yet filled again
    set_aside() -> str                                 renames the collection; until ``rebuild`` ends reads raise BrokenCollection
    rebuild(records) -> int                            sets aside what is there, fills a new collection, deletes the old
    erase(items) -> bool                               overwrites, deletes and vacuums: True if no byte is left on the disk
    pack(vectors) / unpack(data, dims)                 a record's vectors as bytes and back

Errors: ``StoreUnavailable`` (try later), its subclass ``BrokenCollection`` (call ``rebuild``), ``WrongEmbedder``.
"""

from .chroma import ChromaStore, Snapshot
from .errors import BrokenCollection, StaleRecord, StoreError, StoreUnavailable, WrongEmbedder
from .records import Record, pack, unpack

__all__ = [
    "BrokenCollection",
    "ChromaStore",
    "Record",
    "Snapshot",
    "StaleRecord",
    "StoreError",
    "StoreUnavailable",
    "WrongEmbedder",
    "pack",
    "unpack",
]
