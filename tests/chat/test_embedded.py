"""The whole site as one real process: ``manage.py serve`` with worker, SQLite and Chroma, and a browser's socket."""

import errno
import re
import signal
import socket
import time
from contextlib import suppress

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.embedded import Page, Site
from tests.parts import wait_until

SET_UP = """
import json
from django.test import Client
from support_site.accounts.models import User
from support_site.chat.models import Conversation, Message
told = {}
for name in ("alice", "bob"):
    user = User.objects.get(email=f"{name}@example.com")
    client = Client()
    client.force_login(user)
    conversation = Conversation.objects.create(account=user.account)
    told[name] = {"session": client.cookies["sessionid"].value, "conversation": str(conversation.pk)}
long = Conversation.objects.create(account=user.account)
Message.objects.create(conversation=long, role="agent", text="Long.", html="x" * 8_000_000, position=1)
told["bob"]["long"] = str(long.pk)
print(json.dumps(told))
"""
IMPATIENT = {"DJANGO_SETTINGS_MODULE": "tests.chat.impatient_settings"}


@pytest.fixture(scope="module")
def prepared(demo_shop, tmp_path_factory):
    """A folder with the demo shop, and sessions and conversations of alice and bob."""
    site = Site(tmp_path_factory.mktemp("prepared") / "site", copy_of=demo_shop)
    return site.folder, site.tell(SET_UP)


@pytest.fixture(scope="module")
def site(prepared, tmp_path_factory):
    """A running site that the tests share."""
    site = Site(tmp_path_factory.mktemp("shared") / "site", copy_of=prepared[0], LOG_LEVEL="DEBUG", **IMPATIENT)
    yield site.start_as_an_operator()
    site.stop()


@pytest.fixture
def mortal_site(prepared, tmp_path):
    """A running site on a copy of the data, to be killed."""
    site = Site(tmp_path / "site", copy_of=prepared[0])
    yield site.start()
    site.stop()


@pytest.fixture
def alice(prepared):
    return prepared[1]["alice"]


@pytest.fixture
def bob(prepared):
    return prepared[1]["bob"]


def test_a_customer_is_answered_word_by_word_and_remembered_and_another_is_not(site, alice, bob):
    with Page(site, alice) as page:
        page.send("Hi! Remember: my name is Roberta")
        page.until("message.delta")
        page.until("turn.done", status="done")
        kept = page.replies()
        assert ["\n".join(blocks) for blocks in page.messages.values()] == [message["html"] for message in kept]
        assert "Roberta" in page.ask("What's my name?")
    with Page(site, bob) as page:
        assert "Roberta" not in page.ask("What's my name?")
    wait_until(lambda: site.query("select count(*) from chat_turn where learned_at is null") == [(0,)], seconds=60)
    assert "unregistered task" not in site.log, "both workers know all tasks from the beginning"


def test_nothing_that_was_said_is_in_the_log(site, alice):
    with Page(site, alice) as page:
        page.ask("My secret word is XYLOPHONE")
    assert "turn" in site.log
    assert "XYLOPHONE" not in site.log
    assert alice["session"] not in site.log


def test_the_one_process_tells_machines_how_its_parts_are_and_what_was_answered(site, alice):
    with Page(site, alice) as page:
        page.ask("Hello")
    told = httpx.get(f"http://127.0.0.1:{site.port}/readyz")
    parts = {"database": "up", "store": "up", "worker": "up", "beat": "up"}
    assert (told.status_code, told.json()) == (200, {"ready": True, "parts": parts})
    figures = httpx.get(f"http://127.0.0.1:{site.port}/metrics").text
    assert re.search(r'^support_turns_total{outcome="done",reason=""} [1-9]', figures, re.M)
    assert re.search(r'^support_store_seconds_count{operation="search"} [1-9]', figures, re.M)


def test_foreign_conversations_and_foreign_pages_are_turned_away(site, alice, bob):
    with site.open(bob, alice["conversation"]) as connection, pytest.raises(ConnectionClosed):
        connection.recv(timeout=20)
    assert connection.close_code == 4404
    with pytest.raises(InvalidStatus) as refused, site.open(alice, origin="http://evil.example"):
        pass
    assert refused.value.response.status_code == 403


def test_a_frame_over_the_limit_is_told_so_and_the_site_lives(site, alice):
    with site.open(alice) as connection:
        connection.send("x" * 70_000)
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=20)
    assert connection.close_code == 4413
    with site.open(alice) as connection:
        with suppress(ConnectionClosed):
            connection.send("x" * 1_000_000)
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=20)
    # What was not read resets the connection, which can overtake the close frame.
    assert connection.close_code in (1009, 1006)
    with Page(site, alice) as page:
        assert page.ask("Hello")


