"""Where threads are kept: LangGraph's own savers, opened with care.

Opened here, a saver reads nothing from its rows but plain messages and plain data: a row somebody tampered with
stays inert (LangGraph's default would build any importable object out of it).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    from agents.sqlite_checkpoints import OneThreadSqliteSaver


POSTGRES = ("postgres://", "postgresql://")
#: In PostgreSQL the saver's tables live in a schema of their own, beside the site's.
SCHEMA = "agent"
_BUSY_SECONDS = 20

#: Deleted rows are overwritten with zeros, so that what was erased is not left in the file.
_SQLITE = f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}; PRAGMA secure_delete = ON; PRAGMA synchronous = NORMAL;"


@asynccontextmanager
async def open_checkpointer(place: str | Path, *, pool_size: int = 4) -> AsyncIterator[BaseCheckpointSaver]:
    """A saver for ``place``: a ``postgresql://`` address, or the path of an SQLite file. Belongs to this event loop.

    The tables must exist (``set_up_checkpoints``); SQLite makes its own.
    """
    if str(place).startswith(POSTGRES):
        async with _open_postgres(str(place), pool_size) as saver:
            yield saver
    else:
        async with _open_sqlite(Path(place)) as saver:
            yield saver


async def set_up_checkpoints(place: str | Path) -> None:
    """Make or upgrade the saver's tables; for the command that migrates, never for a request."""
    if not str(place).startswith(POSTGRES):
        async with _open_sqlite(Path(place)):
            return
    from psycopg import AsyncConnection

    async with await AsyncConnection.connect(str(place), autocommit=True) as connection:
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    async with _open_postgres(str(place), 1) as saver:
        await saver.setup()


async def prune_thread(saver: BaseCheckpointSaver, thread_id: str) -> None:
    """Keep the latest checkpoint of an idle thread only: every step of every turn leaves one with the whole state.

    The caller sees to it that nothing is unfinished: results of finished parallel tools lie in older writes.
    """
    from langgraph.checkpoint.memory import InMemorySaver

    if not isinstance(saver, InMemorySaver):
        await saver.aprune([thread_id], strategy="keep_latest")


async def has_thread(saver: BaseCheckpointSaver, thread_id: str) -> bool:
    """Whether anything is kept of the thread."""
    return await saver.aget_tuple({"configurable": {"thread_id": thread_id}}) is not None


async def leave_no_traces(saver: BaseCheckpointSaver) -> None:
    """Make an SQLite file anew: ``secure_delete`` misses copies in pages that SQLite rearranged, and the write-ahead
    log still has old ones. Writers wait meanwhile. Nothing to do elsewhere."""
    from agents.sqlite_checkpoints import OneThreadSqliteSaver

    if isinstance(saver, OneThreadSqliteSaver):
        await saver.avacuum()


def strict_serializer() -> JsonPlusSerializer:
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    return JsonPlusSerializer(allowed_msgpack_modules=None)


@asynccontextmanager
async def _open_sqlite(path: Path) -> AsyncIterator[BaseCheckpointSaver]:
    saver = await asyncio.to_thread(_sqlite_saver, path)
    try:
        yield saver
    finally:
        saver.close()


def _sqlite_saver(path: Path) -> OneThreadSqliteSaver:
    from agents.sqlite_checkpoints import OneThreadSqliteSaver

    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)
    connection.executescript(_SQLITE)
    saver = OneThreadSqliteSaver(connection, serde=strict_serializer())
    saver.setup()
    return saver


@asynccontextmanager
async def _open_postgres(address: str, pool_size: int) -> AsyncIterator[AsyncPostgresSaver]:
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg import AsyncConnection
    from psycopg.rows import dict_row
    from psycopg_pool import AsyncConnectionPool

    options = f"-c search_path={SCHEMA}"
    settings = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row, "options": options}
    pool: AsyncConnectionPool[AsyncConnection[dict[str, Any]]] = AsyncConnectionPool(
        address,
        min_size=1,
        max_size=pool_size,
        kwargs=settings,
        open=False,
        # Connections to a server that was restarted meanwhile are dead; each would cost a turn an attempt.
        check=AsyncConnectionPool.check_connection,
    )
    async with pool:
        yield AsyncPostgresSaver(pool, serde=strict_serializer())
