"""What is erased is gone from ledger and Chroma, and stays gone."""

import pytest

from agents.store import StoreUnavailable
from support_site.memory import services
from support_site.memory.errors import RecordErased
from support_site.memory.models import Record, RecordChange, Scope, StoreEvent, Tombstone

pytestmark = pytest.mark.django_db(transaction=True)

CANARY = "canary-sentence-7f3a"


@pytest.fixture
def filled(store, a, b):
    store.put(a.memories, "m1", {"text": CANARY})
    store.put(a.memories, "m1", {"text": f"{CANARY} again"})
    store.put(a.orders, "#W1", {"version": 1, "status": CANARY})
    store.put(b.memories, "m1", {"text": "bees"})
    return store


def test_an_erased_account_is_gone_from_both_and_refuses_late_writes(filled, chroma, a, b):
    receipt = services.erase_account(filled, a.id, reason="asked by mail")
    assert (receipt.records, receipt.changes, receipt.from_disk) == (2, 3, True)
    assert [record.namespace for record in chroma.scan()] == [b.memories]
    assert not Record.objects.filter(account=a.id).exists()
    assert not RecordChange.objects.filter(after_text__contains=CANARY).exists()
    assert not Scope.objects.filter(account=a.id).exists()
    assert filled.search(a.account) == []
    for late in (a.memories, a.orders):
        with pytest.raises(RecordErased):
            filled.put(late, "late", {"text": "late", "version": 1})
    filled.put(b.memories, "m2", {"text": "bob goes on"})
    assert services.erase_account(filled, a.id, reason="again").records == 0


def test_no_byte_of_an_erased_account_is_left_in_chromas_files(filled, a, tmp_path):
    assert services.erase_account(filled, a.id, reason="asked").from_disk
    for file in (tmp_path / "chroma").rglob("*"):
        if file.is_file():
            assert CANARY.encode() not in file.read_bytes(), file


def test_an_erased_record_is_gone_with_its_history_and_its_key_refuses_late_writes(filled, a):
    record = Record.objects.get(account=a.id, kind="memories")
    assert services.erase_records(filled, [record], reason="wrong person").records == 1
    assert filled.get(a.memories, "m1") is None
    assert filled.get(a.orders, "#W1") is not None
    with pytest.raises(RecordErased):
        filled.put(a.memories, "m1", {"text": "late"})
    filled.put(a.memories, "m2", {"text": "another"})
    assert CANARY not in str(list(Tombstone.objects.values()) + list(StoreEvent.objects.values()))


def test_one_erased_record_makes_a_whole_batch_fail(filled, a):
    from langgraph.store.base import PutOp

    services.erase_records(filled, [Record.objects.get(account=a.id, kind="memories")], reason="x")
    with pytest.raises(RecordErased):
        filled.batch([PutOp(a.memories, "m3", {"text": "x"}), PutOp(a.memories, "m1", {"text": "late"})])
    assert filled.get(a.memories, "m3") is None


def test_an_erasure_that_chroma_could_not_follow_hides_everything_and_can_be_repeated(filled, chroma, a):
    chroma.fails = "before"
    with pytest.raises(StoreUnavailable):
        services.erase_account(filled, a.id, reason="asked")
    chroma.fails = ""
    assert filled.search(a.account) == []
    assert CANARY not in str(list(Record.objects.values()))
    with pytest.raises(RecordErased):
        filled.put(a.memories, "late", {"text": "late"})
    assert services.erase_account(filled, a.id, reason="asked").records == 2
    assert services.check(filled).count == 0


def test_a_write_that_was_on_its_way_to_chroma_while_the_account_was_erased_leaves_nothing(store, chroma, a):
    chroma.meanwhile = lambda: services.erase_account(store, a.id, reason="asked")
    store.put(a.memories, "m1", {"text": CANARY})
    assert list(chroma.scan()) == []


def test_an_account_with_records_cannot_be_deleted_past_the_erasure(filled, alice, a):
    from django.db.models import ProtectedError

    with pytest.raises(ProtectedError):
        alice.account.delete()
    services.erase_account(filled, a.id, reason="asked")
    alice.account.delete()
