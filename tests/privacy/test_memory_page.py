"""The page "What we remember": all that is kept, in words, and forms that correct, forget and pause."""

import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertInHTML

from agents import namespaces
from agents.attribution import attributed
from agents.memory import Memory, MemoryDraft, Source, instant
from support_site.chat import turns
from support_site.chat.models import Conversation, Message
from support_site.memory import customers
from support_site.memory.models import Record, RecordRead
from support_site.memory.stores import site_store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_tasks(monkeypatch):
    """Tasks are noted and not sent."""
    made = []
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda task, *args, **options: made.append(task.name))
    return made


@pytest.fixture
def signed_in(client, alice):
    client.force_login(alice)
    return client


@pytest.fixture
def note(alice):
    """Something noted about alice."""

    def note(text="The customer likes tea.", kind="preference", account=alice.account, **source):
        draft = MemoryDraft(text=text, kind=kind)
        return customers.note_again(account.pk, draft, Source(**{"request": str(uuid.uuid4()), **source}))

    return note


def put(account, memory):
    site_store().keep([memory.put(str(account.pk))])


def page_of(client, **query):
    return client.get("/memory/", query).content.decode()


def said_in(conversation, text):
    return turns.keep(conversation, turn=None, role=Message.Role.CUSTOMER, text=text)


def test_the_page_asks_for_a_sign_in_and_shows_staff_without_an_account_nothing(client, sam):
    assert client.get("/memory/").status_code == 302
    client.force_login(sam)
    assert client.get("/memory/").status_code == 403


def test_a_note_is_shown_with_its_kind_and_where_it_comes_from(signed_in, alice, note):
    conversation = Conversation.objects.create(account=alice.account, title="About tea")
    message = said_in(conversation, "I only ever drink <green> tea")
    note(conversation=str(conversation.pk), message=str(message.pk), request="", turn="t1")
    page = page_of(signed_in)
    assert "The customer likes tea." in page
    assert "What you prefer · You told us" in page
    assert f'href="/conversations/{conversation.pk}/">About tea</a>: <q>I only ever drink &lt;green&gt; tea</q>' in page


def test_another_accounts_notes_orders_and_conversations_are_not_shown(signed_in, bob, alice, note):
    note("The customer has a canary.", account=bob.account)
    theirs = Conversation.objects.create(account=bob.account, title="Bob's secret")
    message = said_in(theirs, "canary")
    note("The customer likes tea.", message=str(message.pk), conversation=str(theirs.pk))
    page = page_of(signed_in)
    assert "canary" not in page
    assert "secret" not in page


def test_an_empty_account_is_told_so(signed_in):
    page = page_of(signed_in)
    assert "There are no notes about you." in page
    assert "No orders are on file" in page
    assert "Nobody of our team has opened" in page


def test_what_is_not_used_is_shown_with_the_reason_behind_what_is(signed_in, alice, note):
    note("The customer is a VIP.", kind="fact")
    gone = instant(timezone.now() - timedelta(days=1))
    put(alice.account, Memory(key="old", text="The customer is in Rome.", valid_from=gone, expires=gone))
    note()
    page = page_of(signed_in)
    assert page.index("likes tea") < page.index("is a VIP") < page.index("is in Rome")
    assert "Set aside: it reads like an instruction" in page
    assert "No longer used: its time has run out." in page


def test_what_staff_set_aside_is_not_said_to_read_like_a_claim(signed_in, alice):
    put(alice.account, Memory(key="q", text="Likes tea.", status="quarantined", valid_from=instant()))
    page = page_of(signed_in)
    assert "Set aside by our team" in page
    assert "instruction" not in page


def test_a_word_that_waits_for_staff_counts_once_its_owner_saves_it_here(signed_in, alice):
    staffs = Memory(key="s", text="Her name is Al.", kind="name", about="name", trust="staff", valid_from=instant())
    put(alice.account, staffs)
    draft = MemoryDraft(text="Her name is Alice.", kind="name")
    word = customers.note_again(alice.account_id, draft, Source(turn="t1"))
    assert "our team noted something else" in page_of(signed_in)
    page = signed_in.post(f"/memory/notes/{word.key}/correct/", {"text": word.text}, follow=True).content.decode()
    assert "Corrected." in page
    assert [memory.text for memory in customers.memories_of(alice.account_id) if memory.is_recalled("")] == [word.text]


def test_profile_and_orders_are_told_in_words(signed_in, alice):
    account = str(alice.account_id)
    address = {"address1": "1 Elm", "address2": "", "city": "Rome", "state": "RM", "zip": "1", "country": "Italy"}
    card = {"source": "credit_card", "brand": "visa", "last_four": "9212", "id": "credit_card_1"}
    profile = {"version": 1, "name": {"first_name": "Alice", "last_name": "Moreau"}, "email": "a@example.com",
               "address": address, "payment_methods": {"credit_card_1": card}}  # fmt: skip
    order = {"version": 1, "status": "delivered", "items": [{"name": "Lamp", "price": "10.00"}]}
    site = site_store()
    puts = [
        (namespaces.profile(account), "profile", profile),
        (namespaces.orders(account), "#W2611340", order),
    ]
    from langgraph.store.base import PutOp

    site.keep(PutOp(namespace, key, value) for namespace, key, value in puts)
    page = page_of(signed_in)
    for words in ("1 Elm, Rome, RM 1, Italy", "Visa ending in 9212", "#W2611340", "Lamp", "delivered, $10.00"):
        assert words in page


def test_who_of_the_staff_looked_is_shown_by_name(signed_in, alice, rita):
    RecordRead.objects.create(account=alice.account, reader=rita, what="memory (preference)", at=timezone.now())
    assert re.search(r"</time> Rita saw: memory \(preference\)", page_of(signed_in))


