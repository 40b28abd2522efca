"""A web process that is asked for all that a web process does. It writes, for each step, how that was answered and
which of the heavy packages are imported by then.

    python -m tests.faults.pages        with the settings of a service, and the shop of stage.py in it
"""

import asyncio
import json
import sys
import uuid
from datetime import UTC, datetime

import django

django.setup()

from asgiref.testing import ApplicationCommunicator  # noqa: E402  Django comes first
from django.contrib import admin  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from agents.memory import Memory  # noqa: E402
from agents.shop.records import to_shop_json  # noqa: E402
from support_site.accounts.models import Account, User  # noqa: E402
from support_site.asgi import application  # noqa: E402
from support_site.chat.models import Action, Conversation, Message, Turn  # noqa: E402
from support_site.memory.models import RecordChange  # noqa: E402
from support_site.memory.stores import site_ledger  # noqa: E402
from support_site.orders.models import Order, ShopToken  # noqa: E402
from support_site.orders.tokens import new_token  # noqa: E402
from support_site.review.models import Memory as Remembered  # noqa: E402

HEAVY = {"langchain_core", "langchain_openai", "langgraph", "chromadb", "openai"}
HOST = "127.0.0.1"
WORDS = "The customer likes lamps."
steps = []


def note(step, answer):
    """``answer`` is a status, or the codes of the errors that a socket was told."""
    steps.append([step, answer, sorted(HEAVY & {name.partition(".")[0] for name in sys.modules})])


class Person:
    """Somebody who is signed in, with a client for pages."""

    def __init__(self, user):
        self.client = Client(headers={"host": HOST})
        self.client.force_login(user)

    def get(self, path):
        note(f"GET {path}", self.client.get(path, follow=True).status_code)

    def post(self, path, data, **options):
        note(f"POST {path}", self.client.post(path, data, **options).status_code)


def remember(account, key, conversation=None):
    source = {"conversation": str(conversation.pk)} if conversation else {}
    memory = Memory(key=key, text=WORDS, source=source, trust="customer", valid_from="2026-01-01T00:00:00.000+00:00")
    site_ledger().keep([memory.put(str(account.pk))])
    return Remembered.objects.get(account=account, key_text=key)


def reply(conversation, *, status="done", **message):
    """A turn with what the agent said in it."""
    over = {} if status == "waiting" else {"finished_at": timezone.now(), "learned_at": timezone.now()}
    turn = Turn.objects.create(conversation=conversation, status=status, **over)
    place = conversation.messages.count() + 1
    said = {"turn": turn, "conversation": conversation}
    Message.objects.create(**said, position=place, role="customer", text="Hi", client_id=uuid.uuid4())
    return Message.objects.create(**said, position=place + 1, role="agent", text="Yes.", **message)


def pages_of_the_customer(customer, account, talk):
    gone = Conversation.objects.create(account=account)
    reply(gone)
    remember(account, "only here", gone)
    for key in ("wrong", "right", "needless"):
        remember(account, key)
    for path in ("/", f"/conversations/{talk.pk}/", "/memory/", "/privacy/export/", "/privacy/delete/"):
        customer.get(path)
    customer.get(reverse("memory_reasons", args=[reply(talk).pk]))
    customer.post("/conversations/new/", {})
    customer.post("/memory/notes/wrong/correct/", {"text": "I live in Porto"})
    customer.post("/memory/notes/right/undo/", {})
    customer.post("/memory/notes/needless/forget/", {})
    customer.post("/memory/pause/", {"paused": "yes"})
    customer.post(f"/memory/conversations/{talk.pk}/", {"leaves_no_memory": "yes"})
    customer.post("/privacy/export/", {})
    customer.post(f"/conversations/{gone.pk}/delete/", {})
    assert not Remembered.objects.live().filter(account=account, key_text="only here").exists()
    account.refresh_from_db()
    account.memory_paused = False
    account.save()


async def socket_of(conversation, cookie, frames):
    """Say each frame, and wait until all are answered. What is not a dict is made of what was answered so far."""
    headers = [(b"host", HOST.encode()), (b"origin", f"http://{HOST}".encode()), (b"cookie", cookie.encode())]
    path = f"/ws/conversations/{conversation.pk}/"
    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
    socket = ApplicationCommunicator(application, scope)
    await socket.send_input({"type": "websocket.connect"})
    answers = []
    for number, frame in enumerate([{"type": "hello", "cursors": {}}, *frames]):
        said = frame if isinstance(frame, dict) else frame(answers)
        for each in (said, {"type": "ping", "t": number}):
            await socket.send_input({"type": "websocket.receive", "text": json.dumps(each)})
        answers = []
        while not answers or answers[-1] != {"type": "pong", "t": number}:
            told = await socket.receive_output(10)
            answers += [json.loads(told["text"])] if "text" in told else []
        note(f"socket: {said['type']}", [each["code"] for each in answers if each["type"] == "error"])
    await socket.send_input({"type": "websocket.disconnect", "code": 1001})
    await socket.wait(10)


