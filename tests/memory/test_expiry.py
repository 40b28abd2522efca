"""Records with a time to live."""

from datetime import timedelta

import pytest
from django.utils import timezone

from support_site.memory.ledger import LedgerStore
from support_site.memory.models import Record, RecordChange
from support_site.memory.stores import TTL

pytestmark = pytest.mark.django_db


def expire(key):
    Record.objects.filter(key_text=key).update(expires_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def store(chroma):
    return LedgerStore(lambda: chroma, ttl=TTL)


def test_what_has_expired_is_not_read_and_is_deleted_on_record(store, a):
    store.put(a.memories, "short", {"text": "tea"}, ttl=1)
    store.put(a.memories, "long", {"text": "coffee"})
    assert len(store.search(a.account)) == 2
    expire("short")
    assert store.get(a.memories, "short") is None
    assert [item.key for item in store.search(a.account, query="tea")] == ["long"]
    newest = RecordChange.objects.first()
    assert (newest.kind, newest.actor, newest.reason) == ("deleted", "system", "expired")


def test_a_sweep_deletes_what_has_expired_and_nothing_else(store, a, b):
    store.put(a.memories, "short", {"text": "tea"}, ttl=1)
    store.put(a.memories, "long", {"text": "tea"}, ttl=100)
    store.put(b.memories, "short", {"text": "tea"}, ttl=1)
    expire("short")
    assert store.sweep_ttl() == 2
    assert store.sweep_ttl() == 0
    assert [item.key for item in store.over_all_accounts().search(("accounts",))] == ["long"]


@pytest.mark.django_db(transaction=True)
def test_reading_prolongs_only_where_the_store_is_told_to(store, chroma, a):
    store.put(a.memories, "m", {"text": "tea"}, ttl=10)
    first = Record.objects.get().expires_at
    store.get(a.memories, "m")
    assert Record.objects.get().expires_at == first
    prolonging = LedgerStore(lambda: chroma, ttl={"refresh_on_read": True})
    prolonging.get(a.memories, "m")
    assert first < Record.objects.get().expires_at
    (kept,) = chroma.scan()
    assert kept.expires_at == Record.objects.get().expires_at


def test_writing_again_lets_the_time_start_anew_and_none_ends_it(store, a):
    store.put(a.memories, "m", {"text": "tea"}, ttl=10)
    first = Record.objects.get().expires_at
    store.put(a.memories, "m", {"text": "tea"}, ttl=10)
    assert Record.objects.get().expires_at > first
    store.put(a.memories, "m", {"text": "tea"})
    assert Record.objects.get().expires_at is None
