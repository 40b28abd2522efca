"""Pages by which customers and privacy officers take data away; nobody else can."""

import pytest
from django.urls import reverse

from support_site.accounts.models import User
from support_site.chat.models import Conversation
from support_site.memory.models import RecordRead
from support_site.privacy import erasure as erasures
from support_site.privacy import exporting
from support_site.privacy.models import Deletion, Erasure, Export

pytestmark = pytest.mark.django_db(transaction=True)

DELETE = {"password": "demo-password", "typed": "delete"}


@pytest.fixture
def officer(db):
    """Staff who may erase and export, and nothing else."""
    from django.contrib.auth.models import Permission

    user = User.objects.create_user("olga@example.com", "demo-password", name="Olga", is_staff=True)
    names = ("erase_account", "export_account", "view_erasure", "view_export", "view_deletion")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"typed": "yes"}, {"password": ""}, {"typed": ""}])
def test_an_account_is_deleted_only_with_the_password_and_the_typed_word(client, alice, home, wrong):
    client.force_login(alice)
    assert client.post(reverse("privacy_delete"), DELETE | wrong).status_code == 200
    assert not Erasure.objects.exists()
    assert client.get("/").status_code == 200


def test_a_customer_who_deletes_the_account_is_signed_out_and_sees_how_far_it_is(client, alice, home, no_tasks):
    client.force_login(alice)
    response = client.post(reverse("privacy_delete"), DELETE)
    erasure = Erasure.objects.get()
    assert response.headers["Location"] == reverse("privacy_receipt", args=[erasure.pk])
    assert no_tasks == [("erase", str(erasure.pk))]
    assert (erasure.asked_by, erasure.notify) == ("customer", "alice@example.com")
    assert client.get("/").status_code == 302
    page = client.get(response.headers["Location"]).content.decode()
    assert "data-live" in page
    erasures.proceed(erasure)
    page = client.get(response.headers["Location"]).content.decode()
    assert "data-live" not in page
    assert "Your account is deleted" in page
    assert "alice" not in page.lower()


def test_passwords_cannot_be_guessed_on_the_page(client, alice, home):
    client.force_login(alice)
    for _ in range(11):
        page = client.post(reverse("privacy_delete"), DELETE | {"password": "guess"}).content.decode()
    assert "too often" in page
    assert not client.post(reverse("privacy_delete"), DELETE).headers.get("Location")


def test_a_customer_deletes_a_conversation_of_their_own_and_no_other(client, alice, bob, home, no_tasks):
    own, foreign = (Conversation.objects.create(account=user.account) for user in (alice, bob))
    client.force_login(alice)
    assert client.post(reverse("conversation_delete", args=[foreign.pk])).status_code == 404
    url = reverse("conversation_delete", args=[own.pk])
    assert client.get(url).status_code == 200
    assert Conversation.objects.filter(pk=own.pk).exists()
    assert client.post(url).headers["Location"] == reverse("conversations")
    assert list(Conversation.objects.all()) == [foreign]
    assert no_tasks == [("finish_deletion", str(own.pk))]


def test_a_privacy_officer_erases_an_account_with_a_reason(client, officer, alice, home, no_tasks):
    client.force_login(officer)
    url = reverse("admin:privacy_erase_account", args=[alice.account_id])
    assert client.post(url, {"reason": ""}).status_code == 200
    assert not Erasure.objects.exists()
    response = client.post(url, {"reason": "asked by mail"}, follow=True)
    erasure = Erasure.objects.get()
    assert (erasure.asked_by, erasure.reason) == (f"staff:{officer.pk}", "asked by mail")
    assert no_tasks == [("erase", str(erasure.pk))]
    assert "Sign-ins and open pages" in response.content.decode()


def test_a_privacy_officer_deletes_a_conversation_with_a_reason(client, officer, alice, home):
    conversation = Conversation.objects.create(account=alice.account)
    client.force_login(officer)
    client.post(reverse("admin:privacy_delete_conversation", args=[conversation.pk]), {"reason": "wrong customer"})
    assert not Conversation.objects.exists()
    assert Deletion.objects.get().reason == "wrong customer"


def test_an_export_by_staff_is_on_record_and_so_is_that_it_was_fetched(client, officer, alice, home):
    client.force_login(officer)
    client.post(reverse("admin:privacy_export_account", args=[alice.account_id]), {"reason": "asked by letter"})
    export = Export.objects.get()
    assert (export.asked_by, export.reason) == (f"staff:{officer.pk}", "asked by letter")
    exporting.make(export)
    response = client.get(reverse("admin:privacy_fetch_export", args=[export.pk]))
    assert response.getvalue().startswith(b"PK")
    assert RecordRead.objects.get(account=alice.account).reader == officer


@pytest.mark.parametrize("name", ["privacy_erase_account", "privacy_export_account", "privacy_delete_conversation"])
def test_who_only_reads_may_not_erase_or_export(client, rita, alice, name):
    conversation = Conversation.objects.create(account=alice.account)
    client.force_login(rita)
    pk = conversation.pk if "conversation" in name else alice.account_id
    url = reverse(f"admin:{name}", args=[pk])
    assert client.get(url).status_code == 403
    assert client.post(url, {"reason": "x"}).status_code == 403
    assert (
        "Erase this account"
        not in client.get(reverse("admin:accounts_account_change", args=[alice.account_id])).content.decode()
    )


def test_the_account_page_of_the_admin_offers_it_to_who_may(client, sam, alice):
    client.force_login(sam)
    page = client.get(reverse("admin:accounts_account_change", args=[alice.account_id])).content.decode()
    assert "Erase this account" in page
    assert "Export all data" in page
