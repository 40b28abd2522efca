"""The socket: who gets in, when it is closed, and what it answers."""

import json
import uuid

import pytest
from asgiref.sync import sync_to_async
from channels.layers import InMemoryChannelLayer
from django.conf import settings
from django.contrib.auth import logout
from django.test import Client, RequestFactory

from support_site.chat.lookout import lookout
from support_site.chat.models import Conversation, Message, Turn
from support_site.privacy import deletion, erasure
from support_site.threads import in_thread
from tests.chat.sockets import Socket, session_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bobs_session(bob):
    return session_of(bob)


# --- Who gets in


@pytest.mark.parametrize(
    "origin",
    [
        None,
        b"null",
        b"http://evil.example",
        b"http://localhost.evil.example",
        b"http://evil.example/localhost",
        b"localhost",
    ],
)
async def test_a_page_of_another_site_cannot_open_a_socket(conversation, alices_session, origin):
    socket = Socket(conversation, alices_session, origin)
    assert not await socket.connect()


async def test_a_socket_without_a_session_is_closed_as_signed_out(open_socket):
    assert await (await open_socket(session="")).close_code() == 4401


async def test_a_socket_with_a_made_up_session_is_closed_as_signed_out(open_socket):
    assert await (await open_socket(session="x" * 32)).close_code() == 4401


async def test_a_foreign_conversation_is_closed_exactly_like_a_missing_one(open_socket, bobs_session):
    foreign = await open_socket(session=bobs_session)
    missing = await open_socket(uuid.uuid4(), session=bobs_session)
    assert await foreign.close_code() == await missing.close_code() == 4404


async def test_staff_have_no_conversations_of_their_own(open_socket, sam):
    assert await (await open_socket(session=await sync_to_async(session_of)(sam))).close_code() == 4404


async def test_an_address_that_does_not_exist_is_closed_like_a_missing_conversation(open_socket):
    assert await (await open_socket("not-an-id")).close_code() == 4404


async def test_a_socket_too_many_is_turned_away(open_socket, monkeypatch):
    monkeypatch.setattr(settings, "OPEN_SOCKETS", [2, 0])
    for _ in range(2):
        await (await open_socket()).hello()
    assert await (await open_socket()).close_code() == 4409


async def test_a_closed_socket_makes_room_for_another(open_socket, monkeypatch):
    monkeypatch.setattr(settings, "OPEN_SOCKETS", [1, 0])
    first = await open_socket()
    await first.hello()
    await first.disconnect()
    await (await open_socket()).hello()


async def test_a_socket_whose_groups_cannot_be_left_ends_all_the_same(open_socket, monkeypatch):
    async def away(self, group, channel):
        raise ConnectionError

    socket = await open_socket()
    await socket.hello()
    monkeypatch.setattr(InMemoryChannelLayer, "group_discard", away)
    with pytest.raises(ConnectionError):
        await socket.disconnect()
    assert not lookout._visits


# --- When the session ends


async def end_session(session):
    def sign_out():
        from importlib import import_module

        from support_site.accounts.models import User

        request = RequestFactory().get("/")
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(session)
        request.user = User.objects.get(email="alice@example.com")
        logout(request)

    await in_thread(sign_out)()


async def test_signing_out_closes_every_socket_of_the_session_at_once(open_socket, alices_session):
    sockets = [await open_socket(), await open_socket()]
    for socket in sockets:
        await socket.hello()
    await end_session(alices_session)
    assert [await socket.close_code() for socket in sockets] == [4401, 4401]


async def test_signing_out_leaves_the_other_devices_of_the_account_alone(open_socket, alices_session, alice):
    here, elsewhere = await open_socket(), await open_socket(session=await sync_to_async(session_of)(alice))
    await here.hello()
    await elsewhere.hello()
    await end_session(alices_session)
    assert await here.close_code() == 4401
    await elsewhere.say("ping", t=1)
    assert (await elsewhere.next())["type"] == "pong"


async def test_deleting_the_conversation_closes_its_sockets_as_gone(open_socket, conversation):
    sockets = [await open_socket(), await open_socket()]
    for socket in sockets:
        await socket.hello()

    def delete():
        deletion.delete(conversation, asked_by="customer")

    await in_thread(delete)()
    assert [await socket.close_code() for socket in sockets] == [4404, 4404]


