"""A customer takes all their data away, and nobody else's; another site takes it in and gives the same archive."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from agents import namespaces
from support_site.accounts.models import Account, User
from support_site.chat.models import Message
from support_site.memory.models import Record, Tombstone
from support_site.privacy import archives, erasure, exporting, importing
from support_site.privacy.models import Export
from support_site.privacy.rooms import EXPORTED, NOT_EXPORTED, ROOMS
from tests.privacy.conftest import CANARY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made(filled, alice):
    """A new archive of alice's."""
    export = exporting.order(alice.account, asked_by="customer")
    exporting.make(export)
    return export


def fetched(export):
    with archives.fetch(export) as file:
        return file.read()


def contents(export):
    with zipfile.ZipFile(io.BytesIO(fetched(export))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_every_room_is_exported_or_says_why_not():
    assert set(EXPORTED) | set(NOT_EXPORTED) == set(ROOMS), "name it in one of the two (privacy/rooms.py)"
    assert not set(EXPORTED) & set(NOT_EXPORTED)


def test_the_archive_has_everything_of_alice_and_nothing_of_bob(made):
    files = contents(made)
    assert set(files) == {"data.json", "index.html"}
    for text in files.values():
        assert f"{CANARY} title" in text
        assert f"{CANARY} likes black tea" in text
        assert f"{CANARY} teapot" in text
        assert "bob" not in text
    rooms = json.loads(files["data.json"])["rooms"]
    assert all(rooms.values())
    assert "demo-password" not in files["data.json"]
    assert "md5$" not in files["data.json"]


def test_only_its_own_account_can_fetch_an_archive_and_only_for_a_while(made, client, alice, bob):
    url = reverse("privacy_export_file", args=[made.pk])
    assert client.get(url).status_code == 302
    client.force_login(bob)
    assert client.get(url).status_code == 404
    client.force_login(alice)
    response = client.get(url)
    assert response.status_code == 200
    assert ".zip" in response["Content-Disposition"]
    assert zipfile.is_zipfile(io.BytesIO(response.getvalue()))
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(url).status_code == 404


def test_the_page_orders_one_archive_at_a_time_and_shows_how_far_it_is(filled, client, alice, no_tasks):
    Export.objects.all().delete()
    client.force_login(alice)
    url = reverse("privacy_export")
    for _ in range(2):
        assert client.post(url).status_code == 302
    export = Export.objects.get()
    assert no_tasks == [("make_export", str(export.pk))] * 2
    assert "data-live" in client.get(url).content.decode()
    exporting.make(export)
    page = client.get(url).content.decode()
    assert "data-live" not in page
    assert reverse("privacy_export_file", args=[export.pk]) in page


def test_an_archive_that_cannot_be_made_says_so_and_can_be_ordered_again(filled, alice, monkeypatch):
    from support_site.privacy import tasks

    export = exporting.order(alice.account, asked_by="customer")

    def full(*args):
        raise OSError("disk full")

    monkeypatch.setattr(archives, "keep", full)
    with pytest.raises(OSError, match="disk full"):
        tasks.make_export(str(export.pk))
    assert Export.objects.get(pk=export.pk).status == "failed"
    assert exporting.order(alice.account, asked_by="customer").pk != export.pk


def test_an_empty_site_takes_an_archive_in_and_gives_the_same_archive(made, filled, alice, tmp_path):
    before = fetched(made)
    file = tmp_path / "alice.zip"
    file.write_bytes(before)
    account_id = alice.account_id
    erasure.proceed(erasure.begin(alice.account, asked_by="customer"))
    Tombstone.objects.all().delete()  # another site knows nothing of the erasure
    call_command("import_account", str(file))
    again = exporting.order(Account.objects.get(pk=account_id), asked_by="customer")
    exporting.make(again)
    assert fetched(again) == before
    found = filled.search(namespaces.memories(str(account_id)), query="black tea")
    assert [item.value["text"] for item in found] == [f"{CANARY} likes black tea"]
    assert Record.objects.filter(account=account_id, search_text__contains="likes black tea").count() == 1
    assert not User.objects.get(account=account_id).has_usable_password()
    assert Message.objects.filter(conversation__account=account_id).count() == 2


def test_what_is_there_already_or_was_erased_is_not_taken_in(made, alice, tmp_path):
    file = tmp_path / "alice.zip"
    file.write_bytes(fetched(made))
    with pytest.raises(CommandError, match="already"):
        call_command("import_account", str(file))
    erasure.proceed(erasure.begin(alice.account, asked_by="customer"))
    with pytest.raises(CommandError, match="erased"):
        call_command("import_account", str(file))
    assert not Record.objects.filter(account=alice.account_id).exists()


def test_a_file_that_is_no_archive_is_refused_with_a_sentence(db, tmp_path):
    for content in (b"no zip", b""):
        file = tmp_path / "x.zip"
        file.write_bytes(content)
        with pytest.raises(CommandError, match="not an archive"):
            call_command("import_account", str(file))
    with pytest.raises(importing.NotTakenIn, match="version"):
        importing.take_in({"format": exporting.FORMAT, "version": 99})
