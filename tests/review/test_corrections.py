"""What a change of a memory makes wrong, and the corrections that are sent for it."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from support_site.chat import desk as chat_desk
from support_site.chat.lineage import note_recalled
from support_site.chat.models import Conversation, Message, Turn
from support_site.memory.models import RecordChange
from support_site.review import corrections, services
from tests.review.memories import do, found, remembered

pytestmark = pytest.mark.django_db

TEA, COFFEE = "The customer drinks tea.", "The customer drinks coffee."


@pytest.fixture
def memory(alice):
    """As it was learned ten days ago."""
    memory = remembered(alice, TEA)
    RecordChange.objects.update(at=memory.created_at - timedelta(days=10))
    return memory


@pytest.fixture
def reply(memory):
    """A reply that used the memory so many days ago, in a conversation of its own unless it is given."""

    def reply(*, days_ago=1, conversation=None, uses=True):
        conversation = conversation or Conversation.objects.create(account=memory.account, title="Breakfast")
        turn = Turn.objects.create(conversation=conversation, status="done")
        Turn.objects.filter(pk=turn.pk).update(created_at=memory.created_at - timedelta(days=days_ago))
        place = {"conversation": conversation, "turn": turn, "position": conversation.messages.count() + 1}
        Message.objects.create(**place, role="agent", text="Tea, as always?")
        if uses:
            note_recalled(turn, {"memories": [memory.key]})
        return conversation

    return reply


def edit(memory, text, by):
    services.edit(memory.pk, text=text, kind="fact", seen=memory.digest, by=by, reason="asked")
    return found(memory.account.users.get(), memory.key)


def concerned(*memories):
    return [each.conversation for each in corrections.misled(corrections.turning_points(memories))]


def page(*memories):
    return f"/admin/corrections/?ids={'%2C'.join(str(memory.pk) for memory in memories)}"


def test_replies_that_went_by_the_old_words_are_listed_once_a_conversation(memory, reply, sam, bob):
    older, newer = reply(days_ago=3), reply(days_ago=1)
    reply(days_ago=2, conversation=older)
    reply(uses=False)
    assert concerned(memory) == []
    changed = edit(memory, COFFEE, sam)
    assert [each.pk for each in concerned(changed)] == [newer.pk, older.pk]
    assert [point.words_before for point in corrections.turning_points([changed])] == [TEA]


def test_conversations_in_which_the_old_words_were_repeated_come_first_and_say_so(memory, reply, sam, desk):
    repeats, silent = reply(days_ago=3), reply(days_ago=1)
    silent.messages.update(text="You are welcome.")
    assert concerned(edit(memory, COFFEE, sam)) == [repeats, silent]
    assert desk.get(page(memory)).content.decode().count("repeats it</span>") == 1


def test_what_was_said_before_the_memory_said_so_is_none_of_the_changes_doing(memory, reply, sam):
    before = reply(days_ago=5)
    changed = edit(memory, COFFEE, sam)
    RecordChange.objects.filter(kind="changed").update(at=memory.created_at - timedelta(days=4))
    since = reply(days_ago=2)
    changed = edit(changed, "The customer drinks milk.", sam)
    assert concerned(changed) == [since]
    assert before not in concerned(changed)


@pytest.mark.parametrize("verb", [services.quarantine, services.delete])
def test_what_is_quarantined_or_deleted_makes_replies_wrong_too(memory, reply, sam, verb):
    conversation = reply()
    verb([memory.pk], by=sam, reason="not true")
    changed = found(memory.account.users.get(), memory.key)
    assert concerned(changed) == [conversation]
    assert "do not go by it any more" in corrections.suggestion([changed])


def test_a_memory_that_is_approved_again_or_was_only_approved_makes_nothing_wrong(memory, reply, sam):
    reply()
    services.approve([memory.pk], by=sam, reason="right")
    assert concerned(found(memory.account.users.get(), memory.key)) == []
    services.quarantine([memory.pk], by=sam, reason="hm")
    services.approve([memory.pk], by=sam, reason="right after all")
    assert concerned(found(memory.account.users.get(), memory.key)) == []


def test_where_old_values_are_not_kept_every_earlier_reply_is_listed(memory, reply, sam, settings):
    settings.LEDGER_KEEPS_OLD_VALUES = False
    conversation = reply()
    changed = edit(memory, COFFEE, sam)
    type(changed).objects.update(created_at=memory.created_at - timedelta(days=10))
    assert concerned(found(memory.account.users.get(), memory.key)) == [conversation]


def test_where_old_values_are_not_kept_an_approval_makes_nothing_wrong(memory, reply, sam, settings):
    settings.LEDGER_KEEPS_OLD_VALUES = False
    reply()
    services.approve([memory.pk], by=sam, reason="right")
    assert concerned(found(memory.account.users.get(), memory.key)) == []
    services.quarantine([memory.pk], by=sam, reason="hm")
    services.approve([memory.pk], by=sam, reason="right after all")
    assert concerned(found(memory.account.users.get(), memory.key)) == []


def test_an_edit_leads_to_the_replies_it_makes_wrong(memory, reply, desk):
    reply()
    form = {"text": COFFEE, "kind": "fact", "reason": "asked", "seen": f'{{"{memory.pk}": "{memory.digest}"}}'}
    answer = desk.post(f"/admin/review/memory/do/edit/?ids={memory.pk}", form)
    assert answer["Location"] == f"{page(memory)}&next=%2Fadmin%2Freview%2Fmemory%2F{memory.pk}%2Fchange%2F"
    told = desk.get(page(memory)).content.decode()
    assert "Tea, as always?" in told
    assert TEA in told
    assert COFFEE in told
    again = desk.post(f"/admin/review/memory/do/approve/?ids={memory.pk}", {"reason": "fine"})
    assert not again["Location"].startswith(page(memory))


def test_a_correction_is_sent_once_to_the_chosen_only_and_is_on_record(memory, reply, sam, desk):
    chosen, other = reply(), reply()
    edit(memory, COFFEE, sam)
    form = {"conversation": [str(chosen.pk)], "text": "Coffee it is."}
    assert [desk.post(page(memory), form).status_code for _ in range(2)] == [302, 409]
    said = Message.objects.filter(role="staff")
    assert [(message.conversation, message.text, message.author) for message in said] == [
        (chosen, "Coffee it is.", sam)
    ]
    assert LogEntry.objects.filter(change_message__contains="correction").count() == 1
    assert "Corrected" in desk.get(page(memory)).content.decode()
    assert not other.messages.filter(role="staff").exists()


def test_a_conversation_that_is_not_on_the_list_gets_no_correction(memory, reply, sam, desk, bob):
    reply()
    foreign = Conversation.objects.create(account=bob.account, title="Bees")
    edit(memory, COFFEE, sam)
    for chosen in ([str(foreign.pk)], ["nonsense"], []):
        told = desk.post(page(memory), {"conversation": chosen, "text": "Half a text"})
        assert "Half a text" in told.content.decode()
    assert not Message.objects.filter(role="staff").exists()


def test_an_empty_correction_is_refused(memory, reply, sam, desk):
    conversation = reply()
    edit(memory, COFFEE, sam)
    told = desk.post(page(memory), {"conversation": [str(conversation.pk)], "text": "  "})
    assert told.status_code == 422
    assert "Write something first." in told.content.decode()


def as_shown(told):
    """What the form of a page carries without being filled in."""
    return dict(re.findall(r'name="(seen-[^"]+)" value="(\d*)"', told.content.decode()))


def test_a_second_page_notices_what_the_first_has_sent_and_keeps_what_was_typed(memory, reply, alice, sam, desk):
    honey, talk = remembered(alice, "The customer takes honey."), reply()
    used(honey, talk)
    services.quarantine([memory.pk, honey.pk], by=sam, reason="not true")
    pages = [(page(each), as_shown(desk.get(page(each)))) for each in (memory, honey)]
    chosen = {"conversation": [str(talk.pk)]}
    assert desk.post(pages[0][0], pages[0][1] | chosen | {"text": "No tea."}).status_code == 302
    told = desk.post(pages[1][0], pages[1][1] | chosen | {"text": "No honey."})
    assert told.status_code == 409
    shown = told.content.decode()
    assert "No honey.</textarea>" in shown
    assert "No tea." in shown
    assert " checked>" in shown
    assert [each.text for each in Message.objects.filter(role="staff")] == ["No tea."]
    assert desk.post(pages[1][0], as_shown(told) | chosen | {"text": "Nor honey."}).status_code == 302
    assert Message.objects.filter(role="staff", conversation=talk).count() == 2


def test_if_one_of_the_chosen_was_written_to_meanwhile_none_gets_the_correction(memory, reply, sam, desk):
    talks = [reply() for _ in range(2)]
    edit(memory, COFFEE, sam)
    form = as_shown(desk.get(page(memory)))
    chat_desk.answer(talks[0], form_id=uuid4(), text="By the way, coffee.", user=sam)
    told = desk.post(page(memory), form | {"conversation": [str(talk.pk) for talk in talks], "text": "Coffee it is."})
    assert (told.status_code, told.context["meanwhile"]) == (409, {talks[0].pk})
    assert Message.objects.filter(role="staff").count() == 1


def test_who_may_only_read_sees_the_list_and_sends_nothing(memory, reply, sam, reader):
    conversation = reply()
    edit(memory, COFFEE, sam)
    told = reader.get(page(memory))
    assert "Tea, as always?" in told.content.decode()
    assert "<textarea" not in told.content.decode()
    assert reader.post(page(memory), {"conversation": [str(conversation.pk)], "text": "Hi"}).status_code == 403


def test_the_list_takes_as_many_queries_for_many_replies_as_for_one(memory, reply, sam, desk):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(page(memory)).status_code == 200
        return len(queries)

    reply()
    edit(memory, COFFEE, sam)
    asked()  # the first look is put on record
    few = asked()
    for _ in range(5):
        reply()
    assert asked() == few


@pytest.fixture
def coffee(memory, bob):
    """Another customer's memory, learned on the same day, and how a reply comes to use it."""
    return remembered(bob, COFFEE)


