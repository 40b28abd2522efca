"""A site with data of its own, and alice and bob with a canary sentence in every kind of field."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from agents import namespaces
from agents.attribution import attributed
from agents.checkpoints import open_checkpointer
from support_site.memory.stores import reset_site_store, site_store

#: In no other test, and long enough that no compression or chance makes it up.
CANARY = "canary-of-alice-9c41e7"


@pytest.fixture(autouse=True)
def no_tasks(no_tasks):
    """Nothing here is enqueued for real."""
    return no_tasks


@pytest.fixture
def home(settings, tmp_path):
    """Chroma, checkpoints and files in a folder of this test."""
    settings.CHROMA_DIR = tmp_path / "chroma"
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.sqlite3"
    settings.MEDIA_ROOT = tmp_path / "files"
    reset_site_store()
    yield tmp_path
    reset_site_store()


@pytest.fixture
def store(home, transactional_db):
    return site_store()


@pytest.fixture
def filled(store, alice, bob):
    """Both customers have everything a customer can have; alice's says CANARY, bob's says "bob's own"."""
    fill(store, alice, CANARY)
    fill(store, bob, "bob's own")
    return store


def fill(store, user, words):
    """Put ``words`` into a row of every room, the store, the checkpoints, an archive and the admin's log."""
    account = user.account
    account.name = user.name = f"{words} name"
    account.save()
    user.save()
    fill_store(store, str(account.pk), words)
    conversation = fill_conversation(user, words)
    fill_edges(user, words, conversation)
    asyncio.run(write_thread(str(conversation.pk), words))
    return conversation


def fill_store(store, account_id, words):
    from support_site.memory.models import Tombstone

    address = {"street": f"{words} street 1", "city": "Turin"}
    order = {"version": 1, "order_id": "#W1", "address": address, "items": [{"name": f"{words} teapot"}], "changes": []}
    with attributed(actor="customer", reason=f"{words} reason"):
        store.put(namespaces.orders(account_id), "#W1", order)
        store.put(namespaces.profile(account_id), "profile", {"version": 1, "name": words, "email": f"{words}@x.org"})
        memory = {"text": f"{words} likes green tea", "kind": "fact", "source": {}}
        store.put(namespaces.memories(account_id), "m1", memory)
        store.put(namespaces.memories(account_id), "m1", memory | {"text": f"{words} likes black tea"})
        store.put(namespaces.memories(account_id), "m2", memory)
        store.put(namespaces.memories(account_id), "m2", None)
    Tombstone.objects.create(scope=f"accounts.{account_id}", address="x", reason=words)


def fill_conversation(user, words):
    from support_site.chat.models import Action, Conversation, Message, Turn, TurnEvent

    conversation = Conversation.objects.create(account=user.account, title=f"{words} title")
    turn = Turn.objects.create(conversation=conversation, status="done", finished_at=timezone.now(), last_seq=1)
    told = {"conversation": conversation, "turn": turn, "html": f"<p>{words}</p>", "text": words}
    Message.objects.create(**told, position=1, role="customer", author=user, client_id=uuid.uuid4())
    Message.objects.create(
        **told,
        position=2,
        role="agent",
        cards=[{"type": "memory", "memory": "m1", "title": words, "lines": []}],
        rating_reason=words,
    )
    TurnEvent.objects.create(turn=turn, seq=1, event={"type": "message.delta", "blocks": [words]})
    Action.objects.create(
        id=f"{turn.pk}:call", turn=turn, tool="change_address", arguments={"street": words}, digest="d",
        preview={"title": words}, approver="customer", receipt={"title": words}, status="applied",
    )  # fmt: skip
    return conversation


def fill_edges(user, words, conversation):
    from allauth.account.models import EmailAddress
    from django.contrib.admin.models import CHANGE, LogEntry
    from django.contrib.sessions.backends.db import SessionStore

    from support_site.memory.models import RecordRead
    from support_site.orders.models import Order, ShopUpdate, WebhookDelivery
    from support_site.privacy import archives
    from support_site.privacy.models import Export
    from support_site.review.models import Memory, Replay

    EmailAddress.objects.create(user=user, email=f"{words.replace(' ', '-')}@example.com", verified=True)
    order = Order.objects.get(account=user.account, kind="orders")  # logged as an Order, kept as a Record
    for thing in (user, user.account, conversation, order, conversation.turns.get().actions.get()):
        LogEntry.objects.log_actions(user.pk, [thing], CHANGE, change_message=f"{words} changed")
    session = SessionStore()
    session.update({"_auth_user_id": str(user.pk), "draft": words})
    session.create()
    export = Export(account=user.account, asked_by="customer", status="ready", reason=words)
    archives.keep(export, ContentFile(words.encode()))
    export.expires_at = timezone.now() + timedelta(days=1)
    export.save()
    RecordRead.objects.create(account=user.account, what=words, at=timezone.now())
    Replay.objects.create(
        memory=Memory.objects.filter(account=user.account, key_text="m1").get(), turn=conversation.turns.get(),
        text=words, html=words, notes=[words], trouble=words,
    )  # fmt: skip
    ShopUpdate.objects.create(kind="customer", shop_id=f"{words} id", account=user.account)
    WebhookDelivery.objects.create(action_id=f"{words} action", account=user.account, tool="x", body=words)


async def write_thread(thread_id, words):
    """A checkpoint with a message, and a pending write, as a run leaves them."""
    from langchain_core.messages import HumanMessage
    from langgraph.checkpoint.base import empty_checkpoint

    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = {"messages": [HumanMessage(words)]}
    checkpoint["channel_versions"] = {"messages": 1}
    config = {"configurable": {"thread_id": thread_id, "checkpoint_ns": ""}}
    async with open_checkpointer(site_settings.CHECKPOINT_FILE) as saver:
        kept = await saver.aput(config, checkpoint, {"source": "loop", "step": 1, "parents": {}}, {"messages": 1})
        await saver.aput_writes(kept, [("messages", HumanMessage(f"{words} pending"))], "task")


def files_with(words, *folders):
    """Files below the folders (or named by them) that hold the words in their bytes, UTF-8 or UTF-16."""
    needles = [words.encode(), words.encode("utf-16-le"), words.encode().hex().encode()]
    files = [file for folder in folders for file in ([folder] if folder.is_file() else folder.rglob("*"))]
    return [file for file in files if file.is_file() and any(n in file.read_bytes() for n in needles)]


def database_files(folder):
    """SQLite's files; of PostgreSQL, whose files are the server's, every row as text in a file of the folder."""
    if connection.vendor == "sqlite":
        name = connection.settings_dict["NAME"]
        return [file for file in (Path(f"{name}{end}") for end in ("", "-wal", "-shm")) if file.exists()]
    dump = folder / "test.rows"
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = [cursor.execute(f'SELECT t::text FROM "{table}" t').fetchall() for table in tables]  # noqa: S608
    dump.write_text(repr(rows))
    return [dump]