async def test_erasing_the_account_closes_its_sockets_at_once(open_socket, alice):
    socket = await open_socket()
    await socket.hello()
    await in_thread(erasure.begin)(alice.account, asked_by="customer")
    assert await socket.close_code() == 4401


async def test_a_new_password_closes_the_socket_at_its_next_frame(open_socket, alice):
    socket = await open_socket()
    await socket.hello()
    alice.set_password("another-password")
    await in_thread(alice.save)()
    await socket.say("ping", t=1)
    assert await socket.close_code() == 4401


async def test_a_user_who_is_deactivated_is_noticed_without_a_frame(open_socket, alice, monkeypatch):
    monkeypatch.setattr("support_site.chat.lookout.CHECK_SESSIONS_SECONDS", 0.05)
    socket = await open_socket()
    await socket.hello()
    alice.is_active = False
    await in_thread(alice.save)()
    assert await socket.close_code() == 4401


async def test_a_message_of_an_ended_session_is_not_kept(open_socket, alice):
    socket = await open_socket()
    await socket.hello()
    alice.is_active = False
    await in_thread(alice.save)()
    await socket.say("message.send", id=str(uuid.uuid4()), text="Hi")
    assert await socket.close_code() == 4401
    assert not await Message.objects.aexists()


# --- Memory that is paused


def switch(user, address, **form):
    client = Client()
    client.force_login(user)
    assert client.post(address, form).status_code == 302


async def test_memory_that_is_paused_is_said_at_once_in_every_conversation_of_the_account_only(open_socket, alice, bob):
    other, foreign = [await Conversation.objects.acreate(account=each.account) for each in (alice, bob)]
    sockets = [await open_socket(), await open_socket(other)]
    bobs = await open_socket(foreign, session=await sync_to_async(session_of)(bob))
    for socket in [*sockets, bobs]:
        assert (await socket.hello())["memory"] == {"paused": False, "leaves_none": False}
    await sync_to_async(switch)(alice, "/memory/pause/", paused="yes")
    assert [(await socket.until("memory"))["memory"]["paused"] for socket in sockets] == [True, True]
    await sync_to_async(switch)(alice, "/memory/pause/", paused="no")
    assert [(await socket.until("memory"))["memory"]["paused"] for socket in sockets] == [False, False]
    await bobs.say("ping", t=1)
    assert (await bobs.next())["type"] == "pong"


async def test_a_conversation_that_leaves_no_memory_says_so_in_its_own_tabs_only(open_socket, conversation, alice):
    here, other = await open_socket(), await open_socket(await Conversation.objects.acreate(account=alice.account))
    await here.hello()
    await other.hello()
    await sync_to_async(switch)(alice, f"/memory/conversations/{conversation.pk}/", leaves_no_memory="yes")
    assert (await here.until("memory"))["memory"] == {"paused": False, "leaves_none": True}
    await other.say("ping", t=1)
    assert (await other.next())["type"] == "pong"
    assert (await here.hello())["memory"] == {"paused": False, "leaves_none": True}


# --- What is not a frame


@pytest.mark.parametrize("text", ["", "no json", "[]", "7", '{"type": "ping", "t": NaN}', "[" * 50_000])
async def test_what_is_no_json_object_closes_the_socket(open_socket, text):
    socket = await open_socket()
    await socket.send(text)
    assert await socket.close_code() == 4400


async def test_a_binary_frame_closes_the_socket(open_socket):
    socket = await open_socket()
    await socket.send_input({"type": "websocket.receive", "bytes": b'{"type": "ping", "t": 1}'})
    assert await socket.close_code() == 4400


async def test_a_frame_that_is_too_large_closes_the_socket(open_socket):
    socket = await open_socket()
    await socket.send(json.dumps({"type": "ping", "t": 1, "x": "x" * 70_000}))
    assert await socket.close_code() == 4413


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"type": "unknown"},
        {"type": 1},
        {"type": "ping"},
        {"type": "ping", "t": "x"},
        {"type": "message.send", "text": "Hi"},
        {"type": "message.send", "id": "x", "text": "Hi"},
        {"type": "hello", "cursors": []},
        {"type": "turn.stop", "turn": None},
    ],
)
async def test_an_odd_frame_is_answered_with_an_error_and_the_socket_lives(open_socket, frame):
    socket = await open_socket()
    await socket.hello()
    await socket.send(json.dumps(frame))
    error = await socket.until("error")
    assert (error["code"], error["retryable"]) == ("bad_frame", False)
    assert error["message"].endswith(".")
    await socket.say("ping", t=7)
    assert (await socket.until("pong"))["t"] == 7


