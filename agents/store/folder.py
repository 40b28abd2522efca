"""The folder of an embedded Chroma: one process at a time, fast writes, quick look-ups, vacuum, what a kill tore.

Chroma keeps rows in ``chroma.sqlite3`` and each vector index in a folder of its own beside it. It saves an index in
place, ``index_metadata.pickle`` last (chromadb 1.5.9): one that is older than its neighbours was cut short.

A damaged ``chroma.sqlite3`` is left where it is, and a new one made in a folder ``made-...`` within: a process that
still has the old one open would delete the write-ahead log of a new one of the same name.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from .errors import StoreUnavailable

_FILE = "chroma.sqlite3"
_MADE = "made-"
_UNFILLED = "unfilled"
_SCRIPT = Path(__file__).with_name("database.py")

#: The lock of each folder by the process that took it: a lock does not survive a fork.
_held: dict[tuple[int, Path], int] = {}
_examined: set[tuple[int, Path]] = set()


class Folder:
    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).resolve()
        #: Where Chroma's files are: this folder, or the newest of those that were made within it.
        self.data = self._newest()
        self._inode: int | None = None

    def prepare(self) -> None:
        """Take the folder for this process and tune its database; cheap when that is done already.

        Raises StoreUnavailable if another process has the folder: PersistentClient is not process-safe, two
        of them damage the index without an error (chroma-core/chroma#3769).
        """
        self.hold()
        self._in_a_child("tune")
        self._inode = self._inode_now()

    def damage(self) -> str:
        """What is wrong with Chroma's SQLite file; nothing if it is whole, or was not made yet. 50,000 records: 0.1 s.

        Raises StoreUnavailable if that cannot be told.
        """
        inode = self._inode_now()
        if self._inode not in (None, inode):
            return f"{_FILE} is gone, or another one in its place"
        return self._in_a_child("check", "in use" if self._inode else "new") if inode else ""

    def leave(self) -> None:
        """Go on in an empty folder within this one; until ``vacuum`` it is unfilled, and what was left stays."""
        newest = self._newest()
        if newest == self.data:  # else another store of this process has left it already
            newest = self.path / f"{_MADE}{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
            newest.mkdir(mode=0o700, parents=True)
            (newest / _UNFILLED).touch()
        self.data, self._inode = newest, None

    def is_unfilled(self) -> bool:
        """Whether a damaged one was left for this one, which does not yet hold what was there."""
        return (self.data / _UNFILLED).exists()

    def torn(self) -> Iterator[tuple[str, Path]]:
        """The collections whose index was being saved when a process was killed, each with its index's folder.

        Such an index is not to be tried: what is loaded from it may be garbage that harms nobody until it was saved
        once more. Only what was there before this process is looked at, once: what it saves itself looks torn as well.
        """
        key = (os.getpid(), self.data)
        if key in _examined:
            return
        _examined.add(key)
        for index in self._unfinished():
            if collection := self._in_a_child("owner", index.name).strip():
                yield collection, index

    @contextmanager
    def opening(self, collection: str) -> Iterator[None]:
        """While an index is loaded, which can end the process if it is damaged."""
        mark = self._mark(collection)
        mark.touch()
        try:
            yield
        finally:
            mark.unlink(missing_ok=True)

    def ended_while_opening(self, collection: str) -> bool:
        """Whether a process did not survive ``opening`` this collection; says so once."""
        mark = self._mark(collection)
        ended = mark.exists()
        mark.unlink(missing_ok=True)
        return ended

    def vacuum(self) -> None:
        """Give the freed pages back, so that no byte of a deleted row is left.

        Drops the indexes nobody owns, and all that was left.
        """
        owned = set(self._in_a_child("vacuum").split())
        for folder in [*self.data.iterdir(), *self.path.iterdir()]:
            is_left = folder.name.startswith(_MADE) and folder != self.data
            if is_left or (_is_uuid(folder.name) and folder.name not in owned):
                shutil.rmtree(folder, ignore_errors=True)
        if self.data != self.path:
            for file in self.path.glob(f"{_FILE}*"):
                file.unlink()
        (self.data / _UNFILLED).unlink(missing_ok=True)

    def hold(self) -> None:
        """Take the folder for this process until it ends, before a client is made; a missing one is made."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = (os.getpid(), self.path)
        if key in _held:
            return
        # Never closed: closing any handle of the file would give the lock away.
        handle = os.open(self.path / "one-process.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise StoreUnavailable(
                f"Another process uses the Chroma folder {self.path}. Stop it, or run a Chroma server"
                " (`chroma run --path ...`) and give every process a HttpClient."
            ) from None
        _held[key] = handle

    def _unfinished(self) -> list[Path]:
        indexes = [pickle.parent for pickle in self.data.glob("*/index_metadata.pickle")]
        return [index for index in indexes if _saved_at(index / "index_metadata.pickle") < _newest(index)]

    def _mark(self, collection: str) -> Path:
        return self.data / f"{collection}.opening"

    def _newest(self) -> Path:
        return max(self.path.glob(f"{_MADE}*"), default=self.path)

    def _inode_now(self) -> int | None:
        try:
            return (self.data / _FILE).stat().st_ino
        except FileNotFoundError:
            return None

    def _in_a_child(self, work: str, *arguments: str) -> str:
        """What the script prints. Raises StoreUnavailable if it fails."""
        command = [sys.executable, "-I", "-S", str(_SCRIPT), work, str(self.data / _FILE), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StoreUnavailable(f"Chroma's file {self.data / _FILE} cannot be used ({work}): {done.stderr[-500:]}")
        return done.stdout


def _saved_at(file: Path) -> int:
    return file.stat().st_mtime_ns


def _newest(index: Path) -> int:
    return max(map(_saved_at, index.iterdir()))


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
