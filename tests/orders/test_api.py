"""The shop's own system keeps the store current: as often as it likes, and never backwards."""

import json
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from agents import namespaces
from agents.shop.records import to_shop_json
from agents.store import ChromaStore
from support_site.accounts.models import Account
from support_site.memory import services, stores
from support_site.memory.models import Record, RecordChange
from support_site.orders.models import ShopToken, ShopUpdate, WebhookDelivery
from tests.orders.shop_system import (
    ADDRESS,
    LAMP,
    ShopSystem,
    account_of,
    act,
    customer,
    error,
    kept_order,
    kept_product,
    kept_profile,
    minute,
    order,
    status,
)

pytestmark = pytest.mark.django_db


# What is taken


def test_a_customer_an_order_and_a_product_become_records(known):
    assert to_shop_json(kept_product()) == LAMP
    assert to_shop_json(kept_profile()) == customer(orders=["#W1"])
    assert to_shop_json(kept_order()) == order()
    assert (kept_order()["version"], kept_order()["changes"]) == (1, [])
    assert Account.objects.get(shop_customer_id="nora_1").name == "Nora Lind"


def test_what_came_in_is_on_record_as_the_shops_with_the_token_and_the_time(known):
    change = RecordChange.objects.filter(record__kind="orders").get()
    assert (change.actor, change.reason) == ("shop", "update of 2026-01-01T10:00:00+00:00 from till")


def test_the_agent_reads_what_came_in_and_the_request_needs_no_chroma(known, store, tmp_path, monkeypatch):
    def no_chroma():
        raise AssertionError("the request asked for Chroma")

    monkeypatch.setattr(stores, "_chroma_store", no_chroma)
    stores.reset_site_store()
    assert status(known.order(order(status="processed"), minute(1))) == "updated"
    stores.reset_site_store()
    assert isinstance(store.chroma(), ChromaStore)
    assert store.get(namespaces.orders(account_of()), "#W1").value["status"] == "processed"


def test_the_same_update_again_changes_nothing(known):
    changes = RecordChange.objects.count()
    for taken in (known.product(), known.customer(), known.order(), known.order(at=minute(5))):
        assert status(taken) == "unchanged"
    assert RecordChange.objects.count() == changes


def test_a_newer_update_changes_the_record_and_its_version(known):
    assert status(known.order(order(status="processed"), minute(1))) == "updated"
    assert (kept_order()["status"], kept_order()["version"]) == ("processed", 2)


@pytest.mark.parametrize(
    ("kind", "newer", "older"),
    [
        ("order", order(status="delivered"), order(status="processed")),
        ("customer", customer(email="new@example.com"), customer(email="old@example.com")),
        ("product", {**LAMP, "name": "Lamp 3"}, {**LAMP, "name": "Lamp 2"}),
    ],
)
def test_an_older_update_that_comes_late_is_ignored(known, kind, newer, older):
    put = getattr(known, kind)
    assert status(put(newer, minute(9))) == "updated"
    versions = list(Record.objects.order_by("pk").values_list("revision", "value_text"))
    assert status(put(older, minute(8))) == "ignored_older"
    assert list(Record.objects.order_by("pk").values_list("revision", "value_text")) == versions


def test_an_update_that_said_the_same_holds_back_older_ones_too(known):
    assert status(known.order(at=minute(5))) == "unchanged"
    assert status(known.order(order(status="processed"), minute(3))) == "ignored_older"


def test_the_zone_of_a_time_counts(known):
    assert status(known.order(order(status="processed"), "2026-01-01T12:00:00+00:00")) == "updated"
    assert status(known.order(order(status="delivered"), "2026-01-01T12:30:00+02:00")) == "ignored_older"


def test_two_different_updates_of_one_time_are_a_conflict(known):
    assert status(known.order(order(status="processed"), minute(1))) == "updated"
    assert error(known.order(order(status="delivered"), minute(1))) == (409, "same_time", "updated_at")
    assert kept_order()["status"] == "processed"


def test_a_new_order_joins_the_customers_list_and_an_old_list_does_not_take_it_out(known):
    assert status(known.order(order("#W2"), minute(2))) == "created"
    assert kept_profile()["orders"] == ["#W1", "#W2"]
    assert status(known.customer(customer(email="x@example.com", orders=["#W1"]), minute(3))) == "updated"
    assert kept_profile()["orders"] == ["#W1", "#W2"]


def test_fields_of_the_shops_own_are_kept(known):
    assert status(known.order(order(channel="phone"), minute(1))) == "updated"
    assert kept_order()["channel"] == "phone"


@pytest.mark.parametrize("address", ["orders/W7", "orders/%23W7"])
def test_the_hash_of_an_order_number_may_be_left_out_of_the_address(known, address):
    assert status(known.put(address, {"updated_at": minute(0), "order": order("#W7")})) == "created"


# Beside what was changed here


