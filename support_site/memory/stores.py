"""The site's store, put together from the settings; one a process, its Chroma opened on first use.

``site_store()`` loads LangChain. What pages keep, and look up by its key, goes through ``site_ledger()``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from django.conf import settings

from agents.store.errors import StoreError
from support_site.memory.keeping import Ledger

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from langgraph.store.base import TTLConfig

    from agents.store import ChromaStore
    from support_site.memory.ledger import LedgerStore

T = TypeVar("T")

#: What is searched by meaning: a memory's text, an article's title and body, names of products and of ordered items.
SEARCHED_FIELDS = ["text", "title", "body", "name", "items[*].name"]

#: What has expired is gone at once, and reading a memory does not prolong it.
TTL: TTLConfig = {"refresh_on_read": False, "omit_expired": True}

CHROMA_TIMEOUT_SECONDS = 20.0

_one_thread = Lock()


def site_store() -> LedgerStore:
    """The store of this process. Costs nothing until it is read or written."""
    with _one_thread:
        return _site_store()


@cache
def _site_store() -> LedgerStore:
    from support_site.memory.ledger import LedgerStore

    return LedgerStore(_once(_chroma_store), ttl=TTL)


def site_ledger() -> Ledger:
    """The store's ledger alone, for whoever asks Chroma nothing."""
    return Ledger()


def store_answers() -> bool:
    """Whether Chroma can be read now; takes as long as it takes to find out."""
    try:
        site_store().chroma().get(("shop", "help"), "is anybody there?")
    except StoreError:
        return False
    return True


def reset_site_store() -> None:
    """Forget the store, so that the next ``site_store()`` goes by the settings of then. For tests."""
    _site_store.cache_clear()


def _once(make: Callable[[], T]) -> Callable[[], T]:
    """``make``, called once: a cache alone lets two threads that are first at once open Chroma twice, and one fails."""
    one_thread, made = Lock(), cache(make)

    def give() -> T:
        with one_thread:
            return made()

    return give


def _chroma_store() -> ChromaStore:
    # Imported when the store is opened: commands that never do start without LangChain's embeddings.
    from agents.store import HYBRID, ChromaStore
    from support_site.memory.embedder import site_embedder

    embedder, dims = site_embedder()
    chroma = _server_client if settings.CHROMA_URL else settings.CHROMA_DIR
    return ChromaStore(chroma, index={"embed": embedder, "dims": dims, "fields": SEARCHED_FIELDS}, ranking=HYBRID)


def _server_client() -> ClientAPI:
    import chromadb
    import httpx

    # Chroma's client waits for ever, also while it is made, and has no setting for it (chromadb 1.5.9, api/fastapi.py).
    httpx.get(f"{settings.CHROMA_URL.rstrip('/')}/api/v2/heartbeat", timeout=CHROMA_TIMEOUT_SECONDS)
    address = urlsplit(settings.CHROMA_URL)
    client = chromadb.HttpClient(
        host=settings.CHROMA_URL,
        port=address.port or (443 if address.scheme == "https" else 80),
        ssl=address.scheme == "https",
        headers={"Authorization": f"Bearer {settings.CHROMA_TOKEN}"} if settings.CHROMA_TOKEN else None,
        tenant=settings.CHROMA_TENANT,
        database=settings.CHROMA_DATABASE,
        settings=chromadb.Settings(anonymized_telemetry=False),
    )
    client._server._session.timeout = CHROMA_TIMEOUT_SECONDS  # type: ignore[attr-defined]
    return client