async def test_a_flood_of_frames_closes_the_socket(open_socket, monkeypatch):
    socket = await open_socket()
    for _ in range(500):
        await socket.send(json.dumps({"type": "ping", "t": 1}))
    assert await socket.close_code() == 4429


# --- Writing


async def test_before_hello_nothing_is_done(open_socket):
    socket = await open_socket()
    message = str(uuid.uuid4())
    await socket.say("message.send", id=message, text="Hi")
    error = await socket.until("error")
    assert (error["code"], error["ref"]) == ("hello_first", message)
    assert not await Message.objects.aexists()


async def test_hello_is_answered_with_who_answers_and_what_there_is(open_socket, say):
    await in_thread(say)("Hi")
    socket = await open_socket()
    await socket.say("hello", cursors={})
    ready = await socket.next()
    assert (ready["type"], ready["v"], ready["max_length"]) == ("ready", 1, 8000)
    assert ready["model"] == {"name": "offline model", "offline": True}
    snapshot = await socket.next()
    assert [message["text"] for message in snapshot["messages"]] == ["Hi"]
    assert (snapshot["title"], snapshot["needs_person"]) == ("Hi", False)
    assert [turn["status"] for turn in snapshot["turns"]] == ["queued"]


async def test_a_message_is_acknowledged_kept_and_given_to_the_worker(open_socket, no_tasks):
    socket = await open_socket()
    await socket.hello()
    message = str(uuid.uuid4())
    await socket.say("message.send", id=message, text="Where is my order?")
    ack = await socket.until("ack")
    assert (ack["id"], ack["status"]) == (message, "accepted")
    assert no_tasks == [("answer", ack["turn"])]
    assert (await Message.objects.aget()).text == "Where is my order?"


async def test_a_message_sent_again_is_acknowledged_as_a_duplicate(open_socket):
    socket, message = await open_socket(), str(uuid.uuid4())
    await socket.hello()
    for status in ("accepted", "duplicate"):
        await socket.say("message.send", id=message, text="Hi")
        assert (await socket.until("ack"))["status"] == status
    assert await Message.objects.acount() == 1


@pytest.mark.parametrize(("text", "code"), [("", "empty"), ("  \n", "empty"), ("x" * 8001, "too_long")])
async def test_a_message_that_cannot_be_sent_is_refused_with_a_sentence(open_socket, text, code):
    socket, message = await open_socket(), str(uuid.uuid4())
    await socket.hello()
    await socket.say("message.send", id=message, text=text)
    error = await socket.until("error")
    assert (error["code"], error["ref"]) == (code, message)
    assert not await Message.objects.aexists()


async def test_what_goes_wrong_on_our_side_is_said_and_can_be_tried_again(open_socket, monkeypatch, caplog):
    def down(*args, **options):
        raise OSError("PRIVATE")

    socket, message = await open_socket(), str(uuid.uuid4())
    await socket.hello()
    monkeypatch.setattr("support_site.chat.edges.send", down)
    await socket.say("message.send", id=message, text="Hi")
    error = await socket.until("error")
    assert (error["code"], error["ref"], error["retryable"]) == ("site_failed", message, True)
    assert "PRIVATE" not in caplog.text


@pytest.mark.parametrize("kind", ["turn.stop", "turn.retry"])
async def test_turns_of_another_conversation_do_not_exist(open_socket, bob, kind):
    foreign = await Turn.objects.acreate(
        conversation=await Conversation.objects.acreate(account=bob.account), status="failed"
    )
    socket = await open_socket()
    await socket.hello()
    await socket.say(kind, turn=str(foreign.pk))
    assert (await socket.until("error"))["code"] == "not_found"
    await foreign.arefresh_from_db()
    assert foreign.status == "failed"


async def test_a_cursor_for_a_foreign_turn_shows_nothing_of_it(open_socket, bob):
    from support_site.chat.log import turn_log

    foreign = await Turn.objects.acreate(conversation=await Conversation.objects.acreate(account=bob.account))
    await in_thread(turn_log().append)(foreign.pk, 1, {"type": "handed.off"})
    socket = await open_socket()
    await socket.hello(**{str(foreign.pk): 0})
    await socket.say("ping", t=1)
    assert (await socket.next())["type"] == "pong"
