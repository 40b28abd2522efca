"""Every action that was applied is told to the shop: once at least, signed, however long the shop does not answer."""

import hashlib
import hmac
import json
import os
import signal
import socket
import time
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone
from langgraph.store.base import PutOp

from agents import namespaces
from agents.shop.records import to_shop_json
from support_site.celery import app
from support_site.memory.models import RecordChange
from support_site.memory.stores import site_store
from support_site.orders import delivery
from support_site.orders.models import WebhookDelivery
from support_site.orders.tasks import deliver_webhooks, sweep_webhooks
from tests.orders.shop_system import ADDRESS, START, account_of, act, kept_order, kept_profile, make_due, order
from tests.warm import ROOT, Managed, manage

pytestmark = pytest.mark.django_db


@pytest.fixture
def acted(receiver, known):
    """The agent has cancelled order #W1, and the shop has not been told."""
    act("turn:call")
    return WebhookDelivery.objects.get()


def hold():
    return WebhookDelivery.objects.get()


# What is put in line


def test_an_applied_action_is_in_line_with_all_the_shop_needs(acted):
    body = json.loads(acted.body)
    change = kept_order()["changes"][0]
    assert body == {
        "action": "turn:call",
        "tool": "cancel_pending_order",
        "at": change["at"],
        "receipt": change["receipt"],
        "user_id": "nora_1",
        "order": to_shop_json(kept_order()),
        "order_version": 2,
        "customer": to_shop_json(kept_profile()),
        "customer_version": 3,
    }
    assert body["customer"]["payment_methods"]["gift_card_1"]["balance"] == 70.0
    assert (acted.status, acted.order_id, acted.tool) == ("waiting", "#W1", "cancel_pending_order")


def test_a_change_that_leaves_the_customer_alone_does_not_send_the_customer(receiver, known):
    act("turn:call", "modify_pending_order_address", **{**ADDRESS, "zip": "BA2 2BB"})
    body = json.loads(hold().body)
    assert "customer" not in body
    assert body["order"]["address"]["zip"] == "BA2 2BB"


def test_what_the_shop_itself_sends_is_not_told_back_to_it(receiver, known):
    known.order(order(status="processed"), "2026-01-02T10:00:00Z")
    assert not WebhookDelivery.objects.exists()


def test_without_an_address_nothing_is_put_in_line(known):
    act()
    assert not WebhookDelivery.objects.exists()
    assert deliver_webhooks() == 0


def test_a_write_that_is_undone_leaves_nothing_in_line(receiver, known):
    with transaction.atomic():
        act()
        assert WebhookDelivery.objects.exists()
        transaction.set_rollback(True)
    assert not WebhookDelivery.objects.exists()