def test_what_was_applied_here_stays_known_so_it_is_never_applied_twice(known):
    act("turn:call")
    later = (timezone.now() + timedelta(seconds=3)).isoformat()
    assert status(known.order(order(status="processed"), later)) == "updated"
    assert [change["action"] for change in kept_order()["changes"]] == ["turn:call"]
    assert kept_order()["version"] == 3


def test_an_update_from_before_a_change_made_here_does_not_undo_it(known):
    act()
    assert status(known.order(order(status="processed"), minute(30))) == "ignored_older"
    assert kept_order()["status"] == "cancelled"
    assert status(known.customer(customer(email="new@example.com"), minute(30))) == "ignored_older"
    assert kept_profile()["payment_methods"]["gift_card_1"]["balance"] == "70.00"


def test_while_the_shop_has_not_been_told_of_a_change_no_update_undoes_it(known, receiver):
    act("turn:call")
    response = known.order(order(status="processed"), timezone.now().isoformat())
    assert error(response) == (409, "unseen_changes", "")
    assert "turn:call" in response.json()["error"]["reason"]
    assert kept_order()["status"] == "cancelled"


def test_once_it_was_told_only_an_update_made_after_that_is_taken(known, receiver):
    changed = act("turn:call")
    told = changed + timedelta(minutes=1)
    WebhookDelivery.objects.update(status="delivered", sent_at=told)
    between, after = (told - timedelta(seconds=9)).isoformat(), (told + timedelta(seconds=1)).isoformat()
    assert status(known.order(order(status="processed"), between)) == "ignored_older"
    assert status(known.order(order(status="processed"), after)) == "updated"


def test_the_shop_sends_back_what_it_was_told_and_that_is_no_change(known, receiver):
    act("turn:call")
    told = json.loads(WebhookDelivery.objects.get().body)
    assert status(known.order(told["order"], minute(40))) == "unchanged"
    assert status(known.customer(told["customer"], minute(40))) == "unchanged"


# Who is let in


@pytest.mark.parametrize("token", ["", "shop_wrong", "ö"])
def test_without_a_known_token_nobody_is_let_in(shop, token):
    response = ShopSystem(token and token.encode().decode("latin-1")).product()
    assert error(response) == (401, "unauthorized", "")
    assert response["WWW-Authenticate"] == "Bearer"
    assert not Record.objects.exists()


def test_a_token_that_was_switched_off_lets_nobody_in(shop):
    ShopToken.objects.update(is_active=False)
    assert error(shop.product()) == (403, "inactive_token", "")
    assert ShopToken.objects.get().last_used_at is None


def test_a_session_of_staff_is_no_token(shop, sam, client):
    client.force_login(sam)
    response = client.put("/api/shop/v1/products/p1", {"product": LAMP}, content_type="application/json")
    assert response.status_code == 401


def test_the_token_itself_is_not_kept_and_its_use_is_noted(known, token):
    kept = ShopToken.objects.get()
    assert token not in (kept.digest, kept.name)
    assert timezone.now() - kept.last_used_at < timedelta(minutes=1)


def test_one_token_that_asks_too_often_has_to_wait(shop, monkeypatch):
    from support_site.orders.api import api

    (throttle,) = api.throttle if isinstance(api.throttle, list) else [api.throttle]
    monkeypatch.setattr(throttle, "num_requests", 2)
    assert [shop.product().status_code for _ in range(2)] == [200, 200]
    response = shop.product()
    assert error(response) == (429, "too_many_requests", "")
    assert int(response["Retry-After"]) > 0


# What is refused


def spoiled(**fields):
    return {"updated_at": minute(0), "order": order(**fields)}


ITEM = order()["items"][0]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"order": order()}, "updated_at"),
        ({"updated_at": "2026-01-01T10:00:00", "order": order()}, "updated_at"),
        ({"updated_at": "yesterday", "order": order()}, "updated_at"),
        ({"updated_at": minute(0)}, "order"),
        ({"updated_at": minute(0), "order": []}, "order"),
        ([], "updated_at"),
        ("", ""),
        (spoiled(status="lost"), "order.status"),
        (spoiled(items=[]), "order.items"),
        (spoiled(items=[{**ITEM, "price": -1}]), "order.items[0].price"),
        (spoiled(items=[ITEM, {**ITEM, "price": 1.005}]), "order.items[1].price"),
        (spoiled(items=[{key: ITEM[key] for key in ITEM if key != "name"}]), "order.items[0].name"),
        (spoiled(address={**ADDRESS, "zip": 7}), "order.address.zip"),
        (spoiled(payment_history=[{**order()["payment_history"][0], "transaction_type": "refund"}]), "order"),
        (spoiled(order_id="W1"), "order.order_id"),
        (spoiled(order_id="#W2"), "order.order_id"),
    ],
)
def test_a_record_of_the_wrong_shape_is_refused_with_the_place(known, body, path):
    before = kept_order()
    assert error(known.put("orders/W1", body)) == (422, "bad_record", path)
    assert kept_order() == before


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"updated_at": NaN}',
        b'{"order": 1, "order": 2}',
        b'{"a": "\\u0000"}',
        b'{"a": "\\ud800"}',
        b'{"a": ' + b"[" * 60 + b"]" * 60 + b"}",
        b"[" * 100_000,
    ],
    ids=["cut off", "not utf-8", "not a number", "a name twice", "NUL", "half a pair", "deep", "very deep"],
)
def test_what_is_not_sound_json_is_refused(known, body):
    assert error(known.put("orders/W1", body)) == (400, "bad_json", "")


