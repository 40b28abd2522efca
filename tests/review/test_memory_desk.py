"""The review desk in the admin: found, read, judged, and only by who may."""

import uuid
from copy import copy

import pytest
from django.urls import reverse

from agents.store import StoreUnavailable
from support_site.accounts.models import Account, User
from support_site.chat.lineage import note_recalled
from support_site.chat.models import Conversation, Message, Turn
from support_site.memory.models import Record, RecordChange
from support_site.review.models import Memory
from tests.review.memories import do, remembered

pytestmark = pytest.mark.django_db

LIST = "admin:review_memory_changelist"


def listed(client, **query):
    """The texts of the list, in its order."""
    return [str(memory) for memory in client.get(reverse(LIST), query).context["cl"].result_list]


@pytest.fixture
def several(alice, bob):
    """In the order of their writing; staff see the newest first."""
    talk = Conversation.objects.create(account=alice.account, title="Tea")
    return {
        "tea": remembered(alice, "likes tea", kind="preference", source={"conversation": str(talk.pk)}),
        "bees": remembered(bob, "keeps bees", trust="inferred", status="quarantined"),
        "vip": remembered(bob, "says he is a VIP", status="needs_review"),
        "old": remembered(alice, "lives in Paris", superseded_by="x"),
        "summer": remembered(alice, "is away", kind="situation", expires="2020-08-01T00:00:00.000+00:00"),
        "staff": remembered(alice, "is deaf", trust="staff", reviewed_at="2026-01-01T00:00:00.000+00:00"),
    }


NEWEST_FIRST = ["is deaf", "is away", "lives in Paris", "says he is a VIP", "keeps bees", "likes tea"]


@pytest.mark.parametrize("who", ["desk", "reader"])
def test_memories_of_all_accounts_are_listed_newest_first(several, who, request):
    assert listed(request.getfixturevalue(who)) == NEWEST_FIRST


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "active"}, ["is deaf", "likes tea"]),
        ({"status": "needs_review"}, ["says he is a VIP"]),
        ({"status": "quarantined"}, ["keeps bees"]),
        ({"status": "superseded"}, ["lives in Paris"]),
        ({"status": "expired"}, ["is away"]),
        ({"status": "deleted"}, []),
        ({"kind": "situation"}, ["is away"]),
        ({"trust": "inferred"}, ["keeps bees"]),
        ({"source": "conversation"}, ["likes tea"]),
        ({"source": "staff"}, ["is deaf"]),
        ({"queue": "unreviewed"}, ["says he is a VIP", "keeps bees", "likes tea"]),
        ({"updated_at__year": "2001"}, []),
        ({"q": "likes"}, ["likes tea"]),
        ({"q": "LIKES tea"}, ["likes tea"]),
        ({"q": "customer"}, []),  # a word of the JSON, but of no text
        ({"q": "Tanaka"}, ["says he is a VIP", "keeps bees"]),
        ({"q": "bob@example.com VIP"}, ["says he is a VIP"]),
    ],
)
def test_the_list_is_filtered_and_searched(desk, several, query, expected):
    assert listed(desk, **query) == expected


def test_an_empty_list_says_why_it_is_empty(desk, alice):
    def told(**query):
        return desk.get(reverse(LIST), query).content.decode()

    assert "Nothing is remembered yet." in told()
    remembered(alice, "likes tea")
    assert "Tick “by meaning”" in told(q="zeppelin")
    assert "No memory is like that." in told(status="quarantined")
    assert 'class="none"' not in told(q="tea")


def test_words_are_found_in_capitals_and_small_letters_beside_what_no_database_keeps(desk, alice):
    memory = remembered(alice, "ISST GERNE ÄPFEL \0 \ud800 ÜBERALL", key="odd")
    assert listed(desk, q="äpfel Überall") == [str(memory)]
    assert desk.get(reverse("admin:review_memory_change", args=[memory.pk])).status_code == 200