def test_a_write_that_cannot_be_put_in_line_is_undone(receiver, known, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError

    before, changes = kept_order(), RecordChange.objects.count()
    monkeypatch.setattr("support_site.orders.webhooks._delivery", broken)
    with pytest.raises(ZeroDivisionError):
        act()
    assert (kept_order(), RecordChange.objects.count()) == (before, changes)


def test_an_action_is_in_line_once_however_many_records_and_writes_it_touches(acted):
    value = {**kept_order(), "version": 3, "note": "written again"}
    site_store().keep([PutOp(namespaces.orders(account_of()), "#W1", value)])
    assert WebhookDelivery.objects.count() == 1


# Sending


def test_a_delivery_is_signed_dated_and_named_by_its_action(acted, receiver, settings):
    assert deliver_webhooks() == 1
    ((path, headers, body),) = receiver.requests
    assert path == "/hooks/support"
    assert headers["Idempotency-Key"] == "turn:call"
    assert headers["Content-Type"] == "application/json"
    timestamp = headers["Support-Timestamp"]
    assert abs(int(timestamp) - time.time()) < 60
    signed = hmac.new(settings.SHOP_WEBHOOK_SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    assert headers["Support-Signature"] == f"sha256={signed.hexdigest()}"
    assert json.loads(body)["action"] == "turn:call"
    told = hold()
    assert (told.status, told.attempts, told.last_error) == ("delivered", 1, "")
    assert told.created_at <= told.sent_at <= timezone.now()


def test_the_example_of_the_documentation_accepts_it_and_nothing_else(acted, receiver, settings):
    page = (ROOT / "docs/shop-api.md").read_text()
    example = {}
    exec(page.split("```python")[1].split("```")[0], example)
    deliver_webhooks()
    ((_, headers, body),) = receiver.requests
    verify = example["is_from_the_support_site"]
    secret = settings.SHOP_WEBHOOK_SECRET
    assert verify(headers, body, secret)
    assert not verify(headers, body + b" ", secret)
    assert not verify(headers, body, "t" * 32)
    assert not verify({**headers, "Support-Timestamp": str(int(headers["Support-Timestamp"]) - 1)}, body, secret)
    old = int(time.time()) - 600
    stale = {"Support-Timestamp": str(old), "Support-Signature": f"sha256={delivery.signature(secret, old, body)}"}
    assert not verify(stale, body, secret)


def test_what_was_taken_is_not_sent_again(acted, receiver):
    assert [deliver_webhooks(), deliver_webhooks()] == [1, 0]
    make_due()
    assert deliver_webhooks() == 0
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("answer", [500, 503, 404, 410, 429, 302])
def test_any_answer_but_a_success_is_tried_again(acted, receiver, answer):
    receiver.script = [answer, answer]
    assert deliver_webhooks() == 0
    waiting = hold()
    assert (waiting.status, waiting.attempts, waiting.last_error) == ("waiting", 1, f"answered {answer}")
    assert deliver_webhooks() == 0, "before its time"
    for _ in range(2):
        make_due()
        deliver_webhooks()
    assert (hold().status, hold().attempts) == ("delivered", 3)
    assert len({body for _, _, body in receiver.requests}) == 1


def test_a_redirect_is_not_followed(acted, receiver):
    receiver.script = ["/elsewhere"]
    assert deliver_webhooks() == 0
    assert [path for path, _, _ in receiver.requests] == ["/hooks/support"]


def test_a_receiver_that_is_down_loses_nothing(acted, receiver, settings):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.SHOP_WEBHOOK_URL = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    assert deliver_webhooks() == 0
    assert (hold().status, hold().last_error[:12]) == ("waiting", "ConnectError")
    settings.SHOP_WEBHOOK_URL = receiver.url
    make_due()
    assert deliver_webhooks() == 1


def test_a_receiver_that_hangs_holds_up_nobody_else(acted, receiver, known, monkeypatch):
    monkeypatch.setattr(delivery, "SECONDS_TO_ANSWER", 1.0)
    known.order(order("#W2"))
    act("turn:other", order_id="#W2")
    receiver.script = ["hang"]
    began = time.monotonic()
    assert deliver_webhooks() == 1
    assert time.monotonic() - began < 8
    states = dict(WebhookDelivery.objects.values_list("status", "last_error"))
    assert states == {"delivered": "", "waiting": "no answer in time"}


def test_one_round_sends_a_crowd(receiver, known, monkeypatch):
    monkeypatch.setattr(delivery, "AT_ONCE", 4)
    for number in range(10, 20):
        known.order(order(f"#W{number}"), START)
        act(f"turn:{number}", order_id=f"#W{number}")
    assert deliver_webhooks() == 10
    assert {headers["Idempotency-Key"] for _, headers, _ in receiver.requests} == {f"turn:{n}" for n in range(10, 20)}


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_send_the_same_at_the_same_time(receiver, known):
    for number in range(10, 22):
        known.order(order(f"#W{number}"), START)
        act(f"turn:{number}", order_id=f"#W{number}")

    def work():
        try:
            deliver_webhooks()
        finally:
            connection.close()

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    keys = sorted(headers["Idempotency-Key"] for _, headers, _ in receiver.requests)
    assert keys == [f"turn:{n}" for n in range(10, 22)]
    assert set(WebhookDelivery.objects.values_list("status", "attempts")) == {("delivered", 1)}


def test_a_claimed_delivery_is_left_alone_until_its_lease_is_over(acted):
    assert [len(delivery.claim(9)), len(delivery.claim(9))] == [1, 0]
    WebhookDelivery.objects.update(next_at=timezone.now() - delivery.LEASE)
    assert len(delivery.claim(9)) == 1
    assert hold().attempts == 2


def test_a_worker_that_was_overtaken_cannot_take_a_success_back(acted):
    (first,) = delivery.claim(1)
    make_due()
    (second,) = delivery.claim(1)
    delivery.settle(second, "", began=timezone.now())
    delivery.settle(first, "answered 500", began=timezone.now())
    assert (hold().status, hold().last_error) == ("delivered", "")


# Patience


def test_the_waits_grow_to_an_hour_and_are_never_the_same_for_all():
    waits = [delivery.wait_after(n).total_seconds() for n in range(1, 60)]
    for n, seconds in enumerate(waits):
        planned = min(10 * 2**n, 3600)
        assert 0.8 * planned <= seconds <= 1.2 * planned
    assert len({delivery.wait_after(5) for _ in range(20)}) > 10


def test_a_delivery_is_given_up_after_days_and_not_before(acted, receiver):
    receiver.script = [500] * 9
    queued = timezone.now() - delivery.GIVE_UP_AFTER
    WebhookDelivery.objects.update(queued_at=queued + timedelta(minutes=5))
    deliver_webhooks()
    assert hold().status == "waiting"
    WebhookDelivery.objects.update(queued_at=queued)
    make_due()
    deliver_webhooks()
    assert (hold().status, hold().last_error) == ("dead", "answered 500")
    make_due()
    deliver_webhooks()
    assert len(receiver.requests) == 2
    assert timedelta(days=1) < delivery.GIVE_UP_AFTER


def test_what_was_given_up_and_is_sent_again_gets_all_its_patience_back(acted, receiver):
    WebhookDelivery.objects.update(
        status="dead", attempts=80, queued_at=timezone.now() - timedelta(days=9), last_error="answered 500"
    )
    assert delivery.resend(WebhookDelivery.objects.all()) == 1
    receiver.script = [500]
    deliver_webhooks()
    assert (hold().status, hold().attempts) == ("waiting", 1)
    make_due()
    assert deliver_webhooks() == 1
    assert (hold().status, hold().last_error) == ("delivered", "")


def test_what_was_taken_long_ago_is_dropped_and_what_was_not_is_kept(acted):
    WebhookDelivery.objects.update(created_at=timezone.now() - timedelta(days=99))
    assert sweep_webhooks() == 0
    WebhookDelivery.objects.update(status="delivered", sent_at=timezone.now() - timedelta(days=29))
    assert sweep_webhooks() == 0
    WebhookDelivery.objects.update(sent_at=timezone.now() - timedelta(days=31))
    assert sweep_webhooks() == 1


def test_nothing_of_a_customer_is_logged(acted, receiver, caplog):
    caplog.set_level("DEBUG")
    receiver.script = [500]
    for _ in range(2):
        deliver_webhooks()
        make_due()
    assert len(receiver.requests) == 2
    assert "Quay" not in caplog.text
    assert "Lamp" not in caplog.text


def test_beat_makes_the_tasks_in_the_background():
    entries = {entry["task"]: entry for entry in app.conf.beat_schedule.values()}
    assert entries[deliver_webhooks.name]["schedule"] <= 10
    assert sweep_webhooks.name in entries
    assert app.amqp.router.route({}, deliver_webhooks.name)["queue"].name == "background"


# Kill -9


@pytest.mark.fault
def test_a_worker_killed_while_the_shop_answers_is_made_good_by_the_next(tmp_path, receiver):
    environment = os.environ | {
        "DATA_DIR": str(tmp_path / "data"),
        "SHOP_WEBHOOK_URL": receiver.url,
        "SHOP_WEBHOOK_SECRET": "s" * 32,
    }

    def said(code):
        return manage("shell", "-v0", "-c", code, env=environment)

    assert said(MIGRATE + LOAD_AND_ACT) == "acted\n"
    receiver.script = ["hang"]
    first = Managed(["shell", "-v0", "-c", DELIVER], env=environment, output=tmp_path / "log.txt")
    receiver.wait_for(1, seconds=60)
    first.send_signal(signal.SIGKILL)
    assert first.wait(30) == -signal.SIGKILL
    assert said(DELIVER) == "0 waiting\n", "before the lease of the dead worker is over"
    assert said(LEASE_OVER + DELIVER) == "1 delivered\n"
    assert len({(headers["Idempotency-Key"], body) for _, headers, body in receiver.requests}) == 1
    assert len(receiver.requests) == 2


MIGRATE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
"""
LOAD_AND_ACT = """
from support_site.orders.models import ShopToken
from support_site.orders.tokens import new_token
from tests.orders.shop_system import ShopSystem, act
token, digest = new_token()
ShopToken.objects.create(name="till", digest=digest)
shop = ShopSystem(token)
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
assert shop.customer().status_code == shop.order().status_code == 200
act()
print("acted")
"""
LEASE_OVER = """
from django.utils import timezone
from support_site.orders.models import WebhookDelivery
WebhookDelivery.objects.update(next_at=timezone.now())
"""
DELIVER = """
from support_site.orders.models import WebhookDelivery
from support_site.orders.tasks import deliver_webhooks
print(deliver_webhooks(), WebhookDelivery.objects.get().status)
"""
