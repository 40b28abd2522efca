"""LangGraph's SQLite saver for coroutines. Imports LangGraph's savers: only where one is opened."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.sqlite import SqliteSaver

T = TypeVar("T")

_NOT_LATEST = """
    DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id <> (
        SELECT MAX(checkpoint_id) FROM checkpoints AS latest
        WHERE latest.thread_id = {table}.thread_id AND latest.checkpoint_ns = {table}.checkpoint_ns)
"""


class OneThreadSqliteSaver(SqliteSaver):
    """LangGraph's SqliteSaver, each verb as a whole on one thread of its own.

    LangGraph's AsyncSqliteSaver goes to its thread and back for every statement and every commit, some forty times a
    turn, and each of these wakes the loop. The file is the same for both.
    """

    def __init__(self, connection: sqlite3.Connection, *, serde: SerializerProtocol) -> None:
        """``connection`` may be used from any thread (``check_same_thread=False``)."""
        super().__init__(connection, serde=serde)
        self._thread = ThreadPoolExecutor(1, "checkpoints")

    def close(self) -> None:
        """Wait for what has begun, then close the connection."""
        self._thread.shutdown()
        self.conn.close()

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return await self._on_thread(self.get_tuple, config)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        wanted = partial(self.list, config, filter=filter, before=before, limit=limit)
        for found in await self._on_thread(lambda: [*wanted()]):
            yield found

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        return await self._on_thread(self.put, config, checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        await self._on_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        await self._on_thread(self.delete_thread, thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Drop all but the latest checkpoint of each thread. No other strategy: raises ValueError."""
        if strategy != "keep_latest":
            raise ValueError(f"not a way to prune: {strategy}")
        await self._on_thread(self._keep_latest, thread_ids)

    async def avacuum(self) -> None:
        """Make the file anew: what was deleted is in no page and no log of it. Writers wait meanwhile."""
        await self._on_thread(self._vacuum)

    async def _on_thread(self, verb: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, verb, *args)

    def _keep_latest(self, thread_ids: Sequence[str]) -> None:
        with self.cursor() as cursor:
            for table in ("writes", "checkpoints"):  # writes first: they ask the checkpoints which is the latest
                cursor.executemany(_NOT_LATEST.format(table=table), [(thread_id,) for thread_id in thread_ids])

    def _vacuum(self) -> None:
        with self.cursor() as cursor:
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