def test_a_word_against_what_staff_vouch_for_and_that_lead_to_each_other(desk, alice):
    staffs = remembered(alice, "The customer's name is Al.", key="staffs", trust="staff")
    word = remembered(alice, "I am Alice.", key="word", status="needs_review", contradicts="staffs")
    pages = {each: reverse("admin:review_memory_change", args=[each.pk]) for each in (staffs, word)}
    assert f'It says otherwise than <a href="{pages[staffs]}">' in desk.get(pages[word]).content.decode()
    assert (
        f'The customer has said otherwise since: <a href="{pages[word]}">' in desk.get(pages[staffs]).content.decode()
    )


def test_the_list_is_narrowed_to_an_account_or_a_conversation(desk, several, alice, bob):
    assert listed(desk, account__id__exact=str(bob.account_id)) == ["says he is a VIP", "keeps bees"]
    talk = Conversation.objects.get(title="Tea")
    assert listed(desk, conversation_id__exact=str(talk.pk)) == ["likes tea"]


def test_accounts_the_site_made_for_itself_are_left_out(desk, several, bob):
    Account.objects.filter(pk=bob.account_id).update(is_synthetic=True)
    assert "keeps bees" not in listed(desk)


def test_search_by_meaning_shows_the_nearest_first_and_says_when_the_store_is_away(desk, several, alice, monkeypatch):
    asked = []

    def nearest(query, account_id):
        asked.append((query, account_id))
        if query == "down":
            raise StoreUnavailable("gone")
        return [several["bees"].address, several["tea"].address]

    monkeypatch.setattr("support_site.review.searching.nearest", nearest)
    assert listed(desk, q="insects", by="meaning") == ["keeps bees", "likes tea"]
    assert listed(desk, q="drinks", by="meaning", account__id__exact=str(alice.account_id)) == ["likes tea"]
    assert asked == [("insects", None), ("drinks", str(alice.account_id))]
    response = desk.get(reverse(LIST), {"q": "down", "by": "meaning"})
    assert b"The store does not answer" in response.content


def queries_of_the_list(client, django_assert_max_num_queries, **query):
    with django_assert_max_num_queries(100) as taken:
        client.get(reverse(LIST), query)
    return len(taken)


def copied(record):
    record.pk, record.address = None, uuid.uuid4().hex
    return copy(record)


@pytest.mark.parametrize("query", [{}, {"queue": "unreviewed"}, {"q": "note"}])
def test_two_pages_of_memories_and_ten_take_the_same_queries(desk, alice, query, django_assert_max_num_queries):
    for number in range(10):
        remembered(alice, f"note {number}")
    desk.get(reverse(LIST))  # the read is on record now
    Record.objects.bulk_create(copied(Record.objects.first()) for _ in range(50))
    few = queries_of_the_list(desk, django_assert_max_num_queries, **query)
    Record.objects.bulk_create(copied(Record.objects.first()) for _ in range(440))
    assert queries_of_the_list(desk, django_assert_max_num_queries, **query) == few
    assert few <= 12


def test_the_pages_of_a_list_have_every_memory_once_and_in_its_order(desk, alice):
    memories = [remembered(alice, f"note {number:03}") for number in range(120)]
    Record.objects.filter(pk__in=[each.pk for each in memories[::40]]).update(status="quarantined")
    for query, first in (({}, []), ({"queue": "unreviewed"}, memories[::40])):
        shown = [
            row.pk
            for page in (1, 2, 3)
            for row in desk.get(reverse(LIST), {**query, "p": page}).context["cl"].result_list
        ]
        held_back = [each.pk for each in sorted(first, key=lambda each: -each.pk)]
        rest = [each.pk for each in reversed(memories) if each.pk not in held_back]
        assert shown == [*held_back, *rest]


