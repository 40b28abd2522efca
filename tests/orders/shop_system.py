"""The other side of the fence: a shop's own system that sends updates and takes webhooks, and an agent that acts."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.test import Client
from django.utils import timezone
from langgraph.store.base import PutOp

from agents import namespaces
from agents.attribution import attributed
from agents.shop.rules import RULES, Facts
from agents.tools.proposals import Action, Proposal, written
from support_site.accounts.models import Account
from support_site.memory.stores import site_store
from support_site.orders.models import WebhookDelivery

ADDRESS = {"address1": "1 Quay", "address2": "", "city": "Bath", "state": "SOM", "country": "UK", "zip": "BA1 1AA"}
CARD = {"source": "credit_card", "id": "credit_card_1", "brand": "visa", "last_four": "4242"}
GIFT_CARD = {"source": "gift_card", "id": "gift_card_1", "balance": 50.0}
LAMP = {
    "name": "Desk Lamp",
    "product_id": "p1",
    "variants": {
        "i1": {"item_id": "i1", "options": {"colour": "red"}, "available": True, "price": 20.0},
        "i2": {"item_id": "i2", "options": {"colour": "blue"}, "available": True, "price": 25.5},
    },
}


def customer(user_id="nora_1", **fields):
    methods = {each["id"]: each for each in (CARD, GIFT_CARD)}
    return {
        "user_id": user_id,
        "name": {"first_name": "Nora", "last_name": "Lind"},
        "address": ADDRESS,
        "email": f"{user_id}@example.com",
        "payment_methods": methods,
        "orders": [],
        **fields,
    }


def order(order_id="#W1", user_id="nora_1", **fields):
    item = {"name": "Desk Lamp", "product_id": "p1", "item_id": "i1", "price": 20.0, "options": {"colour": "red"}}
    return {
        "order_id": order_id,
        "user_id": user_id,
        "address": ADDRESS,
        "items": [item],
        "status": "pending",
        "fulfillments": [],
        "payment_history": [{"transaction_type": "payment", "amount": 20.0, "payment_method_id": "gift_card_1"}],
        **fields,
    }


def minute(number):
    """Times of the shop's clock, all in the past."""
    return f"2026-01-01T10:{number:02}:00Z"


START = minute(0)


class ShopSystem:
    """Sends updates with a token."""

    def __init__(self, token):
        self.headers = {"authorization": f"Bearer {token}"} if token else {}

    def put(self, path, body, **headers):
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        return Client().put(
            f"/api/shop/v1/{path}", data, content_type="application/json", headers={**self.headers, **headers}
        )

    def customer(self, value=None, at=START):
        value = value or customer()
        return self.put(f"customers/{value['user_id']}", {"updated_at": at, "customer": value})

    def order(self, value=None, at=START):
        value = value or order()
        return self.put(f"orders/{value['order_id'][1:]}", {"updated_at": at, "order": value})

    def product(self, value=LAMP, at=START):
        return self.put(f"products/{value['product_id']}", {"updated_at": at, "product": value})


def status(response):
    """What became of an update that was taken."""
    assert response.status_code == 200, response.content
    return response.json()["status"]


def error(response):
    """(HTTP status, code, path) of one that was not."""
    fault = response.json()["error"]
    assert fault["reason"]
    return response.status_code, fault["code"], fault["path"]


def account_of(user_id="nora_1"):
    return str(Account.objects.get(shop_customer_id=user_id).pk)


def kept_order(order_id="#W1", user_id="nora_1"):
    return _kept(namespaces.orders(account_of(user_id)), order_id)


def kept_profile(user_id="nora_1"):
    return _kept(namespaces.profile(account_of(user_id)), namespaces.PROFILE_KEY)


def kept_product(product_id="p1"):
    return _kept(namespaces.PRODUCTS, product_id)


def _kept(namespace, key):
    return site_store().kept([(namespace, key)]).get((namespace, key))


def act(action_id="turn:call", tool="cancel_pending_order", order_id="#W1", user_id="nora_1", **arguments):
    """Change an order as the agent does once the customer has confirmed; returns when that was."""
    arguments = arguments or {"reason": "no longer needed"}
    account_id, now = account_of(user_id), timezone.now()
    facts = Facts(profile=kept_profile(user_id), order=kept_order(order_id, user_id))
    action = Action(id=action_id, account_id=account_id, tool=tool, arguments={"order_id": order_id, **arguments})
    change = RULES[tool](facts, **arguments)
    changed_order, profile = written(Proposal(action=action, facts=facts, change=change, staff_limit=None), now)
    puts = [PutOp(namespaces.orders(account_id), order_id, changed_order)]
    if profile:
        puts.append(PutOp(namespaces.profile(account_id), namespaces.PROFILE_KEY, profile))
    with attributed(actor="agent", turn_id=action_id.partition(":")[0], reason=change.receipt["title"]):
        site_store().keep(puts)
    return now


def make_due():
    """As if the time to the next attempt had passed."""
    WebhookDelivery.objects.update(next_at=timezone.now())


class Receiver:
    """A shop's webhook on a port of its own. Answers with each of ``script`` in turn, then with 204.

    A number is a status; "hang" answers when the test is over; a path redirects there.
    """

    def __init__(self):
        self.script = []
        self.requests = []
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks/support"

    def close(self):
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait_for(self, count, seconds=20):
        until = time.monotonic() + seconds
        while len(self.requests) < count:
            assert time.monotonic() < until, f"{len(self.requests)} of {count} requests came"
            time.sleep(0.01)

    def _take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self._lock:
            self.requests.append((handler.path, dict(handler.headers), body))
            answer = self.script.pop(0) if self.script else 204
        if answer == "hang":
            self.over.wait(30)
            answer = 204
        handler.send_response(answer if isinstance(answer, int) else 302)
        if isinstance(answer, str):
            handler.send_header("Location", answer)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def _handler(receiver):
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                try:
                    receiver._take(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *_):
                pass

        return Handler
