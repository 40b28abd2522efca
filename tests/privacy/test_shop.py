"""The shop goes on knowing whom this site has erased; it does not bring them back."""

import pytest
from django.core.management import call_command

from support_site.accounts.models import Account, User
from support_site.memory.models import Record, Tombstone
from support_site.orders.demo import SHOP_FILE
from support_site.orders.imports import import_shop
from support_site.orders.shop_file import read_shop
from support_site.privacy import erasure
from tests.orders.conftest import shop, token  # noqa: F401
from tests.orders.shop_system import error, status

pytestmark = pytest.mark.django_db(transaction=True)

ALICE = "alice_moreau_1024"


def test_an_import_leaves_out_who_was_erased_and_says_so(store):
    load = read_shop(SHOP_FILE)
    import_shop(store, load, name="shop.json")
    account = Account.objects.get(shop_customer_id=ALICE)
    orders = Record.objects.filter(account=account, kind="orders").count()
    before = Record.objects.count()
    erasure.proceed(erasure.begin(account, asked_by="customer"))
    again = import_shop(store, load, name="shop.json")
    assert [skipped.what for skipped in again.skipped] == [f"customer {ALICE}"]
    assert not Account.objects.filter(shop_customer_id=ALICE).exists()
    assert Record.objects.count() == before - orders - 1
    assert again.did_nothing


def test_the_shops_interface_refuses_who_was_erased(shop, store):  # noqa: F811
    assert status(shop.customer()) == "created"
    account = Account.objects.get(shop_customer_id__isnull=False)
    customer = account.shop_customer_id
    erasure.proceed(erasure.begin(account, asked_by="customer"))
    assert error(shop.customer())[:2] == (410, "erased")
    assert not Account.objects.filter(shop_customer_id=customer).exists()
    assert customer not in str(list(Tombstone.objects.values()))


def test_the_demo_can_be_loaded_again_after_one_of_its_people_was_erased(store, capsys):
    call_command("demo")
    erasure.proceed(erasure.begin(User.objects.get(email="bob@example.com").account, asked_by="customer"))
    call_command("demo")
    assert not User.objects.filter(email="bob@example.com").exists()
    assert User.objects.filter(email="alice@example.com").exists()