@pytest.fixture
def told(alice):
    """A turn in which alice said something that became a memory, and a later one that used it."""
    talk = Conversation.objects.create(account=alice.account, title="Tea or coffee")
    first, second = (Turn.objects.create(conversation=talk, status="done") for _ in range(2))
    lines = [("customer", "I like tea.", first), ("agent", "Noted!", first), ("agent", "Some tea, then?", second)]
    for position, (role, text, turn) in enumerate(lines):
        Message.objects.create(conversation=talk, turn=turn, position=position, role=role, text=text)
    message = talk.messages.get(role="customer")
    source = {"conversation": str(talk.pk), "turn": str(first.pk), "message": str(message.pk)}
    memory = remembered(alice, "likes tea", source=source)
    note_recalled(second, {"memories": [memory.key], "orders": ["#W1"]})
    return memory


def test_a_memory_leads_to_its_message_and_to_the_replies_that_used_it(desk, told):
    page = desk.get(reverse("admin:review_memory_change", args=[told.pk])).context["page"]
    talk = reverse("admin:chat_conversation_change", args=[told.conversation_id])
    messages = {message.text: f"{talk}#message-{message.pk}" for message in Message.objects.all()}
    assert (page.source.text, page.source.url) == ("I like tea.", messages["I like tea."])
    assert [(said.text, said.url) for said in page.replies] == [("Some tea, then?", messages["Some tea, then?"])]
    text = desk.get(talk).content.decode()
    assert all(f'id="message-{message.pk}"' in text for message in Message.objects.all())


def test_a_conversation_leads_from_each_reply_to_the_memories_it_used(desk, sam, alice, told):
    text = desk.get(reverse("admin:chat_conversation_change", args=[told.conversation_id])).content.decode()
    assert text.count(f'href="{reverse("admin:review_memory_change", args=[told.pk])}"') == 1
    assert list(alice.account.record_reads.values_list("reader", "what")) == [(sam.pk, "conversation")]


def test_who_may_not_read_conversations_sees_no_words_of_them(client, told):
    dan = User.objects.create_user("dan@example.com", "demo-password", is_staff=True)
    dan.user_permissions.set([permission("review.view_memory")])
    client.force_login(dan)
    text = client.get(reverse("admin:review_memory_change", args=[told.pk])).content.decode()
    assert "likes tea" in text
    assert "I like tea." not in text
    assert "Some tea, then?" not in text


def permission(name):
    from django.contrib.auth.models import Permission

    label, codename = name.split(".")
    return Permission.objects.get(content_type__app_label=label, codename=codename)


def test_the_page_tells_what_was_done_by_whom_and_why_with_the_difference(desk, sam, several):
    do(desk, "quarantine", several["tea"], reason="never said that")
    text = desk.get(reverse("admin:review_memory_change", args=[several["tea"].pk])).content.decode()
    assert f"by {sam.email}" in text
    assert "Why: never said that" in text
    assert "Status: <del>active</del> <ins>quarantined</ins>" in text
    assert "Show as JSON" in text


def test_a_selection_is_judged_with_one_reason_and_undone_from_the_history(desk, several):
    chosen = [several["tea"], several["vip"]]
    response = desk.post(reverse(LIST), {"action": "quarantine", "_selected_action": [each.pk for each in chosen]})
    form = desk.get(response.url)
    assert {str(memory) for memory in form.context["memories"]} == {"likes tea", "says he is a VIP"}
    assert b"This field is required" in desk.post(response.url, {"reason": ""}).content
    back = desk.post(response.url, {"reason": "noise"})
    assert back.url == reverse(LIST)
    assert [Memory.objects.get(pk=each.pk).status for each in chosen] == ["quarantined"] * 2
    change = RecordChange.objects.filter(record=several["vip"].pk).first()
    desk.post(reverse("admin:review_memory_undo", args=[change.pk]), {"reason": "was right"})
    assert Memory.objects.get(pk=several["vip"].pk).status == "needs_review"


