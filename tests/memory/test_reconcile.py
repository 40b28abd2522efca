"""Whatever fails between SQL and Chroma, both agree in the end and no acknowledged write is gone."""

from dataclasses import replace

import pytest
from django.db import transaction
from langgraph.store.base import PutOp

from agents.store import ChromaStore, StoreUnavailable, WrongEmbedder
from support_site.memory import services, tasks
from support_site.memory.ledger import LedgerStore
from support_site.memory.models import Record, StoreEvent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("step", ["before", "after"])
def test_a_write_that_chroma_refused_is_kept_and_applied_before_the_next_read(store, chroma, a, step):
    store.put(a.memories, "m1", {"text": "one"})
    chroma.fails = step
    store.put(a.memories, "m1", {"text": "two"})
    store.put(a.memories, "m2", {"text": "new"})
    store.delete(a.memories, "m2")
    assert store.pending_count() == 2
    with pytest.raises(StoreUnavailable):
        store.get(a.memories, "m1")
    chroma.fails = ""
    assert store.get(a.memories, "m1").value == {"text": "two"}
    assert store.get(a.memories, "m2") is None
    assert store.pending_count() == 0
    assert services.check(store).count == 0


def test_reconcile_tells_chroma_everything_it_missed(store, chroma, a, b):
    chroma.fails = "before"
    for number in range(5):
        store.put(a.memories, f"m{number}", {"text": f"number {number}"})
        store.put(b.memories, f"m{number}", {"text": f"number {number}"})
    chroma.fails = ""
    done = []
    assert store.reconcile(progress=done.append) == sum(done) == 10
    assert store.reconcile() == 0
    assert services.check(store).checked == 10


def test_the_task_reports_an_unreachable_chroma_and_goes_on(monkeypatch, store, chroma, a, caplog):
    monkeypatch.setattr(tasks, "site_store", lambda: store)
    chroma.fails = "before"
    store.put(a.memories, "m1", {"text": "one"})
    assert tasks.reconcile() == 0
    assert "1 records wait for Chroma" in caplog.text
    assert "one" not in caplog.text
    chroma.fails = ""
    assert tasks.reconcile() == 1
    assert tasks.reconcile() == 0


def test_a_write_that_was_rolled_back_is_read_by_nobody(store, a):
    store.put(a.memories, "m1", {"text": "one"})
    with transaction.atomic():
        store.put(a.memories, "m1", {"text": "two"})
        store.put(a.memories, "m2", {"text": "two"})
        # A read inside the transaction sees its writes, and Chroma was told of them.
        assert {item.value["text"] for item in store.search(a.account)} == {"two"}
        transaction.set_rollback(True)
    assert [item.value["text"] for item in store.search(a.account)] == ["one"]
    assert store.get(a.memories, "m2") is None
    assert services.check(store).count == 0


def test_what_was_embedded_while_chroma_was_down_is_not_embedded_again(store, chroma, a, letters):
    chroma.fails = "before"
    store.put(a.memories, "m1", {"text": "one"})
    asked = letters.asked
    with pytest.raises(StoreUnavailable):
        store.reconcile()
    chroma.fails = ""
    assert store.reconcile() == 1
    assert letters.asked == asked


@pytest.mark.parametrize("refusing", ["chroma", "embedder"])
def test_a_record_that_is_refused_for_ever_holds_nobody_else_up(store, chroma, a, b, letters, caplog, refusing):
    store.put(a.memories, "m1", {"text": "one"})
    store.put(a.memories, "poison", {"text": "harmless"})
    {"chroma": chroma, "embedder": letters}[refusing].refuses = "poison"
    store.batch([PutOp(a.memories, key, {"text": f"{key} anew"}) for key in ("m1", "poison", "m2")])
    store.put(b.memories, "m1", {"text": "of another account"})
    assert {item.key: item.value["text"] for item in store.search(a.account)} == {"m1": "m1 anew", "m2": "m2 anew"}
    assert store.get(a.memories, "poison") is None  # rather than what it said before
    assert store.get(b.memories, "m1").value == {"text": "of another account"}
    assert store.over_all_accounts().search(("accounts",), limit=5)
    assert store.reconcile() == 0
    (event,) = StoreEvent.objects.all()
    (card,) = Record.objects.pending()
    assert (event.kind, card.key, card.value) == ("refused", "poison", {"text": "poison anew"})
    assert f"Record {card.pk}" in event.text
    assert f"Record {card.pk}" in caplog.text
    assert services.check(store).count == 0
    chroma.refuses = letters.refuses = None
    assert store.search(a.account, filter={"text": "poison anew"})[0].key == "poison"
    assert store.pending_count() == 0


def test_a_store_that_takes_nothing_refuses_no_single_record(store, chroma, a):
    chroma.fails = "after"  # it is read as before
    store.put(a.memories, "m1", {"text": "one"})
    with pytest.raises(StoreUnavailable):
        store.get(a.memories, "m1")
    assert not StoreEvent.objects.exists()


