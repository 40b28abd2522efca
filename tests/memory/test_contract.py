"""A LedgerStore is a store like any other: the contract of all stores, with walls and versions off."""

import uuid
from typing import ClassVar

import chromadb
import pytest

from agents.store import ChromaStore
from bench._chroma import chroma_server
from support_site.memory.ledger import LedgerStore
from support_site.memory.models import Record, Scope
from tests.store.contract import ExpiringStoreContract


class LedgerContract(ExpiringStoreContract):
    differs: ClassVar = {
        "test_reading_an_expired_record_does_not_wake_it": "it is deleted at the look, so a sweep has nothing to count",
        "test_the_sweeper_removes_by_itself_until_it_is_stopped": "Celery beat sweeps the site's store",
        "test_cancelling_its_future_stops_the_sweeper": "Celery beat sweeps the site's store",
        "test_without_a_config_there_is_nothing_to_sweep": "Celery beat sweeps the site's store",
    }

    @pytest.fixture
    def opened(self, transactional_db, its_client):
        def store(index=None, ttl=None):
            Record.objects.all().delete()
            Scope.objects.all().delete()
            chroma = ChromaStore(its_client, index=index, collection=f"ledger-{uuid.uuid4().hex}")
            return LedgerStore(lambda: chroma, ttl=ttl, walled=False, versioned_kinds=())

        return store


@pytest.mark.django_db(transaction=True)
class TestLedgerStore(LedgerContract):
    @pytest.fixture
    def its_client(self):
        return chromadb.EphemeralClient(chromadb.Settings(anonymized_telemetry=False))


@pytest.fixture(scope="module")
def server_client(tmp_path_factory):
    with chroma_server(str(tmp_path_factory.mktemp("chroma-server"))) as port:
        client = chromadb.HttpClient(port=port, settings=chromadb.Settings(anonymized_telemetry=False))
        yield client
        client._server._session.close()  # else left to the garbage collector, which warns


@pytest.mark.service
@pytest.mark.django_db(transaction=True)
class TestLedgerStoreOnAServer(LedgerContract):
    @pytest.fixture
    def its_client(self, server_client):
        return server_client
