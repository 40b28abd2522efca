"""A deleted conversation takes along what was learned only from it, and gives back what that had superseded."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from agents import namespaces
from agents.memory import MemoryDraft, Source, memory_key
from support_site.chat import turns
from support_site.chat.models import Action, Conversation, Message, TurnEvent
from support_site.memory import customers
from support_site.memory.errors import RecordErased
from support_site.memory.forgetting import erase_forgotten
from support_site.privacy import deletion as deletions
from support_site.privacy import places, threads
from support_site.privacy.models import Deletion, Export
from tests.privacy.conftest import CANARY, database_files, files_with, fill_conversation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def conversation(filled, alice):
    return Conversation.objects.get(account=alice.account)


@pytest.fixture
def learn(alice):
    """Note something about alice in a conversation: the memory."""

    def learn(text, conversation, about="contact channel"):
        source = Source(conversation=str(conversation.pk), turn=uuid.uuid4().hex)
        draft = MemoryDraft(text=text, kind="preference", about=about)
        return customers.note_again(alice.account_id, draft, source)

    return learn


def recalled(user):
    return {m.text for m in customers.memories_of(user.account_id) if m.superseded_by is None}


def test_the_conversation_is_gone_from_everywhere_and_the_others_are_not(filled, alice, conversation):
    other = fill_conversation(alice, "other words")
    deletion = deletions.delete(conversation, asked_by="customer")
    deletions.finish(deletion)
    assert list(Conversation.objects.filter(account=alice.account)) == [other]
    for model, path in ((Message, "conversation"), (TurnEvent, "turn__conversation"), (Action, "turn__conversation")):
        assert model.objects.filter(**{path: other}).exists()
        assert not model.objects.filter(**{path: conversation.pk}).exists()
    assert threads.count([str(conversation.pk)]) == 0
    quoting = LogEntry.objects.filter(change_message__contains=CANARY).values_list("content_type__model", flat=True)
    assert sorted(quoting) == ["account", "order", "user"]
    assert deletion.counts == {"messages": 2, "turns": 1, "memories": 0}


def test_what_was_learned_only_from_it_is_withdrawn_and_what_that_superseded_is_back(
    filled, alice, conversation, learn
):
    other = fill_conversation(alice, "other words")
    learn("The customer likes to be called.", other)
    learn("The customer likes to be written to.", conversation)
    assert "The customer likes to be called." not in recalled(alice)
    deletion = deletions.delete(conversation, asked_by="customer")
    assert "The customer likes to be called." in recalled(alice)
    assert "The customer likes to be written to." not in recalled(alice)
    assert deletion.counts["memories"] == 1


def test_what_was_also_learned_elsewhere_stays_with_the_other_source(filled, alice, conversation, learn):
    other = fill_conversation(alice, "other words")
    first = learn("The customer is vegan.", other, about="")
    again = first.value() | {"source": {"conversation": str(conversation.pk), "turn": "t", "message": ""}}
    filled.put(namespaces.memories(str(alice.account_id)), first.key, again, index=["text"])
    deletions.delete(conversation, asked_by="customer")
    kept = {m.key: m for m in customers.memories_of(alice.account_id)}[first.key]
    assert kept.source["conversation"] == str(other.pk)


def test_no_byte_of_a_withdrawn_memory_and_its_conversation_stays(filled, home, alice, conversation, learn):
    learn(f"The customer's dog is called {CANARY}-dog.", conversation, about="")
    Message.objects.filter(conversation=conversation).update(text=f"{CANARY}-dog")
    assert files_with(f"{CANARY}-dog", home, *database_files(home))
    deletions.finish(deletions.delete(conversation, asked_by="customer"))
    erase_forgotten(filled)
    places.leave_no_traces()
    assert files_with(f"{CANARY}-dog", home, *database_files(home)) == []


def test_a_learning_that_was_already_running_brings_nothing_back(filled, alice, conversation):
    deletions.delete(conversation, asked_by="customer")
    value = {"text": "late", "kind": "fact", "source": {"conversation": str(conversation.pk)}}
    key = memory_key("turn", "fact", "late")
    with pytest.raises(RecordErased):
        filled.put(namespaces.memories(str(alice.account_id)), key, value)
    assert filled.get(namespaces.memories(str(alice.account_id)), key) is None
    filled.put(namespaces.memories(str(alice.account_id)), key, value | {"source": {}})


def test_a_running_turn_is_stopped_before_its_conversation_goes(filled, alice, conversation):
    turn = turns.accept(conversation, client_id=uuid.uuid4(), text="wait", user=alice).turn
    type(turn).objects.filter(pk=turn.pk).update(status="running", lease_until=timezone.now() + timedelta(hours=1))
    with pytest.raises(places.StillRunning):
        deletions.delete(conversation, asked_by="customer")
    turn.refresh_from_db()
    assert turn.stop_requested
    type(turn).objects.filter(pk=turn.pk).update(status="stopped")
    deletions.delete(conversation, asked_by="customer")
    assert not Conversation.objects.filter(pk=conversation.pk).exists()


def test_the_archives_that_hold_it_are_removed(filled, alice, bob, conversation):
    deletions.finish(deletions.delete(conversation, asked_by="customer"))
    assert [bool(e.file) for e in Export.objects.filter(account=alice.account)] == [False]
    assert [bool(e.file) for e in Export.objects.filter(account=bob.account)] == [True]


def test_a_deletion_is_looked_after_until_no_worker_can_write_any_more(filled, conversation):
    deletion = deletions.delete(conversation, asked_by="customer")
    assert deletions.finish(deletion) is False
    assert deletions.unfinished() == []
    Deletion.objects.update(deleted_at=timezone.now() - 2 * deletions.LATE_WRITES)
    assert deletions.unfinished() == [deletion.pk]
    assert deletions.finish(Deletion.objects.get()) is True
    assert deletions.unfinished() == []
