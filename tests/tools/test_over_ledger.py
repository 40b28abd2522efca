"""The same writes in the site's own store, by writers that know nothing of each other."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import chromadb
import pytest
from django.db import connections

from agents import namespaces
from agents.store import ChromaStore
from support_site.accounts.models import Account
from support_site.memory.ledger import LedgerStore
from support_site.memory.models import RecordChange
from tests.shop.small_shop import ALICE, BOB, GIFTED, stock
from tests.tools.signed_in import Call, build

pytestmark = pytest.mark.django_db(transaction=True)

CANCEL = {"order_id": GIFTED, "reason": "no longer needed"}


@pytest.fixture
def store(transactional_db, tmp_path):
    Account.objects.bulk_create([Account(pk=ALICE), Account(pk=BOB)])
    client = chromadb.PersistentClient(str(tmp_path / "chroma"), chromadb.Settings(anonymized_telemetry=False))
    chroma = ChromaStore(client)
    ledger = LedgerStore(lambda: chroma)
    asyncio.run(stock(ledger))
    return ledger


def at_once(works):
    """Run each coroutine function on an event loop and a thread of its own; their results."""

    def run(work):
        try:
            return asyncio.run(work())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def kept(store, namespace, key):
    return store.get(namespace, key).value


def test_one_action_delivered_to_many_workers_at_once_is_applied_once(store):
    first = Call(build(store), ALICE, "cancel_pending_order", CANCEL)

    async def deliver():
        call = await first.redelivered(build(store)).start()
        if call.question:
            await call.decide("confirm")
        return call

    calls = at_once([deliver] * 10)
    assert {call.outcome for call in calls} == {"applied"}
    assert len({str(call.answer.artifact["receipt"]) for call in calls}) == 1
    order = kept(store, namespaces.orders(ALICE), GIFTED)
    assert (order["version"], len(order["changes"]), len(order["payment_history"])) == (2, 1, 2)
    profile = kept(store, namespaces.profile(ALICE), namespaces.PROFILE_KEY)
    assert (profile["version"], profile["payment_methods"]["gift_card_1"]["balance"]) == (2, "85.50")


def test_of_two_actions_on_one_order_one_wins_and_the_other_is_refused(store):
    def confirmed(tool, arguments):
        async def run():
            call = await Call(build(store), ALICE, tool, arguments).start()
            if call.question:
                await call.decide("confirm")
            return call

        return run

    pay = ("modify_pending_order_payment", {"order_id": GIFTED, "payment_method_id": "paypal_1"})
    calls = at_once([confirmed("cancel_pending_order", CANCEL), confirmed(*pay)])
    # The later one may be refused by the rules, or asked again because the order changed; never both applied unseen.
    assert [call.outcome for call in calls].count("applied") == 1
    assert kept(store, namespaces.orders(ALICE), GIFTED)["version"] == 2


def test_the_ledger_keeps_who_agreed(store):
    async def run():
        return await (await Call(build(store), ALICE, "cancel_pending_order", CANCEL).start()).grant()

    asyncio.run(run())
    reasons = set(RecordChange.objects.filter(kind=RecordChange.Kind.CHANGED).values_list("reason", flat=True))
    assert reasons == {f"Order {GIFTED} is cancelled: agreed by customer"}
