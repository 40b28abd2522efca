import pytest
from allauth.account.models import EmailAddress

from support_site.accounts.models import Account, User

pytestmark = pytest.mark.django_db

PASSWORD = "quiet-harbour-9"
NEW_USER = {"email": "Nora@Example.com", "name": "Nora", "usable_password": "true"} | {
    "password1": PASSWORD,
    "password2": PASSWORD,
}


@pytest.fixture
def desk(client, sam):
    client.force_login(sam)
    return client


@pytest.mark.parametrize("wanted", ["Alice", "alice@example", "shop_alice_7"])
def test_staff_find_an_account_by_name_address_or_shop_id(desk, alice, bob, wanted):
    Account.objects.filter(pk=alice.account_id).update(shop_customer_id="shop_alice_7")
    page = desk.get("/admin/accounts/account/", {"q": wanted}).content.decode()
    assert "Alice Moreau" in page
    assert "Bob Tanaka" not in page


def test_staff_find_an_account_by_its_id(desk, alice, bob):
    page = desk.get("/admin/accounts/account/", {"q": str(alice.account_id)}).content.decode()
    assert "Alice Moreau" in page
    assert "Bob Tanaka" not in page


def test_an_account_leads_to_its_conversations_and_its_records(desk, alice):
    page = desk.get(f"/admin/accounts/account/{alice.account_id}/change/").content.decode()
    lists = ("chat/conversation", "orders/order", "review/memory", "memory/record", "memory/recordread")
    for path in (f"/admin/{each}/" for each in lists):
        link = f"{path}?account__id__exact={alice.account_id}"
        assert link in page
        assert desk.get(link).status_code == 200


def test_the_list_of_accounts_asks_the_database_as_often_for_many_as_for_few(desk, django_assert_max_num_queries):
    for n in range(20):
        User.objects.create_user(f"user{n}@example.com", name=f"User {n}")
    with django_assert_max_num_queries(12):
        desk.get("/admin/accounts/account/")


def test_a_user_made_by_staff_can_sign_in_and_has_an_account(desk, client):
    desk.post("/admin/accounts/user/add/", NEW_USER)
    user = User.objects.get(email="nora@example.com")
    assert user.account.name == "Nora"
    client.logout()
    assert client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}).url == "/"


def test_a_second_person_can_be_given_the_same_account(desk, alice):
    desk.post("/admin/accounts/user/add/", NEW_USER | {"account": str(alice.account_id)})
    assert User.objects.get(email="nora@example.com").account == alice.account


def test_an_address_is_given_once_whatever_its_capitals(desk, alice):
    page = desk.post("/admin/accounts/user/add/", NEW_USER | {"email": "ALICE@example.com"})
    assert "Somebody already signs in with this address" in page.content.decode()


def test_an_address_taken_away_by_staff_no_longer_opens_the_door(desk, alice, client):
    EmailAddress.objects.create(user=alice, email=alice.email, primary=True, verified=True)
    form = {"email": "new@example.com", "name": "Alice", "account": str(alice.account_id), "is_active": "on"}
    assert desk.post(f"/admin/accounts/user/{alice.pk}/change/", form).status_code == 302
    client.logout()
    assert (
        client.post("/accounts/login/", {"login": "alice@example.com", "password": "demo-password"}).status_code == 200
    )
    assert client.post("/accounts/login/", {"login": "new@example.com", "password": "demo-password"}).url == "/"


@pytest.mark.parametrize("kind", ["account", "user"])
def test_nobody_deletes_a_customer_by_a_click_in_the_admin(desk, alice, kind):
    pk = alice.account_id if kind == "account" else alice.pk
    assert desk.post(f"/admin/accounts/{kind}/{pk}/delete/", {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()


def test_read_only_staff_see_accounts_and_change_nothing(client, rita, alice):
    client.force_login(rita)
    path = f"/admin/accounts/account/{alice.account_id}/change/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"name": "Changed"}).status_code == 403