def test_each_form_of_the_desk_does_what_it_says(desk, sam, alice, several):
    tea, old = several["tea"], several["old"]
    seen = f'{{"{tea.pk}": "{tea.digest}"}}'
    do(desk, "edit", tea, text="likes coffee", kind="preference", seen=seen, reason="misheard")
    do(desk, "expire", tea, until="2031-05-01", reason="for now")
    tea.refresh_from_db()
    assert (tea.value["text"], tea.recalled_until.year) == ("likes coffee", 2031)
    both = f'{{"{tea.pk}": "{tea.digest}", "{old.pk}": "{old.digest}"}}'
    do(desk, "merge", tea, old, text="drinks coffee in Paris", seen=both, reason="one")
    assert "drinks coffee in Paris" in listed(desk)
    added = {"account": alice.account_id, "text": "rings twice", "kind": "fact", "form_id": uuid.uuid4()}
    do(desk, "add", **added, reason="by telephone")
    do(desk, "delete", several["bees"], reason="not ours")
    assert listed(desk)[0] == "rings twice"
    assert "keeps bees" not in listed(desk)
    assert listed(desk, status="deleted") == ["Deleted memory"]
    assert "Undo this" in desk.get(reverse("admin:review_memory_change", args=[several["bees"].pk])).content.decode()


def test_a_refusal_is_said_on_the_form_and_nothing_changes(desk, several):
    tea = several["tea"]
    seen = f'{{"{tea.pk}": "something older"}}'
    response = do(desk, "edit", tea, text="likes coffee", kind="preference", seen=seen, reason="misheard")
    assert "It was changed meanwhile" in response.content.decode()
    tea.refresh_from_db()
    assert tea.value["text"] == "likes tea"


@pytest.mark.parametrize("where", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_led_away_from_the_site(desk, several, where):
    url = f"{reverse('admin:review_memory_act', args=['approve'])}?ids={several['tea'].pk}&next={where}"
    assert desk.post(url, {"reason": "fine"}).url.startswith("/admin/")


def test_every_read_of_a_memory_is_on_record(reader, rita, alice, told):
    reader.get(reverse("admin:review_memory_change", args=[told.pk]))
    reader.get(reverse(LIST), {"q": "tea"})
    reads = alice.account.record_reads.order_by("id").values_list("reader", "what")
    assert list(reads) == [(rita.pk, "memory (fact)"), (rita.pk, "list of memories")]


def test_what_a_customer_wrote_is_text_on_every_page(desk, alice):
    memory = remembered(alice, "<script>alert(1)</script>", kind="<b>fact</b>", about="<i>x</i>")
    pages = (
        reverse(LIST),
        reverse("admin:review_memory_change", args=[memory.pk]),
        f"{reverse('admin:review_memory_act', args=['edit'])}?ids={memory.pk}",
    )
    for address in pages:
        text = desk.get(address).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert not any(mark in text for mark in ("<script>alert", "<b>fact", "<i>x"))


@pytest.mark.parametrize(
    "odd",
    [{"source": "somewhere", "valid_from": "soon", "confidence": "high"}, {"kind": 5, "trust": ["x"], "about": 7}],
)
def test_a_value_of_another_shape_can_be_read_too(desk, alice, odd):
    memory = remembered(alice, "odd", **odd)
    for address in (reverse(LIST), reverse("admin:review_memory_change", args=[memory.pk])):
        assert desk.get(address).status_code == 200


def test_the_front_page_counts_what_is_held_back_for_who_may_read_it(desk, client, several):
    front = reverse("admin:index")
    assert desk.get(front).context["held_back"] == 2
    do(desk, "approve", several["vip"], reason="he is")
    assert desk.get(front).context["held_back"] == 1
    client.force_login(User.objects.create_user("dan@example.com", "demo-password", is_staff=True))
    assert client.get(front).context["held_back"] == 0
