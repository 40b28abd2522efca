"""A shop is loaded as a whole or not at all, and loading it again changes nothing."""

import time
from pathlib import Path

import pytest

from agents import namespaces
from agents.attribution import attributed
from agents.shop.records import to_shop_json
from agents.store import StaleRecord
from support_site.accounts.models import Account
from support_site.memory import services
from support_site.memory.ledger import LedgerStore
from support_site.memory.models import RecordChange
from support_site.orders.demo import SHOP_FILE
from support_site.orders.imports import import_shop
from support_site.orders.shop_file import read_shop

pytestmark = pytest.mark.django_db(transaction=True)

RETAIL = Path(__file__).parents[3] / "shared" / "shop" / "retail_shop.json"


def load(store, path=SHOP_FILE):
    imported = import_shop(store, read_shop(path), name=path.name)
    store.reconcile()
    return imported


def account(customer="alice_moreau_1024"):
    return str(Account.objects.get(shop_customer_id=customer).pk)


def test_every_record_is_in_the_store_as_the_shop_had_it(store, shop_json):
    imported = load(store)
    assert (imported.accounts_made, imported.created, imported.skipped) == (6, 32, [])
    for user_id, user in shop_json["users"].items():
        profile = store.get(namespaces.profile(account(user_id)), namespaces.PROFILE_KEY).value
        assert to_shop_json(profile) == user
        orders = {item.key: to_shop_json(item.value) for item in store.search(namespaces.orders(account(user_id)))}
        assert orders == {order_id: shop_json["orders"][order_id] for order_id in user["orders"]}
    products = {item.key: to_shop_json(item.value) for item in store.search(namespaces.PRODUCTS, limit=50)}
    assert products == shop_json["products"]
    assert Account.objects.get(shop_customer_id="alice_moreau_1024").name == "Alice Moreau"
    assert set(RecordChange.objects.values_list("actor", "reason")) == {("import", "imported from demo_shop.json")}


def test_loading_it_again_changes_nothing(store):
    load(store)
    changes = RecordChange.objects.count()
    again = load(store)
    assert again.did_nothing
    assert (again.unchanged, RecordChange.objects.count()) == (32, changes)


def test_a_newer_file_changes_what_it_changes(store, file, shop_json):
    load(store)
    shop_json["orders"]["#W4201877"]["status"] = "processed"
    shop_json["products"]["3104477820"]["variants"]["5520117304"]["available"] = True
    imported = load(store, file(shop_json))
    assert (imported.changed, imported.unchanged, imported.created) == (2, 30, 0)
    order = store.get(namespaces.orders(account()), "#W4201877").value
    assert (order["status"], order["version"]) == ("processed", 2)


def test_what_the_agent_changed_since_is_left_as_it_is_and_told(store, file, shop_json):
    load(store)
    namespace = namespaces.orders(account())
    order = store.get(namespace, "#W4201877").value
    change = {"action": "t:c", "tool": "cancel_pending_order", "at": "2026-11-22T10:00:00+00:00"}
    with attributed(actor="agent"):
        store.put(namespace, "#W4201877", {**order, "status": "cancelled", "version": 2, "changes": [change]})
    shop_json["orders"]["#W4201877"]["status"] = "processed"
    imported = load(store, file(shop_json))
    assert [str(skipped) for skipped in imported.skipped] == [
        "order #W4201877: changed here since it was imported (cancel_pending_order, 2026-11-22)"
    ]
    assert store.get(namespace, "#W4201877").value["status"] == "cancelled"


class Forgetful(LedgerStore):
    """Says that nothing is kept, as if somebody else wrote the records only after it was asked."""

    def kept(self, addresses):
        return {}


def test_a_record_written_in_between_stops_the_load_and_leaves_nothing_behind(store, chroma, file, shop_json):
    load(store)
    changes = RecordChange.objects.count()
    newcomer = {**shop_json["users"].pop("farid_haddad_6144"), "user_id": "new_customer_1"}
    shop_json["users"]["new_customer_1"] = newcomer
    shop_json["orders"]["#W4129908"]["user_id"] = "new_customer_1"
    with pytest.raises(StaleRecord):
        load(Forgetful(lambda: chroma), file(shop_json))
    assert not Account.objects.filter(shop_customer_id="new_customer_1").exists()
    assert RecordChange.objects.count() == changes
    assert services.check(store).count == 0


@pytest.mark.skipif(not RETAIL.exists(), reason=f"the retail shop is not there: {RETAIL}")
def test_the_retail_shop_is_loaded_in_time_and_a_customer_sees_only_their_own(store):
    started = time.monotonic()
    imported = load(store, RETAIL)
    assert time.monotonic() - started < 40
    assert (imported.accounts_made, imported.created) == (500, 1550)
    noah = account("noah_brown_6181")
    assert [item.key for item in store.search(namespaces.orders(noah))] == ["#W7678072"]
    assert services.check(store).count == 0
    assert load(store, RETAIL).did_nothing
