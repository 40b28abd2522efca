import re

import pytest
from django.contrib.auth import SESSION_KEY
from django.core import mail

pytestmark = pytest.mark.django_db

NEW = "quiet-harbour-9"


@pytest.fixture
def ask(client):
    return lambda email: client.post("/accounts/password/reset/", {"email": email})


@pytest.fixture
def link(alice, ask):
    """The link of alice's mail."""
    ask("alice@example.com")
    return re.search(r"http://testserver(\S+)", mail.outbox[0].body)[1]


def test_a_forgotten_password_is_chosen_anew_by_the_link_in_the_mail(client, link, sign_in):
    form = client.get(link, follow=True)
    assert "Choose a new password" in form.content.decode()
    done = client.post(form.request["PATH_INFO"], {"password1": NEW, "password2": NEW}, follow=True)
    assert "Password changed" in done.content.decode()
    assert sign_in("alice@example.com", "demo-password").status_code == 200
    assert sign_in("alice@example.com", NEW).url == "/"


def test_a_link_works_once(client, link):
    path = client.get(link, follow=True).request["PATH_INFO"]
    client.post(path, {"password1": NEW, "password2": NEW})
    assert "This link no longer works" in client.get(link, follow=True).content.decode()


def test_a_link_for_one_person_changes_nobody_else(alice, bob, client, link, sign_in):
    client.force_login(bob)
    path = client.get(link, follow=True).request["PATH_INFO"]
    client.post(path, {"password1": NEW, "password2": NEW})
    client.logout()
    assert sign_in("bob@example.com").url == "/"


def test_the_page_says_the_same_for_known_and_unknown_addresses(alice, ask, client):
    known, unknown = ask("alice@example.com"), ask("nobody@example.com")
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert "If that address has an account" in client.get(known.url).content.decode()
    assert [message.to for message in mail.outbox] == [["alice@example.com"], ["nobody@example.com"]]


def test_mails_carry_the_name_of_the_site_and_no_markup(link, settings):
    message = mail.outbox[0]
    assert settings.SITE_NAME in message.body
    assert message.subject == "Choose a new password"
    assert "<" not in message.body


def test_asking_again_and_again_is_throttled(alice, ask):
    assert {ask("alice@example.com").status_code for _ in range(5)} == {302}
    assert ask("alice@example.com").status_code == 429
    assert len(mail.outbox) == 5


def test_a_password_is_changed_with_the_old_one_and_the_session_stays(alice, client, sign_in):
    sign_in("alice@example.com")
    form = {"oldpassword": "demo-password", "password1": NEW, "password2": NEW}
    assert client.post("/accounts/password/change/", form).url == "/"
    assert SESSION_KEY in client.session
    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_a_password_is_not_changed_without_the_old_one(alice, client):
    client.force_login(alice)
    client.post("/accounts/password/change/", {"oldpassword": "wrong", "password1": NEW, "password2": NEW})
    alice.refresh_from_db()
    assert alice.check_password("demo-password")


def test_a_new_password_closes_the_sessions_elsewhere(alice, client, sign_in):
    from django.test import Client

    elsewhere = Client()
    elsewhere.force_login(alice)
    assert elsewhere.get("/accounts/password/change/").status_code == 200
    sign_in("alice@example.com")
    client.post("/accounts/password/change/", {"oldpassword": "demo-password", "password1": NEW, "password2": NEW})
    assert elsewhere.get("/accounts/password/change/").status_code == 302