@pytest.mark.parametrize("size", [1_100_000, 3_000_000])
def test_a_body_that_is_too_large_is_refused(known, size):
    assert error(known.put("orders/W1", spoiled(note="x" * size))) == (413, "too_large", "")


def test_an_order_without_its_customer_is_refused_and_taken_once_the_customer_is_there(shop):
    assert error(shop.order()) == (422, "unknown_customer", "order.user_id")
    assert not Account.objects.exists()
    assert not ShopUpdate.objects.exists()
    assert status(shop.customer()) == "created"
    assert status(shop.order()) == "created"


def test_the_order_of_one_customer_cannot_be_given_to_another(known):
    assert status(known.customer(customer("omar_2"))) == "created"
    assert error(known.order(order(user_id="omar_2"), minute(9))) == (409, "other_customer", "order.user_id")
    assert kept_order(user_id="omar_2") is None
    assert kept_order() is not None


def test_two_customers_cannot_share_an_email_address(known):
    twin = customer("omar_2", email="NORA_1@example.com")
    assert error(known.customer(twin)) == (409, "other_customer", "customer.email")
    assert not Account.objects.filter(shop_customer_id="omar_2").exists()


def test_a_time_in_the_future_is_refused_because_it_would_hold_back_the_rest(known):
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    assert error(known.order(order(status="processed"), tomorrow)) == (422, "in_the_future", "updated_at")


def test_an_erased_order_does_not_come_back(known, store):
    services.erase_records(store, Record.objects.filter(kind="orders"), reason="asked for")
    assert error(known.order(at=minute(9))) == (410, "erased", "")


def test_only_put_is_answered(known, token):
    import django.test

    client = django.test.Client(headers={"authorization": f"Bearer {token}"})
    for method in ("get", "post", "delete", "patch"):
        assert getattr(client, method)("/api/shop/v1/orders/W1").status_code == 405


# Its description


def test_the_interface_is_described_for_programs(client):
    described = client.get("/api/shop/v1/openapi.json").json()
    paths = described["paths"]
    assert set(paths) == {
        f"/api/shop/v1/{p}" for p in ("customers/{user_id}", "orders/{order_id}", "products/{product_id}")
    }
    put = paths["/api/shop/v1/orders/{order_id}"]["put"]
    assert put["security"] == [{"ShopBearer": []}]
    assert {"200", "401", "403", "409", "413", "422"} <= set(put["responses"])
    fields = described["components"]["schemas"]["Order"]["properties"]
    assert "exchange requested" in fields["status"]["enum"]
    assert client.get("/api/shop/v1/docs").status_code == 404


# At the same time


def at_once(calls):
    """The answers to calls (function, arguments ...) that are made at the same time."""
    calls, answers = list(calls), []
    gate = Barrier(len(calls))

    def make(call, *arguments):
        try:
            gate.wait(20)
            answers.append(call(*arguments))
        finally:
            connection.close()

    threads = [Thread(target=make, args=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


@pytest.mark.django_db(transaction=True)
def test_of_updates_that_come_at_once_the_newest_stays(known):
    statuses = ["processed", "delivered", "cancelled", "pending"]
    updates = [(minute(n + 1), statuses[n % 4], f"note {n}") for n in range(12)]
    answers = at_once((known.order, order(status=wanted, note=note), at) for at, wanted, note in reversed(updates))
    assert {response.status_code for response in answers} == {200}
    assert (kept_order()["status"], kept_order()["note"]) == updates[-1][1:]
    taken = sum(status(response) == "updated" for response in answers)
    assert kept_order()["version"] == 1 + taken


@pytest.mark.django_db(transaction=True)
def test_new_orders_that_come_at_once_are_all_listed(known):
    numbers = [f"#W{number}" for number in range(10, 20)]
    answers = at_once((known.order, order(number)) for number in numbers)
    assert [status(answer) for answer in answers] == ["created"] * len(numbers)
    assert sorted(kept_profile()["orders"]) == ["#W1", *numbers]


@pytest.mark.django_db(transaction=True)
def test_a_new_customer_that_comes_several_times_at_once_is_made_once(shop):
    answers = at_once([(shop.customer,)] * 6)
    assert sorted(status(answer) for answer in answers) == ["created", *["unchanged"] * 5]
    assert Account.objects.filter(shop_customer_id="nora_1").count() == 1
