"""The socket: who gets in, what it answers, and that it shows everything once."""

import asyncio
import json
import uuid
from contextlib import suppress

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.contrib.auth import logout
from django.test import Client, RequestFactory

from support_site.asgi import application
from support_site.chat import turns
from support_site.chat.models import Conversation, Message, Turn
from support_site.privacy import deletion, erasure
from support_site.threads import in_thread
from tests.chat.scripted import HOLD, ScriptedAgent, carries_out, proposes, says

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = b"http://localhost:8000"


class Socket(ApplicationCommunicator):
    """A browser's socket; ``frames`` is everything it was sent. (That of channels.testing would need Daphne.)"""

    def __init__(self, conversation, session="", origin=ORIGIN):
        headers = [(b"host", b"localhost:8000")]
        headers += [(b"origin", origin)] if origin else []
        headers += [(b"cookie", f"{settings.SESSION_COOKIE_NAME}={session}".encode())] if session else []
        path = f"/ws/conversations/{getattr(conversation, 'pk', conversation)}/"
        scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
        super().__init__(application, scope)
        self.frames = []

    async def connect(self):
        await self.send_input({"type": "websocket.connect"})
        return (await self.receive_output(5))["type"] == "websocket.accept"

    async def disconnect(self):
        await self.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wait(5)

    async def send(self, text):
        await self.send_input({"type": "websocket.receive", "text": text})

    async def say(self, kind, **fields):
        await self.send(json.dumps({"type": kind, **fields}))

    async def next(self):
        frame = json.loads((await self.receive_output(5))["text"])
        self.frames.append(frame)
        return frame

    async def until(self, kind, **wanted):
        """The next frame of this type (of an event frame: the event) with these values."""
        while True:
            frame = await self.next()
            found = frame["event"] if frame["type"] == "event" else frame
            if found["type"] == kind and all(found.get(name) == value for name, value in wanted.items()):
                return found

    async def hello(self, **cursors):
        await self.say("hello", cursors=cursors)
        return await self.until("snapshot")

    async def close_code(self):
        while True:
            message = await self.receive_output(5)
            if message["type"] == "websocket.close":
                return message.get("code")

    def events(self, turn=None):
        return [(frame["seq"], frame["event"]) for frame in self.frames if frame["type"] == "event"]


def session_of(user):
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def alices_session(alice):
    return session_of(alice)


@pytest.fixture
def bobs_session(bob):
    return session_of(bob)


@pytest.fixture
async def open_socket(conversation, alices_session):
    """An open socket of alice's; closed after the test."""
    opened = []

    async def open_socket(where=None, session=alices_session, **options):
        socket = Socket(where or conversation, session, **options)
        opened.append(socket)
        assert await socket.connect()
        return socket

    yield open_socket
    for socket in opened:
        if not socket.future.done():
            await socket.disconnect()


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
    monkeypatch.setattr("support_site.chat.visits.CHECK_SESSION_SECONDS", 0.05)
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


async def test_a_reader_that_does_not_read_is_closed():
    from support_site.chat.outbox import Outbox, TooSlow

    async def never(frame):
        await asyncio.sleep(60)

    outbox = Outbox(never, seconds=0.05)
    stuck = asyncio.create_task(outbox.put({"type": "pong"}))
    with pytest.raises(TooSlow):
        await outbox.watch()
    stuck.cancel()


async def test_a_frame_that_is_given_up_is_not_a_slow_reader():
    from support_site.chat.outbox import Outbox

    async def never(frame):
        await asyncio.sleep(60)

    outbox = Outbox(never, seconds=0.05)
    with suppress(TimeoutError):
        await asyncio.wait_for(outbox.put({"type": "pong"}), 0.01)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(outbox.watch(), 0.2)


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


# --- Watching an answer


async def answered(beginning, turn, agent):
    return asyncio.wrap_future(beginning(turn, agent))


async def test_an_answer_streams_in_and_is_kept(open_socket, beginning):
    socket = await open_socket()
    await socket.hello()
    await socket.say("message.send", id=str(uuid.uuid4()), text="Hi")
    turn = await Turn.objects.aget(pk=(await socket.until("ack"))["turn"])
    running = await answered(beginning, turn, ScriptedAgent([*says("Hello **there**"), 0.1]))
    done = await socket.until("message.done")
    assert (done["text"], done["html"]) == ("Hello **there**", "<p>Hello <strong>there</strong></p>")
    assert (await socket.until("turn.done"))["status"] == "done"
    assert await running == "done"
    assert [seq for seq, _ in socket.events()] == list(range(1, len(socket.events()) + 1))
    kept = [frame["message"]["role"] for frame in socket.frames if frame["type"] == "message"]
    assert kept == ["customer", "agent"]


async def test_two_tabs_see_the_same_events_in_the_same_order(open_socket, beginning):
    one, two = await open_socket(), await open_socket()
    for socket in (one, two):
        await socket.hello()
    await one.say("message.send", id=str(uuid.uuid4()), text="Hi")
    turn = await Turn.objects.aget(pk=(await one.until("ack"))["turn"])
    await (await answered(beginning, turn, ScriptedAgent(says("a b c d e f"))))
    for socket in (one, two):
        await socket.until("turn.done")
    assert one.events() == two.events()
    assert next(frame for frame in two.frames if frame["type"] == "message")["message"]["text"] == "Hi"


