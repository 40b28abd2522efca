"""The commands an operator types, on the site's own store."""

from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command

from agents import namespaces
from support_site.accounts.models import Account, User
from support_site.memory.models import Record
from support_site.memory.stores import reset_site_store, site_store
from support_site.orders.demo import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.CHROMA_DIR = tmp_path / "chroma"
    reset_site_store()
    yield
    reset_site_store()


def run(name, *arguments):
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def test_the_demo_makes_a_shop_articles_and_people_once(client):
    assert "32 records are new" in run("demo")
    assert "Nothing has changed" in run("demo")
    for email in ("alice@example.com", "bob@example.com", "sam@example.com"):
        assert client.login(email=email, password=PASSWORD)
    assert User.objects.get(email="sam@example.com").is_superuser
    alice = User.objects.get(email="alice@example.com")
    orders = site_store().search(namespaces.orders(str(alice.account_id)))
    assert {order.value["status"] for order in orders} == {"pending", "processed", "delivered", "cancelled"}
    articles = site_store().search(namespaces.HELP, query="Can I return or exchange my order?", limit=2)
    assert articles[0].value["title"] == "Returns and exchanges"
    assert User.objects.count() == 3


def test_a_broken_file_is_refused_with_its_faults_and_nothing_is_loaded(file, shop_json):
    del shop_json["orders"]["#W4201877"]["status"]
    with pytest.raises(CommandError, match=r'was refused, and nothing was loaded.\n  orders\["#W4201877"\].status'):
        run("import_shop", file(shop_json))
    assert not Record.objects.exists()
    assert not Account.objects.exists()


def test_a_file_with_many_faults_is_not_listed_to_the_end(file, shop_json):
    for order in shop_json["orders"].values():
        order["items"][0]["price"] = -1
    for product in shop_json["products"].values():
        product["name"] = ""
    with pytest.raises(CommandError, match="and 6 more"):
        run("import_shop", file(shop_json))


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run("import_shop", "/nowhere/shop.json")


def test_an_imported_customer_sets_a_password_and_signs_in(client, file, shop_json):
    run("import_shop", file(shop_json))
    address, link = run("give_sign_in", "Carla@Example.com", "--site", "http://testserver").strip().split(": ", 1)
    form = client.get(link, follow=True)
    done = client.post(form.redirect_chain[-1][0], {"password1": "a-long-phrase-7", "password2": "a-long-phrase-7"})
    assert (address, done.status_code) == ("Carla@Example.com", 302)
    assert client.login(email="carla@example.com", password="a-long-phrase-7")
    carla = User.objects.get(email="carla@example.com")
    assert carla.account.shop_customer_id == "carla_ndiaye_3072"
    assert EmailAddress.objects.get(user=carla).verified
    assert client.get(link, follow=True).redirect_chain == []  # the link was used up
    run("give_sign_in", "carla@example.com")
    assert User.objects.count() == 1


def test_nobody_else_gets_a_sign_in(file, shop_json):
    run("import_shop", file(shop_json))
    with pytest.raises(CommandError, match="No imported customer"):
        run("give_sign_in", "arla@example.com")
    User.objects.create_user("dmitri@example.com", "a-long-phrase-7")
    with pytest.raises(CommandError, match="another account"):
        run("give_sign_in", "dmitri@example.com")


def test_check_rebuild_and_reindex_say_what_they_did(file, shop_json):
    run("import_shop", file(shop_json))
    assert "32 records compared, 0 put right" in run("store_check")
    site_store().chroma().apply([], [(namespaces.PRODUCTS, "3104477820")])
    assert "missing: 1" in run("store_check", "--dry-run")
    assert "32 records were embedded anew" in run("reindex")
    assert "made anew with 32 records" in run("rebuild_store")
    assert "missing: 0" in run("store_check")
