""" "Why did you say that?" names what the agent had in front of it, honestly, and to nobody else."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from langgraph.store.base import PutOp

from agents import namespaces
from agents.memory import MemoryDraft, Source
from support_site.chat.lineage import note_recalled
from support_site.chat.models import Conversation, Message, Turn
from support_site.memory import customers
from support_site.memory.stores import site_store

pytestmark = pytest.mark.django_db

TEA, COFFEE = "The customer likes tea.", "The customer likes coffee."


@pytest.fixture
def tea(alice):
    return customers.note_again(alice.account_id, MemoryDraft(text=TEA, kind="preference"), Source(turn="t0"))


@pytest.fixture
def reply_with(alice):
    """A reply whose turn had these records in front of it."""

    def reply_with(**recalled):
        conversation = Conversation.objects.create(account=alice.account)
        turn = Turn.objects.create(conversation=conversation, status="done", finished_at=timezone.now())
        note_recalled(turn, recalled)
        return Message.objects.create(conversation=conversation, turn=turn, position=2, role="agent", text="Tea?")

    return reply_with


@pytest.fixture
def why(client, alice):
    client.force_login(alice)

    def why(reply):
        return client.get(f"/memory/replies/{reply.pk}/", headers={"accept": "application/json"}).json()["reasons"]

    return why


def put_order(account, version, status):
    value = {"version": version, "status": status, "items": [{"name": "Lamp", "price": "10.00"}]}
    site_store().keep([PutOp(namespaces.orders(str(account.pk)), "#W1", value)])


def test_memories_orders_and_products_are_named_with_a_way_to_the_page(why, reply_with, alice, tea):
    put_order(alice.account, 1, "pending")
    site_store().keep([PutOp(namespaces.PRODUCTS, "77", {"name": "Desk Lamp"})])
    told = why(reply_with(memories=[tea.key], orders=["#W1"], products=["77"]))
    assert [(reason["what"], reason["text"], reason["since"]) for reason in told] == [
        ("Note", TEA, ""),
        ("Order", "#W1: pending · Lamp", ""),
        ("Product", "Desk Lamp", ""),
    ]
    assert told[0]["url"] == f"/memory/?q=The+customer+likes+tea.#note-{tea.key}"


def test_what_changed_or_was_forgotten_since_is_told_so(why, reply_with, alice, tea):
    put_order(alice.account, 1, "pending")
    reply = reply_with(memories=[tea.key], orders=["#W1"])
    Turn.objects.update(finished_at=timezone.now() - timedelta(seconds=1))
    put_order(alice.account, 2, "delivered")
    customers.correct(alice.account_id, tea.key, COFFEE, Source(request="r1"))
    assert [reason["since"] for reason in why(reply)] == ["changed since", "changed since"]
    customers.forget(alice.account_id, tea.key)
    customers.forget(alice.account_id, customers.memories_of(alice.account_id)[0].key)
    forgotten = why(reply)[0]
    assert (forgotten["text"], forgotten["url"]) == ("Something noted about you, forgotten since", "")
    assert "tea" not in str(why(reply))


def test_a_reply_that_rests_on_nothing_says_so(why, reply_with, client):
    reply = reply_with()
    assert why(reply) == []
    assert "Nothing noted about you" in client.get(f"/memory/replies/{reply.pk}/").content.decode()


def test_without_a_script_it_is_a_page(why, reply_with, client, tea):
    page = client.get(f"/memory/replies/{reply_with(memories=[tea.key]).pk}/", headers={"accept": "text/html"})
    assert TEA in page.content.decode()


def test_another_customers_reply_looks_like_one_that_never_was(reply_with, client, bob, tea):
    reply = reply_with(memories=[tea.key])
    client.force_login(bob)
    pages = [client.get(f"/memory/replies/{pk}/") for pk in (reply.pk, uuid.uuid4())]
    assert [page.status_code for page in pages] == [404, 404]
    assert "tea" not in pages[0].content.decode()


def test_what_a_customer_wrote_has_no_reasons(reply_with, client, alice):
    reply = reply_with()
    Message.objects.update(role="customer")
    client.force_login(alice)
    assert client.get(f"/memory/replies/{reply.pk}/").status_code == 404
