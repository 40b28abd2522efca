"""The folder of an embedded Chroma: one process at a time, fast writes, quick look-ups, vacuum.

Chroma keeps rows in ``chroma.sqlite3`` and each vector index in a folder of its own beside it.
"""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO
from uuid import UUID

from .errors import StoreUnavailable

_FILE = "chroma.sqlite3"
_WAIT_SECONDS = 20.0

#: What SQLite's planner is told of Chroma's tables, as if ANALYZE had seen many records in few collections
#: (sqlite.org/optoverview.html: an application may write sqlite_stat1). Without it every look-up by metadata
#: walks the whole collection: 14 ms instead of 4 for an account's 50 records among 50,000.
_STATISTICS = (
    ("embeddings", "sqlite_autoindex_embeddings_1", "1000000 500000 1"),
    ("embedding_metadata", "sqlite_autoindex_embedding_metadata_1", "4000000 4 1"),
    ("embedding_metadata", "embedding_metadata_string_value", "4000000 1000000 50"),
    ("embedding_metadata", "embedding_metadata_float_value", "10000 10000 2"),
)

_held: dict[tuple[int, Path], IO[str]] = {}


class Folder:
    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).resolve()

    def prepare(self) -> None:
        """Take the folder for this process and tune its database; cheap when that is done already.

        Raises StoreUnavailable if another process has the folder: PersistentClient is not process-safe, two
        of them damage the index without an error (chroma-core/chroma#3769).
        """
        self._hold()
        with self._database() as database:
            database.execute("PRAGMA journal_mode=WAL")  # halves the cost of a put; stays set in the file
            if not _is_tuned(database):
                _tune(database)

    def vacuum(self) -> None:
        """Give the freed pages back, so that no byte of a deleted row is left, and drop indexes nobody owns."""
        with self._database() as database:
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            owned = {row[0] for row in database.execute("SELECT id FROM segments")}
        for folder in self.path.iterdir():
            if folder.is_dir() and _is_uuid(folder.name) and folder.name not in owned:
                shutil.rmtree(folder, ignore_errors=True)

    def _hold(self) -> None:
        key = (os.getpid(), self.path)
        if key in _held:
            return
        file = (self.path / "one-process.lock").open("w")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise StoreUnavailable(
                f"Another process uses the Chroma folder {self.path}. Stop it, or run a Chroma server"
                " (`chroma run --path ...`) and give every process a HttpClient."
            ) from None
        _held[key] = file

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path / _FILE, timeout=_WAIT_SECONDS, isolation_level=None)) as database:
            yield database


def _is_tuned(database: sqlite3.Connection) -> bool:
    try:
        return bool(database.execute("SELECT 1 FROM sqlite_stat1 WHERE tbl = 'embedding_metadata'").fetchone())
    except sqlite3.OperationalError:  # no such table: nobody ever analyzed
        return False


def _tune(database: sqlite3.Connection) -> None:
    database.execute("BEGIN IMMEDIATE")
    database.execute("ANALYZE")
    database.executemany("DELETE FROM sqlite_stat1 WHERE tbl = ? AND idx = ?", [row[:2] for row in _STATISTICS])
    database.executemany("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", _STATISTICS)
    # Chroma's own connections are open already; a changed schema makes them read the statistics.
    database.execute("CREATE TABLE statistics_changed (at INTEGER)")
    database.execute("DROP TABLE statistics_changed")
    database.execute("COMMIT")


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
