"""The whole site as one process: ``manage.py serve`` with worker, SQLite and Chroma, and a page that talks to it."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing, suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.parts import end, wait_until
from tests.warm import ROOT, Managed, manage


class Site:
    """A site on the data of a folder of its own, which may be a copy of another one's."""

    def __init__(self, folder, *, copy_of=None, **settings):
        self.folder = shutil.copytree(copy_of, folder) if copy_of else folder
        ours = {"DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1", "OFFLINE_WORD_DELAY_SECONDS": "0.03"}
        self.environment = {**os.environ, **ours, **settings}
        self.process = None
        self.output = folder.with_name(f"{folder.name}.log")

    def manage(self, *command):
        """What an operator sees of this command, who starts Python for it."""
        run = [sys.executable, "manage.py", *command]
        return subprocess.run(run, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60)

    def tell(self, script):
        """What a script prints last, as JSON."""
        return json.loads(manage("shell", "-v0", "-c", script, env=self.environment).splitlines()[-1])

    def start(self):
        """Start it and wait until it says where it is."""
        before = len(self.log)
        self.process = Managed(["serve", "--port", "0"], env=self.environment, output=self.output)
        return self._wait(before)

    def start_as_an_operator(self):
        """The same by a new Python."""
        command = [sys.executable, "manage.py", "serve", "--port", "0"]
        with self.output.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        return self._wait(0)

    def _wait(self, before):
        def address():
            assert self.process.poll() is None, self.log
            return re.search(r" is at http\S+:(\d+)/", self.log[before:])

        self.port = int(wait_until(address, told=lambda: self.log)[1])
        return self

    def stop(self, how=signal.SIGTERM):
        end(self.process, how)

    @property
    def log(self):
        return self.output.read_text(errors="replace") if self.output.exists() else ""

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
