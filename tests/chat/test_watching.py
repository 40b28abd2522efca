"""What a socket shows of an answer, and of what else happens in its conversation: everything once, in every tab."""

import asyncio
import threading
import time
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from support_site.chat import shapes, signals, turns, visits
from support_site.chat.hub import hub
from support_site.chat.inbox import MOST_FRAMES_WAITING
from support_site.chat.log import Entry, LogUnreachable, SqlTurnLog, turn_log
from support_site.chat.models import Conversation, Turn
from support_site.chat.tailing import follow
from support_site.chat.visits import HELLOS_AT_ONCE
from support_site.threads import in_thread
from tests.chat.scripted import HOLD, ScriptedAgent, carries_out, proposes, says

pytestmark = pytest.mark.django_db(transaction=True)


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


async def test_what_is_written_is_shown_in_its_own_tab_without_being_read_again(open_socket, conversation, monkeypatch):
    here, elsewhere = await open_socket(), await open_socket()
    for socket in (here, elsewhere):
        await socket.hello()
    read, news = [], shapes.news

    def reading(conversation, message, turn):
        read.append(str(message))
        return news(conversation, message, turn)

    monkeypatch.setattr(shapes, "news", reading)
    await here.say("message.send", id=str(uuid.uuid4()), text="Hi")
    shown, there = [await here.next() for _ in range(3)], [await elsewhere.next() for _ in range(2)]
    assert [frame["type"] for frame in shown] == ["ack", "message", "turn"]
    assert shown[1:] == there
    written = shown[1]["message"]["id"]
    assert read == [written]
    # What changes of it later is shown in its own tab, too.
    await in_thread(signals.message_kept)(conversation.pk, uuid.UUID(written))
    assert await here.next() == await elsewhere.next() == shown[1]


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


async def test_a_tab_that_slept_until_the_log_was_swept_catches_up_and_follows_nothing(open_socket, say, answer):
    turn = await in_thread(say)("Hi")
    await in_thread(answer)(turn, ScriptedAgent(says("one two three four")))
    await Turn.objects.filter(pk=turn.pk).aupdate(finished_at=timezone.now() - timedelta(hours=2))
    assert await in_thread(turn_log().sweep)(timedelta(hours=1))
    watched_before = len(hub)
    socket = await open_socket()
    snapshot = await socket.hello(**{str(turn.pk): 3})
    assert [(message["role"], message["text"]) for message in snapshot["messages"]] == [
        ("customer", "Hi"),
        ("agent", "one two three four"),
    ]
    assert snapshot["turns"] == []
    await socket.say("ping", t=1)
    assert (await socket.next())["type"] == "pong"
    assert len(hub) == watched_before + 1, "the lookout's, and no turn's"


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


async def test_a_page_that_says_hello_in_a_loop_waits_for_each(open_socket, monkeypatch):
    monkeypatch.setattr(visits, "HELLO_SECONDS", 0.3)
    monkeypatch.setattr(visits, "HELLOS_AT_ONCE", 2)
    socket, began = await open_socket(), time.monotonic()
    for _ in range(4):
        await socket.hello()
    assert time.monotonic() - began > 0.5
    await socket.say("ping", t=1)
    assert (await socket.next())["type"] == "pong"


async def test_a_page_that_floods_with_hellos_is_closed(open_socket):
    socket = await open_socket()
    for _ in range(HELLOS_AT_ONCE + MOST_FRAMES_WAITING + 10):
        await socket.say("hello", cursors={})
    assert await socket.close_code() == 4429


async def test_readers_of_a_log_that_hangs_keep_nobody_from_the_database():
    class Hanging:
        is_durable = False
        go_on = threading.Event()

        def read(self, turn_id, after, limit):
            self.go_on.wait(10)
            return [Entry(1, {"type": "turn.done", "status": "done"})]

        def watch(self, turn_id):
            return hub.watch(("log", turn_id))

    async def read_all(turn_id):
        return [seq async for seq, _ in follow(log, turn_id)]

    log = Hanging()
    readers = [asyncio.create_task(read_all(uuid.uuid4())) for _ in range(20)]
    await asyncio.sleep(0)
    try:
        assert await asyncio.wait_for(in_thread(lambda: "kept")(), 5) == "kept"
    finally:
        log.go_on.set()
        assert await asyncio.gather(*readers) == 20 * [[1]]


async def test_a_turn_whose_log_does_not_answer_is_shown_all_the_same(open_socket, say, monkeypatch):
    def away(log, turn_id):
        raise LogUnreachable

    socket = await open_socket()
    await socket.hello()
    monkeypatch.setattr(SqlTurnLog, "last_seq", away)
    turn = await in_thread(say)("Hi")
    assert (await socket.until("turn"))["turn"]["id"] == str(turn.pk)
    assert (await socket.hello())["turns"][0]["id"] == str(turn.pk)


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
