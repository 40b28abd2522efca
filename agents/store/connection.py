"""The Chroma client of this process, and Chroma's errors in our words."""

import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from .errors import BrokenCollection, StoreError, StoreUnavailable
from .folder import Folder

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api import ClientAPI

log = logging.getLogger(__name__)

T = TypeVar("T")

#: What a collection's name goes on with once it is set aside.
ASIDE = ".aside-"

#: How often a server may end over an index until the index is held responsible, and how long it may take to come back.
_LIVES = 3
_RESTART_SECONDS = 15.0
_PAUSE_SECONDS = 0.1
#: For so long a file that was found whole is taken to be so, whatever fails meanwhile.
_WHOLE_SECONDS = 5.0

#: What Chroma says of an index that a kill tore apart, or that lost its file.
_BROKEN = (
    "Error deserializing pickle",
    "Error finding id",
    "Error getting embedding",
    "Nothing found on disk",
    "hnsw segment",
    "HNSW index",
    "database disk image is malformed",
    "file is not a database",
)


class Connection:
    """Gives the client, made on first use in each process: a client made before a fork hangs in the child."""

    def __init__(self, client: "ClientAPI | Callable[[], ClientAPI] | str | Path") -> None:
        #: Of an embedded Chroma; of one whose client was given it is known once that client was used.
        self.folder = Folder(client) if isinstance(client, str | Path) else None
        self._owns_folder = self.folder is not None
        self._make = partial(embedded, self.folder) if self.folder else client if callable(client) else None
        self._client = None if self._make else cast("ClientAPI", client)
        self._pid = None if self._make else os.getpid()
        self._is_prepared = False
        self._lock = threading.Lock()
        self._whole_until = 0.0

    def guarded(self, ask: Callable[[], T], doing: str) -> T:
        """What ``ask`` returns; whatever Chroma raises meanwhile becomes ours.

        Of a damaged SQLite file Chroma says many things, mostly other ones: whatever fails, the file is looked at.
        """
        try:
            return guarded(ask, doing)
        except StoreUnavailable as error:
            if isinstance(error, BrokenCollection) or time.monotonic() < self._whole_until:
                raise
            if damage := self.damage():
                raise broken(damage, doing) from error
            self._whole_until = time.monotonic() + _WHOLE_SECONDS
            raise

    def damage(self) -> str:
        """What is wrong with the SQLite file of an embedded Chroma; nothing of a server's."""
        return self.folder.damage() if self.folder else ""

    def leave_damaged(self) -> None:
        """If Chroma's SQLite file is damaged, go on in a new folder within its own, which is unfilled.

        Raises StoreUnavailable if the folder is not the store's to change.
        """
        damage = self.damage()
        if not (damage and self.folder):
            return
        if not self._owns_folder:
            raise StoreUnavailable(
                f"Chroma's file in {self.folder.data} is damaged ({damage}). Stop the process and delete the folder, or"
                " give ChromaStore the folder instead of a client: then it makes a new file by itself."
            )
        log.error("Chroma's file in %s is damaged (%s); a new one is made", self.folder.data, damage)
        self.folder.leave()
        self._client = None  # not closed: others may be in the middle of a call, and it harms nobody

    def is_unfilled(self) -> bool:
        """Whether a damaged file was left, and what it held is not yet in the new one."""
        return self.folder is not None and self.folder.is_unfilled()

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

    def can_load(self, collection: "Collection") -> bool:
        """Have Chroma load the index of a collection: False if its server ended over it each time it came up again.

        Raises StoreUnavailable if it does not come up, and whatever else goes wrong.
        """
        for _ in range(_LIVES):
            try:
                with self.opening(collection.name):
                    self.guarded(collection.count, "opening")
            except StoreUnavailable as error:
                if not has_ended(error):
                    raise
                self._wait_for_server()
            else:
                return True
        log.error("Chroma's server ends whenever %r is opened; the collection is set aside", collection.name)
        return False

    def _wait_for_server(self) -> None:
        until = time.monotonic() + _RESTART_SECONDS
        while True:
            try:
                guarded(self.client().heartbeat, "waiting for its server to come up again")
            except StoreUnavailable:
                if time.monotonic() > until:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return

    def opening(self, collection: str) -> AbstractContextManager[None]:
        """While an embedded index is loaded: a process that does not survive this leaves a mark."""
        self.client()
        return self.folder.opening(collection) if self.folder else nullcontext()

    def ended_while_opening(self, collection: str) -> bool:
        """Whether the last process that loaded this index did not survive it; says so once."""
        self.client()
        if not (self.folder and self.folder.ended_while_opening(collection)):
            return False
        log.error("A process ended while it opened %r; the collection is set aside", collection)
        return True

    def _made(self) -> "ClientAPI":
        if self._make is None:
            raise StoreUnavailable(
                "This Chroma client was made before the process forked and would hang. Give ChromaStore a"
                " function that makes the client instead of the client."
            )
        try:
            return self._make()
        except StoreError:
            raise
        except Exception as error:
            # Chroma reports an unreachable server as ValueError, and an unreadable answer as a plain Exception.
            raise translated(error, "connecting") from error

    def _prepare(self, client: "ClientAPI") -> None:
        settings = client.get_settings()
        if settings.is_persistent:
            self.folder = self.folder or Folder(settings.persist_directory)
            self.folder.prepare()
            self._set_torn_aside(client, self.folder)
        self._is_prepared = True

    def _set_torn_aside(self, client: "ClientAPI", folder: Folder) -> None:
        for collection, index in folder.torn():
            log.error("Chroma was killed while it saved the index of %r; the collection is set aside", collection)
            guarded(partial(set_aside, client, collection), "setting aside")
            shutil.rmtree(index)  # without it the values can be read again


def embedded(folder: Folder) -> "ClientAPI":
    """A client on the folder. Raises StoreUnavailable if another process has it, BrokenCollection if it is damaged."""
    import chromadb

    folder.hold()
    if damage := folder.damage():
        raise broken(damage, "opening")
    return chromadb.PersistentClient(str(folder.data), settings=chromadb.Settings(anonymized_telemetry=False))


def set_aside(client: "ClientAPI", name: str) -> str | None:
    """Rename a collection, whatever its state, and return its new name; None if there is none."""
    from chromadb.errors import NotFoundError

    aside = f"{name}{ASIDE}{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    try:
        client.get_collection(name, embedding_function=None).modify(name=aside)
    except NotFoundError:
        return None
    return aside


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
        return broken(text, doing)
    return StoreUnavailable(
        f"Chroma failed ({doing}: {text}). Check that its server or folder is there and reachable, then try again."
    )


def broken(damage: str, doing: str) -> BrokenCollection:
    return BrokenCollection(
        f"The Chroma collection is damaged ({doing}: {damage}). Rebuild it from the ledger: run"
        " `manage.py rebuild_store`, or call ChromaStore.rebuild(records)."
    )


def has_ended(error: BaseException) -> bool:
    """The server went away while it answered."""
    return any(words in str(error) for words in ("Server disconnected", "Connection reset"))


def is_passing(error: BaseException) -> bool:
    """An index read that raced a write; gone a few milliseconds later."""
    return "Error finding id" in str(error)