def test_a_client_that_never_reads_is_cut_off_and_another_is_answered_all_the_while(site, bob):
    with Page(site, bob) as page, socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", site.port))
        deaf.sendall(handshake(site, bob, bob["long"]))
        assert deaf.recv(1000).startswith(b"HTTP/1.1 101 ")
        deaf.sendall(masked(b'{"type":"hello","cursors":{}}'))
        began, is_cut_off = time.monotonic(), False
        while not is_cut_off:
            assert time.monotonic() - began < 30
            page.say("ping", t=1)
            page.until("pong")
            time.sleep(0.05)
            is_cut_off = deaf.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET
        assert time.monotonic() - began > 1.0, "nobody is cut off at once"


def handshake(site, who, conversation):
    """What a browser begins a socket with."""
    address = f"127.0.0.1:{site.port}"
    lines = [
        f"GET /ws/conversations/{conversation}/ HTTP/1.1", f"Host: {address}", f"Origin: http://{address}",
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", f"Cookie: sessionid={who['session']}", "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def masked(text):
    """A short text as a frame of a browser's; its mask of noughts changes nothing."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


@pytest.mark.fault
def test_a_process_killed_in_mid_answer_loses_and_doubles_nothing(mortal_site, alice):
    site = mortal_site
    page = Page(site, alice)
    with page:
        turn = page.send("What can you do for me? Tell me everything you can help with, please.")
        page.until("message.delta")
        page.until("message.delta")
        site.stop(signal.SIGKILL)
        assert page.until_closed() == 1006
    site.start()
    with page:
        page.until("turn.done", status="done")
        page.replies(lambda message: message["turn"] == turn)
        kept = [message for message in page.kept.values() if message["turn"] == turn]
        assert [message["role"] for message in kept] == ["customer", "agent"]
        mine = kept[-1]["id"]
        assert "\n".join(page.messages[mine]) == kept[-1]["html"]
    assert site.state_of(turn) == ("done", 2)


@pytest.mark.fault
def test_a_process_that_is_asked_to_stop_tells_pages_to_come_back_and_the_answer_goes_on(mortal_site, alice):
    site = mortal_site
    page = Page(site, alice)
    with page:
        turn = page.send("What can you do for me? Tell me everything you can help with, please.")
        page.until("message.delta")
        started = time.monotonic()
        site.process.send_signal(signal.SIGTERM)
        assert page.until_closed() == 1012
        site.stop()
        assert time.monotonic() - started < 20
    site.start()
    with page:
        if site.state_of(turn)[0] != "done":
            page.until("turn.done", status="done")
    assert site.roles_of(turn) == ["customer", "agent"]
    assert site.state_of(turn)[1] <= 2


@pytest.mark.fault
def test_an_order_is_cancelled_once_by_a_click_although_the_process_was_killed_while_it_waited(mortal_site, bob):
    site = mortal_site
    page = Page(site, bob)
    with page:
        page.send("Please cancel order #W4195064, I ordered it by mistake")
        proposed = page.until("action.proposed")
        page.until("turn.done", status="waiting")
        site.stop(signal.SIGKILL)
    site.start()
    click = {name: proposed[name] for name in ("action", "digest")}
    with page:
        for _ in range(3):
            page.say("action.decide", decision="confirm", **click)
        applied = page.until("action.decided", status="applied")
        page.until("turn.done", status="done")
        [reply] = page.replies(lambda message: message["cards"])
    assert "#W4195064" in applied["receipt"]["title"]
    assert site.query("select status from chat_action") == [("applied",)]
    assert applied["receipt"] in reply["cards"]


def test_a_stopped_answer_can_be_tried_again_and_the_conversation_goes_on(site, alice):
    with Page(site, alice) as page:
        turn = page.send("What can you do for me? Tell me everything you can help with, please.")
        page.until("message.delta")
        page.say("turn.stop", turn=turn)
        page.until("turn.done", status="stopped")
        page.say("turn.retry", turn=turn)
        page.until("turn.done", status="done")
        page.replies(lambda message: message["turn"] == turn and not message["stopped"])
        replies = page.replies(lambda message: message["turn"] == turn)
        assert [message["stopped"] for message in replies] == [True, False]
        assert site.roles_of(turn) == ["customer", "agent"]
        assert page.ask("Thank you")


def test_a_second_process_on_the_same_data_is_refused_with_a_sentence(site):
    second = site.manage("serve", "--port", "0")
    assert second.returncode
    assert "Another process runs this site on the same data" in second.stdout + second.stderr


def test_a_port_that_is_taken_is_named_with_what_to_do(prepared):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = Site(prepared[0]).manage("serve", "--port", port)
    assert refused.returncode == 1
    assert (
        refused.stderr.strip()
        == f"CommandError: Port {port} is already in use. Set PORT to a free one: PORT=8001 make run."
    )


def test_a_database_that_is_not_up_to_date_stops_the_start_with_a_sentence(tmp_path):
    refused = Site(tmp_path).manage("serve", "--port", "0")
    assert refused.returncode
    assert "The database is not up to date. Run `make run`" in refused.stdout + refused.stderr
