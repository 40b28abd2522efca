"""An erased account is gone everywhere, whatever dies on the way; nothing of it comes back; nobody else is touched."""

import dataclasses
import re
import uuid

import pytest
from django.core import mail
from django.utils import timezone

from agents import namespaces
from agents.store import StoreUnavailable
from support_site.accounts.models import Account, User
from support_site.chat import turns
from support_site.chat.models import Conversation, Message
from support_site.memory.errors import RecordErased
from support_site.memory.models import Record
from support_site.privacy import erasure as erasures
from support_site.privacy import places, rows, threads
from support_site.privacy.models import Erasure
from support_site.privacy.rooms import ROOMS
from tests.privacy.conftest import CANARY, database_files, files_with

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def erase(alice):
    def erase(**order):
        erasure = erasures.begin(alice.account, asked_by="customer", **order)
        erasures.proceed(erasure)
        return erasure

    return erase


def test_a_byte_search_finds_an_account_before_its_erasure_and_not_after(filled, home, erase):
    before = {file.name for file in files_with(CANARY, home, *database_files(home))}
    for file in ("chroma.sqlite3", "checkpoints.sqlite3", "test"):
        assert any(name.startswith(file) for name in before), file
    assert any(name.endswith(".zip") for name in before)
    erase(notify=f"{CANARY}@example.com")
    assert files_with(CANARY, home, *database_files(home)) == []


def test_the_receipt_counts_each_place_and_names_nobody(filled, erase):
    erasure = erase(notify="alice@example.com")
    assert erasure.counts["store"] == {
        "memories": 2,
        "orders": 1,
        "profile": 1,
        "changes": 6,
        "marks of what was forgotten": 1,
    }
    assert erasure.counts["doors"] == {"people who could sign in": 1, "sessions": 1}
    assert erasure.counts["threads"] == {"conversations": 1}
    assert erasure.counts["logs"] == {"logs": 1}
    assert erasure.counts["archives"] == {"archives": 1}
    assert erasure.counts["rows"]["chat.Message"] == 2
    assert erasure.counts["mentions"] == {"entries": 5}
    assert [message.to for message in mail.outbox] == [["alice@example.com"]]
    assert "memories: 2" in mail.outbox[0].body
    assert str(erasure.pk) in mail.outbox[0].body
    kept = str(Erasure.objects.values().get())
    assert CANARY not in kept
    assert "alice" not in kept


def test_the_receipt_says_where_a_chroma_server_has_to_be_vacuumed(filled, alice, erase, monkeypatch):
    really = type(filled.chroma()).erase
    monkeypatch.setattr(type(filled.chroma()), "erase", lambda chroma, items: really(chroma, items) and False)
    assert erase().counts["store"]["records until the Chroma server is vacuumed"] == 5


def test_another_account_keeps_every_row_record_thread_and_file(filled, alice, bob, erase):
    before = rows.count(bob.account_id)
    threads_of_bob = [str(pk) for pk in Conversation.objects.filter(account=bob.account).values_list("pk", flat=True)]
    erase()
    assert rows.count(bob.account_id) == before
    assert threads.count(threads_of_bob) == 1
    assert filled.get(namespaces.memories(str(bob.account_id)), "m1").value["text"].startswith("bob's own")
    assert filled.search(namespaces.account(str(alice.account_id))) == []


def test_the_fixture_fills_every_room(filled, alice):
    # A room that is empty here would make the byte search prove nothing about it.
    numbers_only = {"chat.Recalled", "chat.Spending", "chat.Reservation", "privacy.Deletion"}
    assert set(ROOMS) - numbers_only <= set(rows.count(alice.account_id))


class Died(Exception):
    pass


def test_an_erasure_that_dies_at_every_step_with_its_work_done_and_not_noted_is_finished(filled, alice, monkeypatch):
    erasure = erasures.begin(alice.account, asked_by="customer")
    for step in range(len(places.PLACES)):
        with monkeypatch.context() as broken:
            broken.setattr(erasures, "PLACES", dying(step))
            with pytest.raises(Died):
                erasures.proceed(Erasure.objects.get(pk=erasure.pk))
        again = Erasure.objects.get(pk=erasure.pk)
        assert again.done == step
        assert again.finished_at is None
    erasures.proceed(again)
    assert again.finished_at
    assert again.ids == {}
    assert rows.count(again.account_id) == {}
    assert again.counts["store"]["memories"] == 2
    assert again.counts["rows"]["chat.Message"] == 2


def dying(step):
    """The places, of which one dies when it has done its work: for the one behind it, that is before it began."""

    def erase(erasure):
        places.PLACES[step].erase(erasure)
        raise Died

    found = list(places.PLACES)
    found[step] = dataclasses.replace(found[step], erase=erase)
    return tuple(found)


