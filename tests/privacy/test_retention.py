"""What has been kept long enough goes with the sweep, and nothing else; a dry run says what, and touches nothing."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from agents import namespaces
from agents.memory import instant
from support_site.chat.models import Conversation, Turn
from support_site.memory.models import Record, RecordChange
from support_site.privacy import archives, retention, threads
from support_site.privacy.models import Export
from tests.privacy.conftest import CANARY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def days(settings):
    """Everything is kept for ever, but for what a test says."""
    for rule in retention.RULES:
        if rule.setting:
            setattr(settings, rule.setting, 0)
    return settings


def long_ago(queryset, field, days=100):
    queryset.update(**{field: timezone.now() - timedelta(days=days)})


def test_with_every_setting_at_0_nothing_goes_by_age(filled):
    long_ago(Conversation.objects, "updated_at")
    long_ago(Record.objects, "updated_at")
    long_ago(RecordChange.objects, "at")
    assert retention.sweep() == {}


def test_old_conversations_go_with_their_threads_and_notes_stay(filled, alice, bob, days):
    days.RETENTION_CONVERSATIONS_DAYS = 30
    old, new = (Conversation.objects.get(account=user.account) for user in (alice, bob))
    long_ago(Conversation.objects.filter(pk=old.pk), "updated_at")
    assert retention.sweep() == {"conversations": 1}
    assert list(Conversation.objects.all()) == [new]
    assert threads.count([str(old.pk), str(new.pk)]) == 1
    assert filled.get(namespaces.memories(str(alice.account_id)), "m1")


def test_a_conversation_with_an_unfinished_turn_stays(filled, alice, days):
    days.RETENTION_CONVERSATIONS_DAYS = 30
    long_ago(Conversation.objects, "updated_at")
    Turn.objects.filter(conversation__account=alice.account).update(status="waiting")
    assert retention.sweep() == {"conversations": 1}
    assert Conversation.objects.filter(account=alice.account).exists()


def test_old_memories_and_situations_go_by_days_of_their_own(filled, alice, days):
    days.RETENTION_SITUATIONS_DAYS = 30
    mine = namespaces.memories(str(alice.account_id))
    filled.put(mine, "s", {"text": "moving house", "kind": "situation"})
    filled.put(mine, "liar", {"text": '"kind":"situation"', "kind": "fact"})
    long_ago(Record.objects, "updated_at")
    assert retention.sweep() == {"situations": 1}
    assert filled.get(mine, "s") is None
    assert filled.get(mine, "liar")
    days.RETENTION_MEMORIES_DAYS = 30
    assert retention.sweep() == {"memories": 3}
    assert filled.search(mine) == []
    assert filled.get(namespaces.profile(str(alice.account_id)), "profile")


def test_a_memory_goes_when_its_own_end_has_come(filled, alice):
    mine = namespaces.memories(str(alice.account_id))
    now = timezone.now()
    for key, end in (("over", now - timedelta(days=1)), ("not yet", now + timedelta(days=1))):
        filled.put(mine, key, {"text": key, "kind": "fact", "expires": instant(end)})
    filled.put(mine, "nul", {"text": "\0", "kind": "fact", "expires": instant(now - timedelta(days=1))})
    assert retention.sweep()["expired"] >= 1
    assert filled.get(mine, "over") is None
    assert filled.get(mine, "not yet")


def test_what_staff_deleted_can_be_undone_for_a_while_and_is_then_gone_with_its_history(filled, alice, days):
    days.RETENTION_DELETED_DAYS = 30
    deleted = Record.objects.filter(account=alice.account, status="deleted")
    assert deleted.count() == 1
    assert retention.sweep() == {}
    long_ago(deleted, "updated_at")
    assert retention.sweep() == {"deleted": 1}
    assert not deleted.exists()
    assert not RecordChange.objects.filter(record__account=alice.account, record__key_text="m2").exists()


def test_old_values_go_and_who_changed_them_stays(filled, alice, days):
    days.RETENTION_HISTORY_DAYS = 30
    long_ago(RecordChange.objects.filter(record__account=alice.account), "at")
    changes = RecordChange.objects.filter(record__account=alice.account).count()
    assert retention.sweep() == {"history": changes}
    kept = RecordChange.objects.filter(record__account=alice.account)
    assert {(c.before_text, c.after_text) for c in kept} == {(None, None)}
    assert kept.count() == changes


def test_archives_go_when_their_time_is_over(filled, alice):
    late = Export.objects.filter(account=alice.account)
    late.update(expires_at=timezone.now() - timedelta(minutes=1))
    name = late.get().file
    assert retention.sweep() == {"archives": 1}
    assert late.get().file == ""
    with pytest.raises(FileNotFoundError):
        archives.fetch(Export(file=name))


def test_a_sweep_works_in_batches_and_a_row_that_cannot_go_does_not_hold_it_up(filled, days, monkeypatch):
    days.RETENTION_CONVERSATIONS_DAYS = 30
    long_ago(Conversation.objects, "updated_at")
    batches = []

    def refuse(rows):
        batches.append(len(rows))

    rule = next(rule for rule in retention.RULES if rule.name == "conversations")
    stuck = retention.Rule(rule.name, rule.title, rule.setting, rule.due, refuse)
    monkeypatch.setattr(retention, "RULES", (stuck,))
    retention.sweep(batch=1)
    assert batches == [1, 1]


def test_a_dry_run_lists_what_would_go_and_touches_nothing(filled, days, capsys, client, sam):
    days.RETENTION_CONVERSATIONS_DAYS = 30
    long_ago(Conversation.objects, "updated_at")
    ids = {str(pk) for pk in Conversation.objects.values_list("pk", flat=True)}
    call_command("sweep", "--dry-run")
    out = capsys.readouterr().out
    client.force_login(sam)
    page = client.get(reverse("admin:privacy_sweep")).content.decode()
    for text in (out, page):
        assert all(pk in text for pk in ids)
        assert CANARY not in text
    assert Conversation.objects.count() == 2
    call_command("sweep")
    assert "conversations: 2" in capsys.readouterr().out


def test_only_privacy_officers_see_the_dry_run(client, rita):
    client.force_login(rita)
    assert client.get(reverse("admin:privacy_sweep")).status_code == 403
