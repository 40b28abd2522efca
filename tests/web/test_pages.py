"""Every page: its policy, its headings, its links; signed in and not."""

import re

import pytest
from django.core.cache import cache
from django.urls import get_resolver, reverse

from support_site.chat.models import Conversation, Message

pytestmark = pytest.mark.django_db

OPEN = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/done/",
    "/accounts/password/reset/key/1-made-up/",
    "/accounts/inactive/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/made-up/",
    "/nowhere/",
]
CLOSED = ["/", "/accounts/password/change/", "/accounts/logout/"]


@pytest.fixture(autouse=True)
def unthrottled():
    cache.clear()


@pytest.fixture
def conversation(alice):
    conversation = Conversation.objects.create(account=alice.account, title="<b>Where</b> is it?")
    Message.objects.create(
        conversation=conversation, position=1, role="customer", text="<b>Where</b> is it?", author=alice
    )
    return conversation


def policy(response):
    return dict(each.strip().split(" ", 1) for each in response["Content-Security-Policy"].split(";"))


@pytest.mark.parametrize("path", OPEN)
def test_a_page_for_everybody_has_a_strict_policy_a_title_and_one_heading(client, path):
    check_page(client.get(path))


@pytest.mark.parametrize("path", [*CLOSED, "conversation"])
def test_a_page_for_customers_has_a_strict_policy_a_title_and_one_heading(client, alice, conversation, path):
    client.force_login(alice)
    check_page(client.get(reverse(path, args=[conversation.pk]) if path == "conversation" else path))


def check_page(response):
    allowed, page = policy(response), response.content.decode()
    assert allowed["default-src"] == "'none'"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert allowed["script-src"] == allowed["style-src"] == allowed["connect-src"] == "'self'"
    assert allowed["frame-ancestors"] == allowed["base-uri"] == "'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert re.search(r"<title>[^<]+</title>", page)
    assert len(re.findall("<h1", page)) == 1
    assert '<html lang="en">' in page


def test_every_page_of_accounts_is_among_those_looked_at():
    patterns = [str(each.pattern) for each in get_resolver("support_site.accounts.urls").url_patterns]
    redirected = {"password/set/"}
    looked_at = [path.removeprefix("/accounts/") for path in OPEN + CLOSED]
    for pattern in set(patterns) - redirected:
        expression = pattern if pattern.startswith("^") else f"^{re.escape(pattern)}$"
        assert any(re.match(expression, path) for path in looked_at), pattern


@pytest.mark.parametrize("path", [*OPEN, *CLOSED])
def test_every_link_of_a_page_leads_somewhere(client, alice, path):
    if path in CLOSED:
        client.force_login(alice)
    for link in set(re.findall(r'<a [^>]*href="(/[^"?]*)', client.get(path).content.decode())):
        assert client.get(link).status_code in (200, 302), link


def test_the_banner_says_which_model_answers(client, alice):
    client.force_login(alice)
    assert "<strong>Offline model.</strong>" in client.get("/").content.decode()


def test_a_real_model_is_named_in_the_banner_and_said_to_make_mistakes(client, alice, settings):
    settings.OFFLINE_MODEL, settings.OPENAI_MODEL = False, "gpt-5-mini"
    client.force_login(alice)
    page = client.get("/").content.decode()
    assert "<strong>gpt-5-mini</strong>" in page
    assert "can make mistakes" in page
    assert "Offline model" not in page


def test_a_first_visit_is_greeted_and_shown_how_to_begin(client, alice):
    client.force_login(alice)
    page = client.get("/").content.decode()
    assert "How can we help?" in page
    assert page.count('action="/conversations/new/"') == 2


def test_the_list_shows_title_last_words_and_who_has_the_conversation(client, alice, conversation):
    Conversation.objects.filter(pk=conversation.pk).update(needs_person=True)
    client.force_login(alice)
    page = client.get("/").content.decode()
    assert "&lt;b&gt;Where&lt;/b&gt; is it?" in page
    assert "<b>Where" not in page
    assert "With our team" in page
    assert reverse("conversation", args=[conversation.pk]) in page


def test_a_long_list_has_pages(client, alice):
    for n in range(25):
        each = Conversation.objects.create(account=alice.account, title=f"Question {n}")
        Message.objects.create(conversation=each, position=1, role="customer", text="Hello", author=alice)
    client.force_login(alice)
    first, second = client.get("/").content.decode(), client.get("/?page=2").content.decode()
    assert 'rel="next" href="?page=2"' in first
    assert 'rel="prev" href="?page=1"' in second
    assert first.count("conversation-title") + second.count("conversation-title") == 25


def test_kept_messages_are_in_the_page_itself_escaped(client, alice, conversation):
    client.force_login(alice)
    page = client.get(reverse("conversation", args=[conversation.pk])).content.decode()
    assert "&lt;b&gt;Where&lt;/b&gt; is it?" in page
    assert "<b>Where" not in page


@pytest.mark.parametrize(
    "card",
    [{"type": "memory"}, {"type": "receipt", "amount": "47.84", "note": "<i>note</i>"}],
    ids=lambda card: card["type"],
)
def test_kept_cards_are_in_the_page_itself_escaped(client, alice, conversation, card):
    card |= {"title": "<i>Noted</i>", "lines": [{"label": "<i>l</i>", "value": "<i>v</i>"}]}
    Message.objects.create(conversation=conversation, position=2, role="agent", text="", cards=[card])
    client.force_login(alice)
    page = client.get(reverse("conversation", args=[conversation.pk])).content.decode()
    assert "&lt;i&gt;Noted&lt;/i&gt;" in page
    assert "&lt;i&gt;v&lt;/i&gt;" in page
    assert "<i>" not in page


def test_an_error_of_the_site_has_a_page_that_needs_nothing_of_it(client, settings):
    from django.views.defaults import bad_request, server_error

    for view, code in ((server_error, 500), (lambda request: bad_request(request, Exception()), 400)):
        response = view(client.get("/accounts/login/").wsgi_request)
        assert response.status_code == code
        assert "entrance-card" in response.content.decode()
