import re

import pytest
from django.core import mail

from support_site.accounts.models import Account, User

pytestmark = pytest.mark.django_db


def test_a_sign_up_makes_a_user_with_an_account_of_their_own_and_signs_them_in(client, sign_up):
    response = sign_up()
    user = User.objects.get(email="nora@example.com")
    assert response.url == "/"
    assert (user.name, user.account.name, user.is_staff) == ("Nora Berg", "Nora Berg", False)
    assert client.session["_auth_user_id"] == str(user.pk)


def test_two_people_who_sign_up_share_no_account(client, sign_up):
    sign_up("nora@example.com")
    client.logout()
    sign_up("nils@example.com")
    assert User.objects.values("account").distinct().count() == 2


def test_an_imported_customer_is_not_joined_by_signing_up_with_their_name(client, sign_up):
    imported = Account.objects.create(name="Nora Berg", shop_customer_id="nora_berg_1")
    sign_up(name="Nora Berg")
    assert User.objects.get().account != imported


@pytest.mark.parametrize("password", ["short", "12345678901", "password123", "nora@example.com"])
def test_a_password_that_is_easy_to_guess_makes_no_user_and_no_account(sign_up, password):
    response = sign_up(password=password)
    assert response.status_code == 200
    assert response.context["form"].errors["password1"]
    assert not User.objects.exists()
    assert not Account.objects.exists()


@pytest.mark.parametrize("field", ["name", "email", "password1"])
def test_nothing_may_be_left_out(sign_up, field):
    form = {"name": "Nora", "email": "nora@example.com", "password1": "quiet-harbour-9", field: "  "}
    response = sign_up(form["email"], form["name"], form["password1"])
    assert field in response.context["form"].errors
    assert not User.objects.exists()


def test_a_failed_sign_up_leaves_no_account_without_its_user(client, sign_up, monkeypatch):
    def fails(*args, **kwargs):
        raise RuntimeError("the database went away")

    monkeypatch.setattr(User, "save", fails)
    with pytest.raises(RuntimeError):
        sign_up()
    assert not Account.objects.exists()


def test_a_sign_up_cannot_make_itself_staff_or_join_an_account(alice, sign_up):
    sign_up(is_staff="on", is_superuser="on", account=str(alice.account_id))
    user = User.objects.get(email="nora@example.com")
    assert not user.is_staff
    assert not user.is_superuser
    assert user.account != alice.account


def test_with_a_mail_server_the_sign_up_page_does_not_tell_who_has_an_account(alice, client, sign_up, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    unknown, known = sign_up("nora@example.com"), sign_up("alice@example.com")
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert client.get(known.url).status_code == 200
    assert [message.to for message in mail.outbox] == [["nora@example.com"], ["alice@example.com"]]
    assert "You have one already" in mail.outbox[1].body
    assert User.objects.filter(email="alice@example.com").count() == 1


def test_with_a_mail_server_the_link_in_the_mail_opens_the_door(client, sign_up, sign_in, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    sign_up()
    assert "_auth_user_id" not in client.session
    link = re.search(r"http://testserver(\S+)", mail.outbox[0].body)[1]
    assert "Is this your address?" in client.get(link).content.decode()
    client.post(link)
    assert sign_in("nora@example.com", "quiet-harbour-9").url == "/"


def test_a_confirmation_link_that_was_made_up_says_so(client):
    assert "This link no longer works" in client.get("/accounts/confirm-email/made-up/").content.decode()


def test_sign_ups_are_throttled_with_a_page_of_ours(sign_up):
    codes = {sign_up(f"nora{n}@example.com", password="short").status_code for n in range(20)}
    assert codes == {200}
    refused = sign_up("one-too-many@example.com")
    assert refused.status_code == 429
    assert "That was too often" in refused.content.decode()
