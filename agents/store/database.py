"""What is done to Chroma's SQLite file itself, as a script: ``python database.py tune|check|vacuum|owner FILE``.

Run in a process of its own, because Chroma has an SQLite of its own inside this one. A second SQLite in a process
does not see the first one's locks and drops them when it closes the file; the last to close then deletes the
write-ahead log under the other, and what that writes from then on is lost (sqlite.org/howtocorrupt.html, 2.2.1).
"""

import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing

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

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def tune(database: sqlite3.Connection) -> None:
    """Write-ahead log and statistics; changes nothing the second time."""
    database.execute("PRAGMA journal_mode=WAL")  # halves the cost of a put; stays set in the file
    if _is_tuned(database):
        return
    database.execute("BEGIN IMMEDIATE")
    database.execute("ANALYZE")
    database.executemany("DELETE FROM sqlite_stat1 WHERE tbl = ? AND idx = ?", [row[:2] for row in _STATISTICS])
    database.executemany("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", _STATISTICS)
    # Chroma's own connections are open already; a changed schema makes them read the statistics.
    database.execute("CREATE TABLE statistics_changed (at INTEGER)")
    database.execute("DROP TABLE statistics_changed")
    database.execute("COMMIT")


def check(database: sqlite3.Connection, state: str) -> None:
    """Print what is wrong with the file, nothing if it is whole. One that is "in use" has Chroma's tables."""
    try:
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
        made = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'collections'").fetchone()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in _DAMAGED:
            raise
        found = str(error)
    else:
        found = "its tables are gone" if state == "in use" and not made else found
    if found != "ok":
        sys.stdout.write(found.splitlines()[-1])


def vacuum(database: sqlite3.Connection) -> None:
    """Give freed pages back; prints the ids of the segments that are somebody's, one a line."""
    database.execute("VACUUM")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for (segment,) in database.execute("SELECT id FROM segments"):
        sys.stdout.write(f"{segment}\n")


def owner(database: sqlite3.Connection, segment: str) -> None:
    """Print the name of the collection that a segment (so its index's folder is named) belongs to."""
    query = "SELECT c.name FROM segments AS s JOIN collections AS c ON c.id = s.collection WHERE s.id = ?"
    for (name,) in database.execute(query, [segment]):
        sys.stdout.write(f"{name}\n")


def _is_tuned(database: sqlite3.Connection) -> bool:
    try:
        return bool(database.execute("SELECT 1 FROM sqlite_stat1 WHERE tbl = 'embedding_metadata'").fetchone())
    except sqlite3.OperationalError:  # no such table: nobody ever analyzed
        return False


if __name__ == "__main__":
    work, file, *arguments = sys.argv[1:]
    with closing(sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)) as chroma:
        works: dict[str, Callable[..., None]] = {"tune": tune, "check": check, "vacuum": vacuum, "owner": owner}
        works[work](chroma, *arguments)