async def test_a_page_that_comes_back_at_any_event_gets_exactly_the_rest(open_socket, say, answer, conversation):
    turn = await in_thread(say)("Hi")
    await in_thread(answer)(
        turn, ScriptedAgent([step for event in says("one two three four") for step in (event, 0.06)])
    )
    await Turn.objects.filter(pk=turn.pk).aupdate(status="running")
    whole = await open_socket()
    await whole.hello()
    await whole.until("turn.done")
    assert len(whole.events()) > 6
    for seen in range(len(whole.events()) + 1):
        socket = await open_socket()
        await socket.hello(**{str(turn.pk): seen})
        if seen < len(whole.events()):
            await socket.until("turn.done")
        assert socket.events() == whole.events()[seen:]
        await socket.disconnect()


async def test_a_reload_in_mid_answer_shows_what_was_there_and_goes_on(open_socket, say, beginning):
    turn = await in_thread(say)("Hi")
    agent = ScriptedAgent([*says("Let me look", done=False), HOLD, *says("Here it is.")])
    running = await answered(beginning, turn, agent)
    first = await open_socket()
    await first.hello()
    await first.until("message.delta")
    await first.disconnect()
    second = await open_socket()
    snapshot = await second.hello()
    assert [shown["status"] for shown in snapshot["turns"]] == ["running"]
    await second.until("message.delta")
    agent.let_go()
    await second.until("turn.done")
    assert [seq for seq, _ in second.events()] == list(range(1, len(second.events()) + 1))
    assert await running == "done"


async def test_hello_said_again_begins_again_at_its_cursors(open_socket, say, answer):
    turn = await in_thread(say)("Hi")
    await in_thread(answer)(turn, ScriptedAgent(says("Hello")))
    await Turn.objects.filter(pk=turn.pk).aupdate(status="running")
    socket = await open_socket()
    await socket.hello()
    await socket.until("turn.done")
    before = socket.events()
    socket.frames.clear()
    await socket.hello(**{str(turn.pk): 2})
    await socket.until("turn.done")
    assert socket.events() == before[2:]


async def test_leaving_is_not_stopping(open_socket, say, beginning):
    turn = await in_thread(say)("Hi")
    agent = ScriptedAgent.held()
    running = await answered(beginning, turn, agent)
    socket = await open_socket()
    await socket.hello()
    await socket.until("message.delta")
    await socket.disconnect()
    agent.let_go()
    assert await running == "done"


async def test_stop_is_heard_while_an_answer_is_written(open_socket, say, beginning):
    turn = await in_thread(say)("Hi")
    running = await answered(beginning, turn, ScriptedAgent.held())
    socket = await open_socket()
    await socket.hello()
    await socket.until("message.delta")
    await socket.say("turn.stop", turn=str(turn.pk))
    assert (await socket.until("turn.done"))["status"] == "stopped"
    assert await running == "stopped"


async def test_a_failed_turn_is_in_the_snapshot_and_can_be_tried_again_from_the_page(
    open_socket, say, answer, no_tasks
):
    turn = await in_thread(say)("Hi")
    await in_thread(answer)(turn, ScriptedAgent([ValueError()]))
    socket = await open_socket()
    snapshot = await socket.hello()
    assert snapshot["turns"][0]["error"]["code"] == "failed"
    await socket.say("turn.retry", turn=str(turn.pk))
    assert (await socket.until("ack"))["turn"] == str(turn.pk)
    assert ("answer", str(turn.pk)) in no_tasks
    assert (await socket.until("turn"))["turn"]["status"] == "queued"


async def test_a_click_decides_and_the_outcome_is_shown_in_every_tab(open_socket, say, answer, beginning, no_tasks):
    turn = await in_thread(say)("Cancel it")
    await in_thread(answer)(turn, ScriptedAgent(proposes(turn)))
    one, two = await open_socket(), await open_socket()
    for socket in (one, two):
        await socket.hello()
        proposed = await socket.until("action.proposed")
    await one.say("action.decide", action=proposed["action"], digest=proposed["digest"], decision="confirm")
    await one.until("turn", turn={"id": str(turn.pk), "status": "running", "error": None})
    assert no_tasks[-1] == ("answer", str(turn.pk))
    await (await answered(beginning, turn, ScriptedAgent([*carries_out(), *says("Done.")])))
    for socket in (one, two):
        assert (await socket.until("action.decided", status="applied"))["receipt"]["amount"] == "12.00"
        await socket.until("turn.done", status="done")


async def test_a_click_on_something_else_than_was_shown_is_refused(open_socket, say, answer):
    turn = await in_thread(say)("Cancel it")
    await in_thread(answer)(turn, ScriptedAgent(proposes(turn)))
    socket = await open_socket()
    await socket.hello()
    await socket.say("action.decide", action=f"{turn.pk}:call_1", digest="other", decision="confirm")
    error = await socket.until("error")
    assert (error["code"], error["ref"]) == ("changed", f"{turn.pk}:call_1")


async def test_a_staff_reply_is_shown_at_once(open_socket, conversation, sam):
    socket = await open_socket()
    await socket.hello()

    def reply():
        from django.db import transaction

        with transaction.atomic():
            turns.keep(turns.locked(conversation.pk), turn=None, role="staff", text="Sam here.", author=sam)

    await in_thread(reply)()
    message = (await socket.until("message"))["message"]
    assert (message["role"], message["text"], message["author"]) == ("staff", "Sam here.", "Sam")


async def test_sockets_of_other_conversations_hear_nothing(open_socket, alice, say):
    other = await Conversation.objects.acreate(account=alice.account)
    socket = await open_socket(other)
    await socket.hello()
    await in_thread(say)("Hi")
    await socket.say("ping", t=1)
    assert (await socket.next())["type"] == "pong"
