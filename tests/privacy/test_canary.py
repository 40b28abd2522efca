"""The leak canary finds nothing in a sound store, and something in every store that has a hole."""

import asyncio
from typing import ClassVar

import pytest
from django.contrib.admin.sites import site
from django.urls import reverse
from langgraph.store.base import GetOp, ListNamespacesOp, SearchOp

from agents import namespaces
from support_site.accounts.models import Account
from support_site.memory.ledger import LedgerStore
from support_site.memory.models import RecordChange, StoreEvent
from support_site.memory.stores import site_store
from support_site.privacy import canary as canaries
from support_site.privacy import tasks

pytestmark = pytest.mark.django_db(transaction=True)


class Holed(LedgerStore):
    """A store that forgets the account where it is told to: "get", "search" or "list"."""

    hole = ""
    #: Key -> the namespace it is in, whoever asks.
    owners: ClassVar[dict[str, tuple[str, ...]]] = {}

    def batch(self, ops):
        return super().batch([self.widened(op) for op in ops])

    async def abatch(self, ops):
        return await super().abatch([self.widened(op) for op in ops])

    def widened(self, op):
        if self.hole == "search" and isinstance(op, SearchOp) and op.namespace_prefix[:1] == ("accounts",):
            return op._replace(namespace_prefix=("accounts",))
        if self.hole == "list" and isinstance(op, ListNamespacesOp):
            return op._replace(match_conditions=())
        if self.hole == "get" and isinstance(op, GetOp) and op.namespace[0] == "accounts":
            return op._replace(namespace=self.owners.get(op.key, op.namespace))
        return op


@pytest.fixture
def holed(store):
    sound = site_store()
    holed = Holed(sound.chroma, ttl=sound.ttl_config, walled=False)
    for canary in canaries.plant(store):
        holed.owners[canary.key] = namespaces.memories(canary.account_id)
        holed.owners[canary.order_id] = namespaces.orders(canary.account_id)
    return holed


def test_a_sound_store_lets_nothing_through_and_every_probe_finds_its_own(store):
    assert canaries.watch(store) == []
    assert not StoreEvent.objects.filter(kind="canary").exists()


def test_looking_again_writes_nothing(store):
    canaries.watch(store)
    changes = RecordChange.objects.count()
    canaries.watch(store)
    assert (RecordChange.objects.count(), Account.objects.filter(is_synthetic=True).count()) == (changes, 3)


@pytest.mark.parametrize(
    ("hole", "found"),
    [
        ("search", {"search with a filter", "search by meaning"}),
        ("list", {"list of namespaces"}),
        ("get", {"get", "recall before an answer", "tool get_order_details"}),
        ("", {"search and list of everybody"}),  # only its walls are missing
    ],
)
def test_a_planted_hole_raises_an_alarm(holed, hole, found):
    holed.hole = hole
    alarms = asyncio.run(canaries.look(holed, canaries.plant(holed)))
    for name in found:
        assert f"A leak: by “{name}” one account got what belongs to another." in alarms
    if hole == "":
        assert len(alarms) == 1


def test_an_alarm_stands_in_the_admin_and_names_no_secret(holed, client, sam):
    holed.hole = "search"
    assert canaries.watch(holed)
    client.force_login(sam)
    for name in ("admin:memory_storeevent_changelist", "admin:index"):
        page = client.get(reverse(name)).content.decode()
        assert "one account got what belongs to another" in page
        assert not any(canary.secret in page for canary in canaries.plant(holed))


def test_a_canary_that_finds_nothing_at_all_is_an_alarm_too(store, monkeypatch):
    planted = canaries.plant(store)

    async def nothing(store, me, other):
        return None

    monkeypatch.setitem(canaries.PROBES, "get", (nothing, True))
    alarms = asyncio.run(canaries.look(store, planted))
    assert alarms == ["The leak canary is blind: by “get” an account did not find its own."]


def test_with_the_store_down_nothing_is_proved_and_nothing_claimed(store, monkeypatch):
    from agents.store import StoreUnavailable

    def down(*args):
        raise StoreUnavailable("down (test)")

    canaries.plant(store)
    monkeypatch.setattr(canaries, "plant", down)
    tasks.watch_for_leaks()
    assert not StoreEvent.objects.filter(kind="canary").exists()


def test_synthetic_accounts_are_in_no_list_of_staff(store, rf, sam):
    canaries.plant(store)
    request = rf.get("/")
    request.user = sam
    of_account = {"account__is_synthetic": True}
    for model, synthetic in (("account", {"is_synthetic": True}), ("record", of_account), ("order", of_account)):
        admin = next(each for each in site._registry.values() if each.opts.model_name == model)
        assert admin.model.objects.filter(**synthetic).exists()
        assert not admin.get_queryset(request).filter(**synthetic).exists()
    assert store.get(namespaces.PRODUCTS, "none") is None