def used(memory, conversation):
    turn = Turn.objects.create(conversation=conversation, status="done")
    Message.objects.create(conversation=conversation, turn=turn, position=9, role="agent", text="Coffee, then?")
    note_recalled(turn, {"memories": [memory.key]})
    return conversation


def test_a_bulk_quarantine_leads_to_the_replies_of_all_it_was_done_to(memory, reply, coffee, bob, desk):
    milk = remembered(bob, "The customer drinks milk.")  # nobody went by it
    teas, coffees = reply(), used(coffee, Conversation.objects.create(account=bob.account, title="Lunch"))
    answer = do(desk, "quarantine", memory, coffee, milk, reason="not true")
    assert answer["Location"] == f"{page(memory, coffee)}&next=%2Fadmin%2Freview%2Fmemory%2F"
    told = desk.get(answer["Location"])
    assert [each.conversation for each in told.context["misled"]] == [coffees, teas]
    text = told.content.decode()
    assert all(each in text for each in ("Tea, as always?", "Coffee, then?", TEA, COFFEE, "Alice", "Bob"))
    assert "milk" not in text


def test_a_conversation_misled_by_two_memories_stands_there_once_and_is_corrected_once(memory, reply, alice, desk):
    honey = remembered(alice, "The customer takes honey.")
    talk, other = used(honey, reply()), reply()
    do(desk, "quarantine", memory, honey, reason="not true")
    both = desk.get(page(memory, honey))
    assert [(each.conversation, len(each.by)) for each in both.context["misled"]] == [(talk, 2), (other, 1)]
    for memories in ((honey,), (memory, honey)):
        desk.post(page(*memories), {"conversation": [str(talk.pk)], "text": "Neither tea nor honey."})
    assert Message.objects.filter(role="staff").count() == 1
    left = desk.get(f"{page(memory, honey)}&all=1").content.decode()
    assert left.index(str(other.pk)) < left.index("Corrected")