async def sockets_of_the_customer(customer, talk, frames, stopped):
    cookie = f"sessionid={customer.client.cookies['sessionid'].value}"
    await socket_of(talk, cookie, frames)
    await socket_of(stopped.conversation, cookie, [{"type": "turn.retry", "turn": str(stopped.turn_id)}])


def frames_for(account, talk):
    """What a page can say, each about something that is there."""
    card = {"type": "memory", "memory": remember(account, "noted").key, "lines": [WORDS], "state": ""}
    told = reply(talk, cards=[card])
    turn = reply(talk, status="waiting").turn
    action = Action.objects.create(
        id=f"{turn.pk}:c", turn=turn, tool="cancel_pending_order", digest="d", approver="customer"
    )
    noted = {"type": "memory.decide", "message": str(told.pk), "memory": card["memory"]}
    return [
        {"type": "message.rate", "message": str(told.pk), "vote": "up", "reason": ""},
        {**noted, "decision": "change", "text": "I live in Faro"},
        {**noted, "decision": "undo", "text": ""},
        {"type": "action.decide", "action": action.pk, "digest": "d", "decision": "decline"},
        {"type": "message.send", "id": str(uuid.uuid4()), "text": "Hello"},
        lambda answers: {"type": "turn.stop", "turn": next(a["turn"] for a in answers if a["type"] == "ack")},
    ]


def pages_of_staff(staff, account, talk):
    for model in admin.site._registry:
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        staff.get(path)
        first = model.objects.first()
        if first is not None:
            staff.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[first.pk]))
    for path in (
        "/admin/",
        "/admin/dashboard/",
        f"/admin/privacy/erasure/of/{account.pk}/",
        "/admin/review/memory/?q=lamp",
    ):
        staff.get(path)
    desk = f"/admin/chat/conversation/{talk.pk}"
    staff.post(f"{desk}/take-over/", {})
    staff.post(f"{desk}/answer/", {"form_id": str(uuid.uuid4()), "text": "Hello"})
    staff.post(f"{desk}/hand-back/", {})


async def probe(path):
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [(b"host", HOST.encode())]}
    asked = ApplicationCommunicator(application, scope | {"client": (HOST, 1)})
    await asked.send_input({"type": "http.request"})
    note(f"GET {path}", (await asked.receive_output(10))["status"])


def verbs_of_staff(staff, account, order):
    memory = remember(account, "reviewed")
    for verb in ("quarantine", "approve", "delete"):
        staff.post(f"/admin/review/memory/do/{verb}/?ids={memory.pk}", {"reason": "seen"})
    change = RecordChange.objects.filter(record=memory.pk).latest("pk")
    staff.post(f"/admin/review/memory/undo/{change.pk}/", {"reason": "after all"})
    assert Remembered.objects.live().filter(pk=memory.pk).exists()
    leaving = Account.objects.create(name="Leaving")
    staff.post(f"/admin/privacy/erasure/of/{leaving.pk}/", {"reason": "asked to"})
    path = f"/admin/orders/order/{order.pk}/correct/cancel_pending_order/"
    form = {"version": order.value["version"], "reason": "rang us up", "cancel_reason": "no longer needed"}
    staff.get(path)
    staff.post(path, {**form, "apply": "yes"})
    order.refresh_from_db()
    assert order.value["status"] == "cancelled"


def interface_of_the_shop(order):
    token, digest = new_token()
    ShopToken.objects.create(name="pages", digest=digest)
    headers = {"host": HOST, "authorization": f"Bearer {token}"}
    body = {"updated_at": datetime.now(UTC).isoformat(), "order": {**to_shop_json(order.value), "status": "delivered"}}
    path = f"/api/shop/v1/orders/{order.key[1:]}"
    told = Client(headers=headers).put(path, json.dumps(body), content_type="application/json")
    assert told.json() == {"status": "updated"}, told.content
    note("PUT order", told.status_code)


def main():
    account = Account.objects.get(shop_customer_id="deploy")
    orders = list(Order.objects.filter(account=account))
    talk, other = (Conversation.objects.create(account=account) for _ in range(2))
    customer = Person(account.users.get())
    staff = Person(User.objects.create_superuser("pages@example.com", None, name="Pages"))
    pages_of_the_customer(customer, account, talk)
    frames, stopped = frames_for(account, talk), reply(other, status="stopped")
    asyncio.run(sockets_of_the_customer(customer, talk, frames, stopped))
    pages_of_staff(staff, account, talk)
    verbs_of_staff(staff, account, orders[0])
    interface_of_the_shop(orders[1])
    for path in ("/healthz", "/readyz", "/metrics"):
        asyncio.run(probe(path))
    staff.get("/admin/review/memory/?q=lamp&by=meaning")
    sys.stdout.write(json.dumps(steps) + "\n")


if __name__ == "__main__":
    main()
