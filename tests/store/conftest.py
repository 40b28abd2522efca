"""Chroma, embedded and as a server, for the tests of the store."""

import itertools

import chromadb
import pytest
from chromadb.config import Settings

from bench._chroma import chroma_server

_numbers = itertools.count()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("chroma"))


@pytest.fixture(scope="session")
def client(folder):
    """An embedded client, one a test run as it is one a process."""
    return chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))


@pytest.fixture(scope="session")
def server_client(tmp_path_factory):
    with chroma_server(str(tmp_path_factory.mktemp("chroma-server"))) as port:
        yield chromadb.HttpClient(port=port, settings=Settings(anonymized_telemetry=False))


@pytest.fixture
def name():
    """A collection name nobody has used."""
    return f"test-{next(_numbers)}"