def test_with_chroma_down_nothing_is_readable_and_the_next_try_finishes(filled, alice, monkeypatch):
    erasure = erasures.begin(alice.account, asked_by="customer")

    def down(*args):
        raise StoreUnavailable("down (test)")

    with monkeypatch.context() as broken:
        broken.setattr(type(filled.chroma()), "erase", down)
        with pytest.raises(StoreUnavailable):
            erasures.proceed(erasure)
    assert not Record.objects.filter(account=alice.account, value_text__isnull=False).exists()
    erasures.proceed(erasure)
    assert not Account.objects.filter(pk=alice.account_id).exists()


def test_what_is_written_behind_the_erasers_back_is_found_and_removed(filled, alice):
    erasure = erasures.begin(alice.account, asked_by="customer")
    erasure.done = len(places.PLACES)  # as if every step had been done before the late write came
    with pytest.raises(erasures.NotYetGone):
        erasures.proceed(erasure)
    assert Erasure.objects.get().finished_at is None
    erasures.proceed(Erasure.objects.get())
    assert rows.count(alice.account_id) == {}


def test_a_learning_that_was_already_running_brings_nothing_back(filled, alice, erase):
    account_id = str(alice.account_id)
    erase()
    with pytest.raises(RecordErased):
        filled.put(namespaces.memories(account_id), "late", {"text": CANARY})
    assert not Record.objects.filter(account=account_id).exists()


def test_a_learn_task_after_the_erasure_finds_nothing_to_learn_from(filled, alice, erase):
    from support_site.chat.learning import _unlearned

    turn = Message.objects.filter(conversation__account=alice.account, role="customer").get().turn
    assert len(_unlearned(turn.pk)) == 1
    erase()
    assert _unlearned(turn.pk) == []


def test_a_running_turn_is_asked_to_stop_and_erased_once_its_worker_let_go(filled, alice):
    conversation = Conversation.objects.filter(account=alice.account).get()
    turn = turns.accept(conversation, client_id=uuid.uuid4(), text="wait", user=alice).turn
    turn.status, turn.lease_owner, turn.lease_until = (
        "running",
        "a worker",
        timezone.now() + timezone.timedelta(hours=1),
    )
    turn.save()
    erasure = erasures.begin(alice.account, asked_by="customer")
    with pytest.raises(places.StillRunning):
        erasures.proceed(erasure)
    turn.refresh_from_db()
    assert turn.stop_requested
    assert Account.objects.filter(pk=alice.account_id).exists()
    type(turn).objects.filter(pk=turn.pk).update(lease_until=timezone.now())  # its worker died
    erasures.proceed(erasure)
    assert not Account.objects.filter(pk=alice.account_id).exists()


def test_the_doors_close_at_once(filled, alice, bob, client):
    client.force_login(alice)
    assert client.get("/").status_code == 200
    erasures.begin(alice.account, asked_by="customer")
    assert client.get("/").status_code == 302
    assert not client.login(email="alice@example.com", password="demo-password")
    assert User.objects.get(pk=bob.pk).is_active


def test_ordering_an_erasure_twice_is_ordering_it_once(filled, alice):
    first = erasures.begin(alice.account, asked_by="customer")
    again = erasures.begin(alice.account, asked_by="staff:1")
    assert first.pk == again.pk
    assert Erasure.objects.get().asked_by == "customer"


def test_an_erasure_whose_task_got_lost_is_taken_up_again(filled, alice, no_tasks):
    from support_site.privacy import tasks

    erasure = erasures.begin(alice.account, asked_by="customer")
    tasks.resume()
    assert no_tasks == []
    Erasure.objects.update(worked_at=timezone.now() - 2 * tasks.LOST_AFTER)
    tasks.resume()
    assert no_tasks == [("erase", str(erasure.pk))]


def test_a_receipt_that_cannot_be_mailed_is_tried_again_and_given_up_after_a_day(filled, alice, monkeypatch):
    erasure = erasures.begin(alice.account, asked_by="customer", notify="alice@example.com")

    def refuse(*args):
        raise ConnectionRefusedError

    monkeypatch.setattr(erasures, "send_mail", refuse)
    with pytest.raises(ConnectionRefusedError):
        erasures.proceed(erasure)
    assert Erasure.objects.get().finished_at
    assert Erasure.objects.get().notify
    Erasure.objects.update(finished_at=timezone.now() - 2 * erasures.TRY_MAIL_FOR)
    erasures.proceed(Erasure.objects.get())
    assert Erasure.objects.get().notify == ""


def test_no_step_is_nameless():
    assert all(re.fullmatch("[a-z]+", place.name) and place.title for place in places.PLACES)
