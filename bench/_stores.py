"""The stores that are measured side by side, opened on fresh data."""

import importlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import chromadb
from chromadb.config import Settings
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore

from agents.embeddings import LexicalEmbeddings
from agents.store import HYBRID, ChromaStore
from bench._chroma import chroma_server, tune
from bench._site import embedded_settings

POSTGRES = "BENCH_POSTGRES"
Opener = Callable[[str, Any], AbstractContextManager[BaseStore]]


def index() -> dict[str, Any]:
    embedder = LexicalEmbeddings()
    return {"embed": embedder, "dims": embedder.dims, "fields": ["text"]}


@contextmanager
def _memory(_folder: str, config: Any) -> Iterator[BaseStore]:
    yield InMemoryStore(index=config)


@contextmanager
def _embedded(folder: str, config: Any) -> Iterator[BaseStore]:
    settings = Settings(anonymized_telemetry=False)
    yield ChromaStore(lambda: chromadb.PersistentClient(folder, settings=settings), index=config, ranking=HYBRID)


@contextmanager
def _server(folder: str, config: Any) -> Iterator[BaseStore]:
    with chroma_server(folder) as port:
        tune(folder)
        settings = Settings(anonymized_telemetry=False)
        yield ChromaStore(lambda: chromadb.HttpClient(port=port, settings=settings), index=config, ranking=HYBRID)


@contextmanager
def _ledger(folder: str, config: Any) -> Iterator[BaseStore]:
    """The site's own store: every write in SQLite first, then in an embedded Chroma."""
    with _site_database(folder), _embedded(folder, config) as chroma:
        from support_site.memory.ledger import LedgerStore

        yield LedgerStore(lambda: chroma, walled=False)


@contextmanager
def _site_database(folder: str) -> Iterator[None]:
    """Django on an empty SQLite database in the folder."""
    import django

    os.environ |= {**embedded_settings(folder), "DJANGO_SETTINGS_MODULE": "support_site.settings"}
    django.setup()
    from django.core.management import call_command
    from django.db import connection, connections

    connections.databases["default"]["NAME"] = f"{folder}/db.sqlite3"
    connection.close()
    del connections["default"]
    call_command("migrate", verbosity=0)
    yield
    connection.close()


@contextmanager
def _sqlite(folder: str, config: Any) -> Iterator[BaseStore]:
    from langgraph.store.sqlite import SqliteStore

    with SqliteStore.from_conn_string(f"{folder}/store.sqlite", index=config) as store:
        store.setup()
        yield store


@contextmanager
def _postgres(_folder: str, config: Any) -> Iterator[BaseStore]:
    from langgraph.store.postgres import PostgresStore

    with _postgres_database() as address, PostgresStore.from_conn_string(address, index=config) as store:
        store.setup()
        yield store


@contextmanager
def _postgres_database() -> Iterator[str]:
    """The address of an empty database beside the one that is named, for as long as it is needed."""
    import psycopg
    from psycopg.conninfo import make_conninfo

    name = f"bench_{os.getpid()}"
    with psycopg.connect(os.environ[POSTGRES], autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield make_conninfo(os.environ[POSTGRES], dbname=name)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


STORES: dict[str, Opener] = {
    "InMemoryStore": _memory,
    "SqliteStore": _sqlite,
    "PostgresStore": _postgres,
    "ChromaStore embedded": _embedded,
    "ChromaStore server": _server,
    "LedgerStore embedded": _ledger,
}


def missing(name: str) -> str | None:
    """Why a store cannot be measured here, or None if it can."""
    if name == "PostgresStore" and not os.environ.get(POSTGRES):
        return f"{POSTGRES} names no PostgreSQL database with pgvector"
    if name == "SqliteStore":
        if not hasattr(sqlite3.Connection, "enable_load_extension"):
            return "this Python's sqlite3 loads no extensions"
        try:
            importlib.import_module("sqlite_vec")
        except ImportError:
            return "sqlite-vec is not installed"
    return None
