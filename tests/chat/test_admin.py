"""Conversations in the admin."""

import pytest
from django.contrib.admin.models import LogEntry

from support_site.chat.models import Action, Conversation, Message, Turn

pytestmark = pytest.mark.django_db
LIST = "/admin/chat/conversation/"


@pytest.fixture
def told(conversation):
    """alice's conversation with something said, answered and proposed."""
    Conversation.objects.filter(pk=conversation.pk).update(title="A lamp that broke")
    turn = Turn.objects.create(
        conversation=conversation, status="failed", error_code="model_busy", model="offline model"
    )
    text = "<script>alert('xss')</script> My lamp broke"
    Message.objects.create(conversation=conversation, turn=turn, position=1, role="customer", text=text)
    preview = {"title": "Return <b>lamp</b>", "lines": [], "amount": "12.00"}
    Action.objects.create(
        id=f"{turn.pk}:c", turn=turn, tool="return_items", preview=preview, digest="d", approver="staff"
    )
    return conversation


@pytest.fixture
def desk(client, sam):
    client.force_login(sam)
    return client


@pytest.fixture
def reader(client, rita):
    client.force_login(rita)
    return client


def body(page):
    assert page.status_code == 200
    return page.content.decode()


@pytest.mark.parametrize("words", ["lamp broke", "Alice", "alice@example.com", "that broke"])
def test_staff_find_a_conversation_by_its_words_and_its_customer(desk, told, words):
    assert "A lamp that broke" in body(desk.get(LIST, {"q": words}))


def test_staff_find_a_conversation_by_its_id(desk, told):
    assert "A lamp that broke" in body(desk.get(LIST, {"q": str(told.pk)}))
    assert "A lamp that broke" not in body(desk.get(LIST, {"q": "nothing like it"}))


def test_conversations_that_need_a_person_come_first(desk, told, alice):
    waiting = Conversation.objects.create(account=alice.account, title="Needs a person", needs_person=True)
    Conversation.objects.filter(pk=waiting.pk).update(updated_at="2020-01-01T00:00Z")
    page = body(desk.get(LIST))
    assert page.index("Needs a person") < page.index("A lamp that broke")


def test_the_transcript_is_shown_as_text_with_turns_and_the_customer(desk, told):
    page = body(desk.get(f"{LIST}{told.pk}/change/"))
    assert "&lt;script&gt;alert(&#x27;xss&#x27;)&lt;/script&gt; My lamp broke" in page
    assert "<script>alert('xss')" not in page
    assert f"/admin/accounts/account/{told.account_id}/change/" in page
    assert f"/admin/chat/turn/{told.turns.get().pk}/change/" in page


def test_a_turn_shows_what_the_customer_was_told_and_what_was_proposed(desk, told):
    turn = told.turns.get()
    page = body(desk.get(f"/admin/chat/turn/{turn.pk}/change/"))
    assert "Very many people are asking" in page
    assert "return_items" in page


def test_actions_are_listed_with_their_customer_and_what_they_would_do(desk, told):
    page = body(desk.get("/admin/chat/action/"))
    assert "Return &lt;b&gt;lamp&lt;/b&gt;" in page
    assert "Alice Moreau" in page


def test_nobody_changes_adds_or_deletes_what_was_said(desk, told):
    turn = told.turns.get()
    for path in (f"{LIST}{told.pk}/", f"/admin/chat/turn/{turn.pk}/", f"/admin/chat/action/{turn.pk}_3Ac/"):
        assert desk.post(f"{path}delete/", {"post": "yes"}).status_code == 403
        assert desk.post(f"{path}change/", {"title": "x"}).status_code == 403
    assert desk.get(f"{LIST}add/").status_code == 403
    assert told.messages.count() == 1


def test_read_only_staff_read_everything_and_hand_nothing_back(reader, told):
    Conversation.objects.update(needs_person=True)
    assert "A lamp that broke" in body(reader.get(LIST))
    assert "My lamp broke" in body(reader.get(f"{LIST}{told.pk}/change/"))
    reader.post(LIST, {"action": "hand_back", "_selected_action": [str(told.pk)]})
    assert Conversation.objects.get().needs_person


def test_staff_hand_a_conversation_back_and_it_is_on_record(desk, told, sam):
    Conversation.objects.update(needs_person=True)
    desk.post(LIST, {"action": "hand_back", "_selected_action": [str(told.pk)]})
    assert not Conversation.objects.get().needs_person
    assert LogEntry.objects.get(user=sam).object_id == str(told.pk)


def test_customers_do_not_see_the_admin(client, alice, told):
    client.force_login(alice)
    assert client.get(f"{LIST}{told.pk}/change/").status_code in (302, 403)


def test_the_list_takes_a_fixed_number_of_queries(desk, alice, django_assert_max_num_queries):
    for number in range(30):
        Turn.objects.create(conversation=Conversation.objects.create(account=alice.account, title=str(number)))
    with django_assert_max_num_queries(15):
        desk.get(LIST)


def test_filters_that_are_not_offered_are_refused(desk, told):
    assert desk.get(LIST, {"account__users__password__startswith": "pbkdf2"}).status_code in (302, 400)
