import pytest
from django.contrib.auth import SESSION_KEY

from support_site.accounts.models import User

pytestmark = pytest.mark.django_db


def test_a_customer_signs_in_and_comes_to_their_conversations(alice, client, sign_in):
    assert sign_in("alice@example.com").url == "/"
    assert client.session[SESSION_KEY] == str(alice.pk)


def test_an_address_may_be_written_in_capitals(alice, client, sign_in):
    assert sign_in("Alice@Example.COM").url == "/"


def test_staff_without_an_account_come_to_the_admin(sam, sign_in):
    assert sign_in("sam@example.com").url == "/admin/"


def test_staff_without_an_account_who_open_the_customers_page_are_shown_the_way(sam, client):
    client.force_login(sam)
    page = client.get("/")
    assert page.status_code == 403
    assert 'href="/admin/"' in page.content.decode()


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(alice, client, sign_in):
    wrong, unknown = sign_in("alice@example.com", "wrong"), sign_in("nobody@example.com", "wrong")
    assert wrong.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()
    assert (wrong.status_code, unknown.status_code) == (200, 200)
    assert SESSION_KEY not in client.session


def test_after_five_wrong_passwords_even_the_right_one_must_wait(alice, client, sign_in):
    for _ in range(5):
        sign_in("alice@example.com", "wrong")
    refused = sign_in("alice@example.com")
    assert "Too many failed" in str(refused.context["form"].non_field_errors())
    assert SESSION_KEY not in client.session


def test_wrong_passwords_for_one_address_do_not_lock_another_out(alice, bob, client, sign_in):
    for _ in range(5):
        sign_in("alice@example.com", "wrong")
    assert sign_in("bob@example.com").url == "/"


def test_guessing_one_password_for_many_addresses_is_stopped(alice, client, sign_in):
    for n in range(10):
        sign_in(f"guess{n}@example.com", "demo-password")
    assert "Too many failed" in str(sign_in("alice@example.com").context["form"].non_field_errors())


def test_a_deactivated_user_learns_that_only_with_the_right_password(alice, client, sign_in):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert sign_in("alice@example.com", "wrong").status_code == 200
    refused = sign_in("alice@example.com")
    assert refused.url == "/accounts/inactive/"
    assert "switched it off" in client.get(refused.url).content.decode()
    assert SESSION_KEY not in client.session


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", r"/\evil.example", "javascript:alert(1)"]
)
def test_sign_in_sends_nobody_to_another_site(alice, sign_in, elsewhere):
    assert sign_in("alice@example.com", next=elsewhere).url == "/"


def test_sign_in_goes_on_to_the_page_that_was_asked_for(alice, sign_in):
    assert sign_in("alice@example.com", next="/accounts/password/change/").url == "/accounts/password/change/"


def test_the_session_key_changes_at_sign_in(alice, client, sign_in):
    client.get("/accounts/login/")
    session = client.session
    session["before"] = "1"
    session.save()
    key = session.session_key
    sign_in("alice@example.com")
    assert client.session.session_key != key


def test_a_session_lasts_beyond_the_closing_of_the_browser_but_is_hidden_from_scripts(alice, client, sign_in):
    sign_in("alice@example.com")
    cookie = client.cookies["sessionid"]
    assert int(cookie["max-age"]) > 86_400
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_signing_out_needs_a_post_and_then_the_pages_are_closed(alice, client):
    client.force_login(alice)
    assert client.get("/accounts/logout/").status_code == 200
    assert SESSION_KEY in client.session
    assert client.post("/accounts/logout/").url == "/accounts/login/"
    assert client.get("/").url.startswith("/accounts/login/")


@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/accounts/signup/", "/accounts/logout/", "/accounts/password/reset/"]
)
def test_a_form_without_its_token_is_refused_in_words(path, alice):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    refused = client.post(path)
    assert refused.status_code == 403
    assert "open for too long" in refused.content.decode()


def test_the_admin_has_no_sign_in_of_its_own(client):
    assert client.get("/admin/").url.startswith("/admin/login/")
    assert client.get("/admin/login/?next=/admin/").url == "/accounts/login/?next=%2Fadmin%2F"
    refused = client.post("/admin/login/", {"username": "sam@example.com", "password": "x"})
    assert refused.url.startswith("/accounts/login/")


def test_a_customer_is_not_let_into_the_admin(alice, client):
    client.force_login(alice)
    assert client.get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize(
    "path", ["email/", "reauthenticate/", "login/code/confirm/", "phone/verify/", "social/connections/"]
)
def test_pages_of_allauth_that_are_not_ours_do_not_exist(alice, client, path):
    client.force_login(alice)
    assert client.get(f"/accounts/{path}").status_code == 404