def test_many_notes_come_in_pages_with_a_fixed_number_of_queries(signed_in, note, django_assert_max_num_queries):
    for number in range(45):
        note(f"The customer has cat number {number}.")
    with django_assert_max_num_queries(14):
        page = signed_in.get("/memory/", {"page": 3})
    assert len(page.context["page_obj"]) == 5
    assert len(signed_in.get("/memory/", {"q": "NUMBER 44"}).context["page_obj"]) == 1
    assert "No note holds “dog”." in page_of(signed_in, q="dog")


def test_a_correction_can_be_made_and_undone(signed_in, alice, note):
    tea = note()
    response = signed_in.post(f"/memory/notes/{tea.key}/correct/", {"text": "The customer likes coffee."}, follow=True)
    page = response.content.decode()
    assert "Corrected." in page
    assert page.index("likes coffee") < page.index("likes tea")
    new = customers.memories_of(alice.account_id)[0]
    assert response.redirect_chain == [(f"/memory/#note-{new.key}", 302)]
    assert "in use again" in signed_in.post(f"/memory/notes/{new.key}/undo/", follow=True).content.decode()
    assert [memory.text for memory in customers.memories_of(alice.account_id)] == [tea.text]


def test_a_refused_correction_says_why_and_changes_nothing(signed_in, alice, note):
    tea = note()
    page = signed_in.post(f"/memory/notes/{tea.key}/correct/", {"text": "my password is hunter2"})
    assert page.status_code == 422
    assert "I do not keep card or account numbers, passwords or codes." in page.content.decode()
    assertInHTML(
        f'<textarea id="text-{tea.key}" name="text" rows="2" maxlength="300" required autofocus aria-invalid="true" '
        f'aria-describedby="why-{tea.key}">my password is hunter2</textarea>',
        page.content.decode(),
    )
    assert [memory.text for memory in customers.memories_of(alice.account_id)] == [tea.text]


def test_what_is_forgotten_is_gone_and_forgetting_it_twice_is_told_honestly(
    signed_in, alice, note, no_tasks, django_capture_on_commit_callbacks
):
    tea = note()
    with django_capture_on_commit_callbacks(execute=True):
        page = signed_in.post(f"/memory/notes/{tea.key}/forget/", follow=True).content.decode()
    assert "Forgotten for good." in page
    assert "likes tea" not in page
    assert not Record.objects.filter(value_text__contains="tea").exists()
    assert no_tasks == ["support_site.memory.tasks.erase_forgotten"]
    assert "not there any more" in signed_in.post(f"/memory/notes/{tea.key}/forget/", follow=True).content.decode()


@pytest.mark.parametrize("verb", ["correct", "undo", "forget"])
def test_another_accounts_note_cannot_be_touched(signed_in, bob, note, verb):
    theirs = note("The customer has a canary.", account=bob.account)
    signed_in.post(f"/memory/notes/{theirs.key}/{verb}/", {"text": "The customer has a dog."})
    assert [memory.text for memory in customers.memories_of(bob.account_id)] == ["The customer has a canary."]


@pytest.mark.parametrize("address", ["notes/k/correct/", "notes/k/undo/", "notes/k/forget/", "pause/"])
def test_nothing_happens_by_a_link_or_from_another_site(alice, address):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.get(f"/memory/{address}").status_code == 405
    assert strict.post(f"/memory/{address}").status_code == 403


def shown_on(page):
    """What the page of a conversation says about memory, and offers."""
    said = re.findall(r"data-(memory-paused|memory-none|leave-memory|remember) *(hidden)?", page.content.decode())
    assert len(said) == 4
    return {name for name, hidden in said if not hidden}


def test_memory_is_paused_and_resumed_and_the_conversation_says_so(signed_in, alice):
    conversation = Conversation.objects.create(account=alice.account)
    assert "Memory is paused" in signed_in.post("/memory/pause/", {"paused": "yes"}, follow=True).content.decode()
    assert shown_on(signed_in.get(f"/conversations/{conversation.pk}/")) == {"memory-paused", "leave-memory"}
    assert said_in(Conversation.objects.get(), "I like tea").off_record
    signed_in.post("/memory/pause/", {"paused": "no"})
    assert shown_on(signed_in.get(f"/conversations/{conversation.pk}/")) == {"leave-memory"}
    assert not said_in(Conversation.objects.get(), "I like tea").off_record


def test_a_conversation_can_be_kept_out_of_memory_and_says_so(signed_in, alice):
    conversation = Conversation.objects.create(account=alice.account)
    toggle = f"/memory/conversations/{conversation.pk}/"
    assert shown_on(signed_in.post(toggle, {"leaves_no_memory": "yes"}, follow=True)) == {"memory-none", "remember"}
    assert said_in(Conversation.objects.get(), "I like tea").off_record
    signed_in.post(toggle, {"leaves_no_memory": "no"})
    assert not said_in(Conversation.objects.get(), "I like tea").off_record


def test_a_foreign_conversation_cannot_be_kept_out_of_memory(signed_in, bob):
    theirs = Conversation.objects.create(account=bob.account)
    assert signed_in.post(f"/memory/conversations/{theirs.pk}/", {"leaves_no_memory": "yes"}).status_code == 404
    theirs.refresh_from_db()
    assert not theirs.leaves_no_memory


def test_a_memory_of_staffs_says_so(signed_in, alice, note):
    with attributed(actor="staff:1"):
        put(alice.account, Memory(key="s", text="A new lamp by Friday.", kind="promise", trust="staff",
                                  valid_from=instant()))  # fmt: skip
    assert "What we promised · Our team noted it" in page_of(signed_in)