def test_all_conversations_are_chosen_with_one_link(memory, reply, sam, desk):
    conversations = [reply() for _ in range(3)]
    edit(memory, COFFEE, sam)
    told = desk.get(f"{page(memory)}&all=1").content.decode()
    assert told.count(" checked>") == len(conversations)


def test_a_merge_and_an_approval_lead_to_no_corrections(memory, reply, alice, desk):
    reply()
    again = remembered(alice, "The customer drinks tea daily.")
    seen = f'{{"{memory.pk}": "{memory.digest}", "{again.pk}": "{again.digest}"}}'
    for answer in (
        do(desk, "approve", memory, again, reason="right"),
        do(desk, "merge", memory, again, text="Drinks tea.", reason="the same", seen=seen),
    ):
        assert "corrections" not in answer.get("Location", "")


def test_an_approved_word_leads_to_the_replies_that_went_by_what_it_contradicts(memory, reply, alice, desk):
    talk = reply()
    word = remembered(alice, COFFEE, status="needs_review", contradicts=memory.key)
    assert TEA in desk.get(f"/admin/review/memory/do/approve/?ids={word.pk}").content.decode()
    answer = do(desk, "approve", word, reason="asked")
    assert answer["Location"].startswith(page(memory))
    assert [each.conversation for each in desk.get(answer["Location"]).context["misled"]] == [talk]


def test_the_page_of_many_memories_takes_as_many_queries_as_that_of_two(memory, reply, alice, desk):
    def asked(memories):
        do(desk, "quarantine", *memories, reason="not true")
        desk.get(page(*memories))  # the first look is put on record
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(page(*memories)).status_code == 200
        return len(queries)

    some = [remembered(alice, f"The customer owns lamp {number}.") for number in range(12)]
    for each in some:
        used(each, reply(uses=False))
    assert asked(some[:2]) == asked(some[2:])
