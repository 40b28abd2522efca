"""A pytest plugin that puts ChromaStore in the place of LangGraph's own stores, before its unchanged tests import them.

Those tests reach for a few things that belong to a database and not to the interface: connecting, migrations,
and SQL that dates a row back. They are answered here.
"""

import json
import re
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

import chromadb
import langgraph.store.memory
import langgraph.store.postgres
import langgraph.store.sqlite
import langgraph.store.sqlite.aio
import psycopg
from chromadb.config import Settings
from langgraph.store.base.batch import AsyncBatchedBaseStore

from agents.store import ChromaStore
from agents.store.encoding import BODY, EXPIRES

_client = chromadb.EphemeralClient(settings=Settings(anonymized_telemetry=False))


def _collection(place: str) -> str:
    """One collection a database file or address; one of its own for each store in memory."""
    return f"c{uuid.uuid4().hex if place == ':memory:' else uuid.uuid5(uuid.NAMESPACE_URL, place).hex}"


class InMemoryStore(ChromaStore):
    def __init__(self, *, index=None):
        super().__init__(_client, index=index, collection=_collection(":memory:"))


class SqlStore(ChromaStore):
    MIGRATIONS = ()

    @classmethod
    @contextmanager
    def from_conn_string(cls, place, *, index=None, ttl=None, **_ignored) -> Iterator["SqlStore"]:
        store = cls(_client, index=index, ttl=ttl, collection=_collection(place))
        yield store
        store.stop_ttl_sweeper()

    def setup(self) -> None:
        pass

    @contextmanager
    def _cursor(self) -> Iterator["Cursor"]:
        yield Cursor(self)


class AsyncSqlStore(AsyncBatchedBaseStore):
    """As AsyncPostgresStore: bound to its loop, gathers the operations of a tick, refuses sync calls on the loop."""

    MIGRATIONS = ()
    supports_ttl = True

    def __init__(self, store: ChromaStore) -> None:
        super().__init__()
        self._store = store
        self.ttl_config = store.ttl_config
        self.index_config = store.index_config

    @classmethod
    @asynccontextmanager
    async def from_conn_string(cls, place, *, index=None, ttl=None, **_ignored) -> AsyncIterator["AsyncSqlStore"]:
        store = cls(ChromaStore(_client, index=index, ttl=ttl, collection=_collection(place)))
        yield store
        store._store.stop_ttl_sweeper()

    async def setup(self) -> None:
        pass

    async def abatch(self, ops):
        return await self._store.abatch(ops)

    async def sweep_ttl(self) -> int:
        return self._store.sweep_ttl()

    async def start_ttl_sweeper(self, interval=None):
        return self._store.start_ttl_sweeper(interval)

    async def stop_ttl_sweeper(self, *seconds) -> bool:
        return self._store.stop_ttl_sweeper(*seconds)

    @asynccontextmanager
    async def _cursor(self) -> AsyncIterator["AsyncCursor"]:
        yield AsyncCursor(Cursor(self._store))


class Cursor:
    """Knows the four statements that the tests send."""

    def __init__(self, store: ChromaStore) -> None:
        self._store = store
        self._row = None

    def execute(self, statement: str, parameters=()) -> None:
        if statement.startswith("DROP TABLE"):
            return
        *extra, prefix, key = parameters
        row_id = f"{prefix}..{key}"
        records = self._store._records
        if statement.startswith("UPDATE store SET expires_at"):
            records.update([row_id], [{EXPIRES: time.time() - 60}])
        elif statement.startswith("UPDATE store SET updated_at"):
            body = json.loads(records.fetch([row_id])[row_id].body)
            body["u"] = int((time.time() - extra[0]) * 1e6)
            records.update([row_id], [{BODY: json.dumps(body)}])
        elif re.match("SELECT (COUNT|expires_at)", statement):
            entry = records.fetch([row_id]).get(row_id)
            expires = entry.expires if entry else None
            self._row = {
                "n": int(entry is not None),
                "expires_at": datetime.fromtimestamp(expires, UTC) if expires else None,
            }
        else:
            raise NotImplementedError(statement)

    def fetchone(self):
        return self._row


class AsyncCursor:
    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    async def execute(self, statement: str, parameters=()) -> None:
        self._cursor.execute(statement, parameters)

    async def fetchone(self):
        return self._cursor.fetchone()


class Connection:
    """Stands for the database server on which the tests create a database for each store."""

    @classmethod
    @contextmanager
    def connect(cls, *_address, **_options) -> Iterator["Connection"]:
        yield cls()

    def execute(self, _statement: str) -> None:
        pass


class AsyncConnection:
    def __class_getitem__(cls, _row: type) -> type:
        return cls

    @classmethod
    async def connect(cls, *_address, **_options) -> "AsyncConnection":
        return cls()

    async def __aenter__(self) -> "AsyncConnection":
        return self

    async def __aexit__(self, *_error) -> None:
        pass

    async def execute(self, _statement: str) -> None:
        pass


langgraph.store.memory.InMemoryStore = InMemoryStore
for module in (langgraph.store.sqlite, langgraph.store.sqlite.aio):
    module.AsyncSqliteStore = AsyncSqlStore
langgraph.store.sqlite.SqliteStore = SqlStore
langgraph.store.postgres.PostgresStore = SqlStore
langgraph.store.postgres.AsyncPostgresStore = AsyncSqlStore
psycopg.Connection = Connection
psycopg.AsyncConnection = AsyncConnection