def test_an_older_value_that_overtook_a_newer_one_is_put_right(store, chroma, a):
    store.put(a.memories, "m1", {"text": "old"})
    (stale,) = chroma.scan()
    store.put(a.memories, "m1", {"text": "new"})
    chroma.apply([stale])
    assert store.get(a.memories, "m1").value == {"text": "new"}
    chroma.apply([stale])
    assert services.check(store).different == [(a.memories, "m1")]
    assert store.search(a.account)[0].value == {"text": "new"}
    assert services.check(store).count == 0


def test_a_write_during_the_write_to_chroma_is_not_lost(store, chroma, a):
    """Between our look at the card and our write to Chroma another process keeps a newer value."""
    chroma.meanwhile = lambda: store.put(a.memories, "m1", {"text": "newer"})
    store.put(a.memories, "m1", {"text": "older"})
    assert [record.value for record in chroma.scan()] == [{"text": "newer"}]
    assert store.pending_count() == 0


def test_a_chroma_that_lost_everything_is_filled_again_without_the_embedder(store, chroma, a, letters):
    store.put(a.memories, "m1", {"text": "tea"})
    store.put(a.memories, "m2", {"text": "bees"})
    chroma.rebuild([])
    asked = letters.asked
    assert len(store.over_all_accounts().search(("accounts",), limit=5)) == 2  # where no account's cards are compared
    assert {item.key for item in store.search(a.account)} == {"m1", "m2"}
    assert letters.asked == asked
    assert list(StoreEvent.objects.values_list("text", flat=True))[1] == "Chroma came up empty."


def test_rows_the_ledger_does_not_know_are_not_answered_and_go(store, chroma, a, b):
    store.put(a.memories, "m1", {"text": "tea"})
    (record,) = chroma.scan()
    chroma.apply([replace(record, namespace=b.memories), replace(record, key="ghost")])
    findings = services.check(store)
    assert findings.foreign == [(b.memories, "m1")]
    assert findings.orphans == [(a.memories, "ghost")]
    assert store.get(b.memories, "m1") is None
    assert [item.key for item in store.search(a.account)] == ["m1"]
    assert services.repair(store, services.check(store)) == 1
    assert services.check(store).count == 0


def test_check_finds_and_mends_every_kind_of_damage(store, chroma, a):
    store.batch([PutOp(a.memories, f"m{n}", {"text": f"memory number {n}"}) for n in range(100)])
    records = {record.key: record for record in chroma.scan()}
    chroma.apply(
        [
            replace(records["m1"], value={"text": "forged"}),
            replace(records["m2"], vectors=records["m2"].vectors * -1),
            replace(records["m3"], key="orphan"),
        ],
        [(a.memories, "m4"), (a.memories, "m5")],
    )
    findings = services.check(store)
    assert (len(findings.different), len(findings.missing), len(findings.orphans)) == (2, 2, 1)
    assert services.repair(store, findings) == 5
    assert services.check(store).count == 0
    assert store.get(a.memories, "m1").value == {"text": "memory number 1"}


def test_rebuild_and_reindex_keep_every_value(store, chroma, a, letters):
    store.put(a.memories, "m1", {"text": "tea"}, index=["text"])
    store.put(a.memories, "m2", {"text": "hidden"}, index=False)
    asked = letters.asked
    assert services.rebuild_store(store) == 2
    assert letters.asked == asked
    assert services.check(store).count == 0
    assert services.reindex(store) == 2
    assert letters.asked > asked
    assert services.check(store).count == 0
    assert [(i.key, i.score is None) for i in store.search(a.account, query="tea")] == [("m1", False), ("m2", True)]


def test_another_embedder_is_refused_until_the_store_is_reindexed(store, a, client_of_chroma):
    store.put(a.memories, "m1", {"text": "tea"})
    other = ChromaStore(client_of_chroma, index={"embed": lambda texts: [[1.0] * 8 for _ in texts], "dims": 8})
    changed = LedgerStore(lambda: other)
    with pytest.raises(WrongEmbedder, match="reindex"):
        changed.search(a.account, query="tea")
    changed.put(a.memories, "m2", {"text": "kept all the same"})
    assert services.reindex(changed) == 2
    assert {item.key for item in changed.search(a.account, query="tea")} == {"m1", "m2"}
    assert services.check(changed).count == 0


def test_vectors_are_kept_in_sql_as_float32(store, a, letters):
    import numpy as np

    store.put(a.memories, "m1", {"text": "tea"})
    card = Record.objects.get()
    assert card.embedder == "letters"
    np.testing.assert_allclose(np.frombuffer(bytes(card.vectors), "<f4"), letters.vector("tea"), rtol=1e-6)


def test_a_broken_chroma_is_rebuilt_by_whoever_notices_it(store, chroma, a, letters, caplog):
    store.put(a.memories, "m1", {"text": "tea"})
    chroma.set_aside()
    asked = letters.asked
    assert store.get(a.memories, "m1").value == {"text": "tea"}
    assert letters.asked == asked
    assert list(StoreEvent.objects.values_list("kind", flat=True)) == ["rebuilt", "broken"]
    assert "Chroma was broken" in caplog.text
    chroma.set_aside()
    store.put(a.memories, "m2", {"text": "bees"})
    assert {item.key for item in store.search(a.account)} == {"m1", "m2"}
    assert services.check(store).count == 0
