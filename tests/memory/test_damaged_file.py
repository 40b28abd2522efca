"""Chroma's SQLite file is damaged under the running site: it is noticed, told to staff and made anew."""

import pytest
from django.urls import reverse
from langgraph.store.base import PutOp

from agents.store import StoreUnavailable
from support_site.memory import services
from support_site.memory.models import StoreEvent
from support_site.memory.stores import reset_site_store, site_store
from tests.memory.conftest import answer_in_the_end
from tests.store.damages import DAMAGES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.fault]

RECORDS = 300


@pytest.fixture
def folder(settings, tmp_path):
    settings.CHROMA_DIR = tmp_path / "site-chroma"
    reset_site_store()
    yield settings.CHROMA_DIR
    reset_site_store()


@pytest.fixture
def filled(folder, a, b):
    """The site's own store, on a folder of this test, with RECORDS memories of two accounts."""
    put = [PutOp((a, b)[n % 2].memories, f"m{n}", {"text": f"memory number {n}"}) for n in range(RECORDS)]
    site_store().batch(put)
    return site_store()


@pytest.mark.parametrize("damage", DAMAGES)
def test_it_is_noticed_while_the_site_runs_and_no_write_is_lost(filled, folder, a, damage, caplog):
    DAMAGES[damage](folder)
    written = write_until_told(filled, a.memories)
    found = answer_in_the_end(lambda: filled.search(a.account, query="memory", limit=10_000))
    assert {item.key for item in found} == {*written, *(f"m{n}" for n in range(0, RECORDS, 2))}
    assert list(StoreEvent.objects.order_by("id").values_list("kind", flat=True)) == ["broken", "rebuilt"]
    assert "a new one is made" in caplog.text
    filled.reconcile()
    assert (filled.pending_count(), services.check(filled).count) == (0, 0)


def write_until_told(store, namespace):
    """What Chroma has in memory it goes on answering for a while. The ledger takes every write."""
    written = []
    while not StoreEvent.objects.exists():
        assert len(written) < 1_000
        key = f"new{len(written)}"
        store.put(namespace, key, {"text": f"memory {key}"})
        written.append(key)
    return written


def test_the_nightly_check_mends_it_and_staff_read_what_it_was(filled, folder, client, sam):
    DAMAGES["pages spoilt"](folder)
    findings = services.check(filled)
    assert (findings.count, findings.checked) == (0, RECORDS)
    client.force_login(sam)
    page = client.get(reverse("admin:memory_storeevent_changelist")).content.decode()
    assert "Chroma was broken" in page
    assert "malformed" in page
    assert f"{RECORDS} records were written again from the ledger" in page


def test_a_breakage_that_cannot_be_mended_is_told_once(filled, folder, a, monkeypatch):
    """As when the file is a server's, which nobody but its operator can replace."""
    filled.chroma().set_aside()

    def refuse(records):
        raise StoreUnavailable("The disk is full (test).")

    monkeypatch.setattr(filled.chroma(), "rebuild", refuse)
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="The disk is full"):
            filled.search(a.account, query="memory")
    assert StoreEvent.objects.count() == 1
    monkeypatch.undo()
    assert filled.search(a.account, query="memory")
    assert list(StoreEvent.objects.order_by("id").values_list("kind", flat=True)) == ["broken", "rebuilt"]
