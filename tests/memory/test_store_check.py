"""``manage.py store_check`` finds every damage there is, and mends it: one record in a hundred, or all of them."""

import shutil
from dataclasses import replace

import pytest
from chromadb.api.client import SharedSystemClient
from django.core.management import call_command
from langgraph.store.base import PutOp

from agents.store import ChromaStore
from support_site.memory import services
from support_site.memory.models import StoreEvent
from support_site.memory.stores import reset_site_store, site_store

pytestmark = pytest.mark.django_db(transaction=True)

RECORDS = 500


@pytest.fixture
def filled(settings, tmp_path, a, b):
    """The site's own store, on a folder of this test, with RECORDS memories of two accounts."""
    settings.CHROMA_DIR = tmp_path / "site-chroma"
    reset_site_store()
    put = [PutOp((a, b)[n % 2].memories, f"m{n}", {"text": f"memory number {n}"}) for n in range(RECORDS)]
    site_store().batch(put)
    yield site_store()
    reset_site_store()


def said(capsys):
    call_command("store_check")
    return capsys.readouterr().out


def test_one_record_in_a_hundred_is_corrupted_and_each_is_found_and_mended(filled, a, b, capsys):
    chroma = filled.chroma()
    records = {record.key: record for record in chroma.scan()}
    forged = replace(records["m0"], value={"text": "forged"})
    turned = replace(records["m2"], vectors=records["m2"].vectors * -1)
    ghost, foreign = replace(records["m4"], key="ghost"), replace(records["m6"], namespace=b.memories)
    chroma.apply([forged, turned, ghost, foreign], [(a.memories, "m8")])
    out = said(capsys)
    for found in ("missing: 1", "different: 2", "orphans: 1", "foreign: 1", "5 put right"):
        assert found in out
    assert services.check(filled).count == 0
    assert filled.get(a.memories, "m0").value == {"text": "memory number 0"}
    assert filled.get(b.memories, "m6") is None


def test_a_deleted_folder_is_found_and_filled_again_without_the_embedder(filled, a, settings, capsys, monkeypatch):
    SharedSystemClient.clear_system_cache()
    shutil.rmtree(settings.CHROMA_DIR)
    reset_site_store()

    def refuse(*args):
        raise AssertionError("the embedder was asked")

    monkeypatch.setattr(ChromaStore, "prepare", refuse)
    out = said(capsys)
    assert f"missing: {RECORDS}" in out
    assert f"{RECORDS} put right" in out
    assert services.check(site_store()).count == 0
    assert StoreEvent.objects.filter(kind="mended").exists()
    assert len(site_store().search(a.memories, limit=RECORDS)) == RECORDS // 2
