"""A LedgerStore is a store like any other: the contract of all stores, with walls and versions off."""

import uuid
from typing import ClassVar

import chromadb
import pytest

from agents.store import ChromaStore
from support_site.memory.ledger import LedgerStore
from support_site.memory.models import Record, Scope
from tests.store.contract import ExpiringStoreContract


@pytest.mark.django_db(transaction=True)
class TestLedgerStore(ExpiringStoreContract):
    differs: ClassVar = {
        "test_reading_an_expired_record_does_not_wake_it": "it is deleted at the look, so a sweep has nothing to count",
        "test_the_sweeper_removes_by_itself_until_it_is_stopped": "Celery beat sweeps the site's store",
        "test_cancelling_its_future_stops_the_sweeper": "Celery beat sweeps the site's store",
        "test_without_a_config_there_is_nothing_to_sweep": "Celery beat sweeps the site's store",
    }

    @pytest.fixture
    def opened(self, transactional_db):
        client = chromadb.EphemeralClient(chromadb.Settings(anonymized_telemetry=False))

        def store(index=None, ttl=None):
            Record.objects.all().delete()
            Scope.objects.all().delete()
            chroma = ChromaStore(client, index=index, collection=f"ledger-{uuid.uuid4().hex}")
            return LedgerStore(lambda: chroma, ttl=ttl, walled=False, versioned_kinds=())

        return store
