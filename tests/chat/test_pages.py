"""The pages of a customer's conversations."""

import uuid

import pytest

from support_site.chat.models import Conversation, Message, Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client, alice):
    client.force_login(alice)
    return client


def said(conversation, text, role="customer", turn=None):
    position = conversation.messages.count() + 1
    return Message.objects.create(
        conversation=conversation, turn=turn, position=position, role=role, text=text, html=f"<p>{text}</p>"
    )


@pytest.mark.parametrize("address", ["/", "/conversations/{id}/"])
def test_a_page_asks_for_a_sign_in_first(client, conversation, address):
    response = client.get(address.format(id=conversation.pk))
    assert (response.status_code, response.url.partition("?")[0]) == (302, "/accounts/login/")


def test_the_list_shows_the_accounts_own_conversations_and_the_last_words(signed_in, conversation, bob):
    foreign = Conversation.objects.create(account=bob.account, title="Bob's")
    said(foreign, "a secret of bob's")
    said(conversation, "Where is it?")
    said(conversation, "On its way.", role="agent")
    page = signed_in.get("/").content.decode()
    assert "On its way." in page
    assert "Bob" not in page
    assert "secret" not in page


def test_the_list_leaves_out_what_nobody_has_written_in(signed_in, conversation):
    assert str(conversation.pk) not in signed_in.get("/").content.decode()


def test_the_list_comes_in_pages_with_a_fixed_number_of_queries(signed_in, alice, django_assert_max_num_queries):
    for number in range(45):
        said(Conversation.objects.create(account=alice.account, title=f"Title {number}"), f"Words {number}")
    with django_assert_max_num_queries(5):
        page = signed_in.get("/", {"page": 3})
    assert page.context["page_obj"].paginator.num_pages == 3
    assert len(page.context["conversations"]) == 5
    assert "Title 0" in page.content.decode()


@pytest.mark.parametrize("page", ["0", "x", "999", "-1"])
def test_a_page_number_that_does_not_exist_is_a_page_all_the_same(signed_in, page):
    assert signed_in.get("/", {"page": page}).status_code == 200


def test_a_conversation_shows_what_was_kept(signed_in, conversation):
    said(conversation, "Where is it?")
    page = signed_in.get(f"/conversations/{conversation.pk}/")
    assert page.status_code == 200
    assert "<p>Where is it?</p>" in page.content.decode()


def test_a_foreign_conversation_looks_exactly_like_a_missing_one(signed_in, bob):
    foreign = Conversation.objects.create(account=bob.account, title="Bob's")
    pages = [signed_in.get(f"/conversations/{pk}/") for pk in (foreign.pk, uuid.uuid4())]
    assert [page.status_code for page in pages] == [404, 404]
    assert "Bob" not in pages[0].content.decode()


def test_what_answers_a_message_stands_behind_it_even_if_it_was_kept_later(signed_in, conversation):
    first, second = (Turn.objects.create(conversation=conversation, status="done") for _ in range(2))
    said(conversation, "One?", turn=first)
    said(conversation, "Two?", turn=second)
    said(conversation, "One!", role="agent", turn=first)
    said(conversation, "A person comes.", role="system")
    said(conversation, "Two!", role="agent", turn=second)
    kept = signed_in.get(f"/conversations/{conversation.pk}/").context["kept"]
    assert [message["text"] for message in kept] == ["One?", "One!", "Two?", "Two!", "A person comes."]


def test_a_new_conversation_is_made_once_however_often_it_is_asked_for(signed_in, alice):
    addresses = {signed_in.post("/conversations/new/").url for _ in range(3)}
    assert addresses == {f"/conversations/{alice.account.conversations.get().pk}/"}


def test_a_conversation_is_not_made_by_a_link(signed_in):
    assert signed_in.get("/conversations/new/").status_code == 405


def test_a_conversation_is_not_made_by_another_site(alice):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post("/conversations/new/").status_code == 403


def test_staff_without_an_account_are_told_where_they_are(client, sam):
    client.force_login(sam)
    assert client.get("/").status_code == 403


def test_every_page_says_which_model_answers(signed_in):
    context = signed_in.get("/").context
    assert (context["model_name"], context["model_is_offline"]) == ("offline model", True)
