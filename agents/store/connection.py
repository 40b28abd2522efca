"""The Chroma client of this process, and Chroma's errors in our words."""

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from .errors import BrokenCollection, StoreError, StoreUnavailable
from .folder import Folder

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

T = TypeVar("T")

#: What Chroma says of an index that a kill tore apart, or that lost its file.
_BROKEN = (
    "Error deserializing pickle",
    "Error finding id",
    "Nothing found on disk",
    "hnsw segment",
    "HNSW index",
    "database disk image is malformed",
    "file is not a database",
)


class Connection:
    """Gives the client, made on first use in each process: a client made before a fork hangs in the child."""

    def __init__(self, client: "ClientAPI | Callable[[], ClientAPI]") -> None:
        self._make = client if callable(client) else None
        self._client = None if callable(client) else client
        self._pid = None if callable(client) else os.getpid()
        self._is_prepared = False
        self._lock = threading.Lock()
        self.folder: Folder | None = None

    def client(self) -> "ClientAPI":
        """Raises StoreUnavailable if the client was made in a parent process or cannot be made."""
        with self._lock:
            if self._client is None or self._pid != os.getpid():
                self._client = self._made()
                self._pid = os.getpid()
                self._is_prepared = False
            if not self._is_prepared:
                self._prepare(self._client)
            return self._client

    def _made(self) -> "ClientAPI":
        if self._make is None:
            raise StoreUnavailable(
                "This Chroma client was made before the process forked and would hang. Give ChromaStore a"
                " function that makes the client instead of the client."
            )
        try:
            return self._make()
        except Exception as error:
            # Chroma reports an unreachable server as ValueError, and an unreadable answer as a plain Exception.
            raise translated(error, "connecting") from error

    def _prepare(self, client: "ClientAPI") -> None:
        settings = client.get_settings()
        if settings.is_persistent:
            self.folder = Folder(settings.persist_directory)
            self.folder.prepare()
        self._is_prepared = True


def guarded(ask: Callable[[], T], doing: str) -> T:
    """What ``ask`` returns; whatever Chroma raises meanwhile becomes ours."""
    try:
        return ask()
    except (StoreError, TypeError, AttributeError, KeyError, IndexError):
        raise
    except Exception as error:
        raise translated(error, doing) from error


def translated(error: Exception, doing: str) -> StoreError:
    """A StoreUnavailable, or a BrokenCollection if the words are those of a damaged index."""
    text = str(error) or type(error).__name__
    if any(mark in text for mark in _BROKEN):
        return BrokenCollection(
            f"The Chroma collection is damaged ({doing}: {text}). Rebuild it from the ledger: run"
            " `manage.py reindex`, or call ChromaStore.rebuild(records)."
        )
    return StoreUnavailable(
        f"Chroma failed ({doing}: {text}). Check that its server or folder is there and reachable, then try again."
    )


def is_passing(error: BaseException) -> bool:
    """An index read that raced a write; gone a few milliseconds later."""
    return "Error finding id" in str(error)
