"""The whole site as one real process: ``manage.py serve`` with worker, SQLite and Chroma, and a browser's socket."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.parts import wait_until

ROOT = Path(__file__).parents[2]
SET_UP = """
import json
from django.test import Client
from support_site.accounts.models import User
from support_site.chat.models import Conversation
told = {}
for name in ("alice", "bob"):
    user = User.objects.get(email=f"{name}@example.com")
    client = Client()
    client.force_login(user)
    conversation = Conversation.objects.create(account=user.account)
    told[name] = {"session": client.cookies["sessionid"].value, "conversation": str(conversation.pk)}
print(json.dumps(told))
"""


class Site:
    """A site of its own in a folder of its own; started and stopped like an operator would."""

    def __init__(self, folder, **settings):
        self.folder = folder
        ours = {"DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1", "OFFLINE_WORD_DELAY_SECONDS": "0.03"}
        self.environment = {**os.environ, **ours, **settings}
        self.process = None
        self.lines = []

    def manage(self, *command):
        run = [sys.executable, "manage.py", *command]
        return subprocess.run(run, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60)

    def start(self, *options):
        command = [sys.executable, "manage.py", "serve", "--port", "0", *options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        said = threading.Event()

        def read():
            for line in self.process.stdout:
                self.lines.append(line)
                if " is at http" in line:
                    self.port = int(re.search(r":(\d+)/", line).group(1))
                    said.set()

        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()
        assert said.wait(40), "".join(self.lines)

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.reader.join(5)
            self.process.stdout.close()

    @property
    def log(self):
        return "".join(self.lines)

    def open(self, who, conversation=None, origin=None):
        address = f"127.0.0.1:{self.port}"
        return connect(
            f"ws://{address}/ws/conversations/{conversation or who['conversation']}/",
            origin=origin or f"http://{address}",
            additional_headers={"Cookie": f"sessionid={who['session']}"},
        )

    def query(self, statement, *values):
        with closing(sqlite3.connect(self.folder / "site.sqlite3")) as connection:
            return connection.execute(statement, values).fetchall()

    def roles_of(self, turn):
        """Who said something in a turn, in order."""
        statement = "select role from chat_message where turn_id = ? order by position"
        return [role for (role,) in self.query(statement, uuid.UUID(turn).hex)]

    def state_of(self, turn):
        """(status, attempts)"""
        [state] = self.query("select status, attempt from chat_turn where id = ?", uuid.UUID(turn).hex)
        return state


class Page:
    """What a page does with a socket: hello with its cursors, and one reducer for live and replay."""

    def __init__(self, site, who, **options):
        self.site, self.who, self.options = site, who, options
        self.seen, self.messages, self.kept, self.cards = {}, {}, {}, []

    def __enter__(self):
        self.opening = self.site.open(self.who, **self.options)
        self.socket = self.opening.__enter__()
        self.say("hello", cursors=self.seen)
        self.until("snapshot")
        return self

    def __exit__(self, *error):
        self.opening.__exit__(*error)

    def say(self, kind, **fields):
        self.socket.send(json.dumps({"type": kind, **fields}))

    def send(self, text):
        message = str(uuid.uuid4())
        self.say("message.send", id=message, text=text)
        return self.until("ack")["turn"]

    def take(self, timeout=30):
        frame = json.loads(self.socket.recv(timeout=timeout))
        shown = (
            frame["messages"]
            if frame["type"] == "snapshot"
            else [frame["message"]]
            if frame["type"] == "message"
            else []
        )
        self.kept.update((message["id"], message) for message in shown)
        if frame["type"] != "event":
            return frame
        assert frame["seq"] == self.seen.get(frame["turn"], 0) + 1, "an event is missing, or came twice"
        self.seen[frame["turn"]] = frame["seq"]
        self.show(frame["event"])
        return frame["event"]

    def show(self, event):
        if event["type"] == "message.start":
            self.messages[event["message"]] = []
        elif event["type"] == "message.delta":
            self.messages[event["message"]][event["start"] :] = event["blocks"]
        elif event["type"] == "message.done":
            self.messages[event["message"]] = [event["html"]]
        elif event["type"] == "turn.attempt":
            [self.messages.pop(message, None) for message in event["discard"]]

    def until(self, kind, **wanted):
        while True:
            frame = self.take()
            if frame["type"] == kind and all(frame.get(name) == value for name, value in wanted.items()):
                return frame

    def replies(self, such=lambda message: True):
        """The replies that were kept, at least one; they are told beside the log, so maybe behind the end of a turn."""
        while not (kept := [each for each in self.kept.values() if each["role"] == "agent" and such(each)]):
            self.take()
        return kept

    def until_closed(self):
        """Take what still comes: the close code."""
        with suppress(ConnectionClosed):
            while True:
                self.take()
        return self.socket.close_code

    def ask(self, text):
        """Send, wait for the end of the answer: its text."""
        self.send(text)
        assert self.until("turn.done")["status"] == "done"
        return "\n".join("\n".join(blocks) for blocks in self.messages.values())


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder with the demo shop, and sessions and conversations of alice and bob."""
    folder = tmp_path_factory.mktemp("site")
    site = Site(folder)
    for command in (["migrate", "-v0"], ["demo"]):
        assert site.manage(*command).returncode == 0
    shell = site.manage("shell", "-v0", "-c", SET_UP)
    assert shell.returncode == 0, shell.stderr
    return folder, json.loads(shell.stdout)


def copied(prepared, folder):
    return shutil.copytree(prepared[0], folder / "site")


@pytest.fixture(scope="module")
def site(prepared, tmp_path_factory):
    """A running site that the tests share."""
    site = Site(copied(prepared, tmp_path_factory.mktemp("shared")), LOG_LEVEL="DEBUG")
    site.start()
    yield site
    site.stop()


@pytest.fixture
def mortal_site(prepared, tmp_path):
    """A running site on a copy of the data, to be killed."""
    site = Site(copied(prepared, tmp_path))
    site.start()
    yield site
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
