"""Writers at once, stores that fail: an action is applied once, whole, or not at all."""

import asyncio

from langgraph.store.base import PutOp
from langgraph.store.memory import InMemoryStore

from agents import namespaces
from agents.attribution import current_attribution
from agents.store.errors import StaleRecord, StoreUnavailable
from tests.shop.small_shop import ALICE, AWAY, GIFTED, PENDING, stock
from tests.tools.signed_in import Call, build

CANCEL = {"order_id": PENDING, "reason": "no longer needed"}


class RacingStore(InMemoryStore):
    """Loses the next ``races`` writes to somebody else, as a ledger would tell it."""

    def __init__(self) -> None:
        super().__init__()
        self.races = 0

    async def abatch(self, ops):
        ops = list(ops)
        if self.races and any(isinstance(op, PutOp) for op in ops):
            self.races -= 1
            raise StaleRecord("somebody else was first")
        return await super().abatch(ops)


class WitnessStore(InMemoryStore):
    """Remembers who was said to write, and what was put together."""

    def __init__(self) -> None:
        super().__init__()
        self.batches = []

    async def abatch(self, ops):
        ops = list(ops)
        if puts := [(op.namespace, op.key) for op in ops if isinstance(op, PutOp)]:
            self.batches.append((puts, current_attribution()))
        return await super().abatch(ops)


class FailingStore(InMemoryStore):
    """Answers nothing any more once it has written."""

    is_stocked = False
    fails = False

    async def abatch(self, ops):
        ops = list(ops)
        if self.fails:
            raise StoreUnavailable("gone (test)")
        self.fails = any(isinstance(op, PutOp) and op.key == PENDING for op in ops) and self.is_stocked
        return await super().abatch(ops)


async def test_fifty_clicks_at_once_apply_once(as_alice, order):
    call = await as_alice("cancel_pending_order", order_id=GIFTED, reason="no longer needed")
    clicks = [call.again() for _ in range(50)]
    await asyncio.gather(*(click.decide("confirm") for click in clicks))
    assert {click.outcome for click in clicks} == {"applied"}
    assert len({str(click.answer.artifact["receipt"]) for click in clicks}) == 1
    cancelled = await order(GIFTED)
    assert (cancelled["version"], len(cancelled["changes"]), len(cancelled["payment_history"])) == (2, 1, 2)


async def test_two_actions_on_one_order_at_once_cannot_both_happen(as_alice, order):
    cancel = await as_alice("cancel_pending_order", **CANCEL)
    address = await as_alice("modify_pending_order_address", order_id=PENDING, **AWAY)
    await asyncio.gather(cancel.decide("confirm"), address.decide("confirm"))
    assert sorted([cancel.outcome, address.outcome]) in (["applied", "refused"], ["applied", "waiting"])
    assert (await order(PENDING))["version"] == 2


async def test_two_actions_that_share_a_gift_card_both_happen_without_asking_again(as_alice, profile, order):
    first = await as_alice("cancel_pending_order", order_id=GIFTED, reason="no longer needed")
    second = await as_alice(
        "modify_pending_order_items",
        order_id=PENDING,
        item_ids=["i1"],
        new_item_ids=["i4"],
        payment_method_id="gift_card_1",
    )
    await first.decide("confirm")
    await second.decide("confirm")
    assert (first.outcome, second.outcome) == ("applied", "applied")
    assert (await profile())["payment_methods"]["gift_card_1"]["balance"] == "93.40"
    assert (await profile())["version"] == 3


async def test_a_lost_race_is_run_again():
    store = await stock(RacingStore())
    store.races = 3
    call = await Call(build(store), ALICE, "cancel_pending_order", CANCEL).start()
    await call.decide("confirm")
    assert (call.outcome, store.races) == ("applied", 0)
    assert (await store.aget(namespaces.orders(ALICE), PENDING)).value["version"] == 2


async def test_a_race_that_is_lost_for_ever_ends_with_a_sentence():
    store = await stock(RacingStore())
    store.races = 10_000
    call = await Call(build(store), ALICE, "cancel_pending_order", CANCEL).start()
    await call.decide("confirm")
    assert call.outcome == "refused"
    assert "nothing was changed" in call.answer.content
    assert (await store.aget(namespaces.orders(ALICE), PENDING)).value["version"] == 1


async def test_a_store_that_fails_after_the_write_does_not_hide_that_it_was_done():
    store = await stock(FailingStore())
    store.is_stocked = True
    call = await Call(build(store), ALICE, "cancel_pending_order", CANCEL).start()
    await call.decide("confirm")
    assert (store.fails, call.outcome) == (True, "applied")
    assert call.answer.artifact["receipt"]["title"] == f"Order {PENDING} is cancelled"


async def test_order_and_gift_card_are_put_together_with_a_reason():
    store = await stock(WitnessStore())
    call = await Call(build(store), ALICE, "cancel_pending_order", {**CANCEL, "order_id": GIFTED}).start()
    store.batches.clear()
    await call.decide("confirm")
    [(puts, attribution)] = store.batches
    assert puts == [(namespaces.orders(ALICE), GIFTED), (namespaces.profile(ALICE), "profile")]
    assert attribution.reason == f"Order {GIFTED} is cancelled: agreed by customer"
