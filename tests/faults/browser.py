"""A page with its socket, as ``static/chat`` does it: one reducer for live and replay, hello again after every loss."""

import json
import time
import uuid
from contextlib import suppress

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

COME_BACK_SECONDS = 30


class Browser:
    """A conversation in one tab. ``streamed`` is what message.done said, ``shown`` what is on the page."""

    def __init__(self, address, session, conversation):
        self.address, self.session, self.conversation = address, session, conversation
        self.cursors, self.holes, self.gap = {}, {}, False
        self.kept, self.drafts, self.streamed, self.turns, self.actions = {}, {}, {}, {}, {}
        self.close_codes = []
        self.socket = None

    def open(self):
        """Connect, as often as it takes, and say hello."""
        until = time.monotonic() + COME_BACK_SECONDS
        while True:
            try:
                self.opening = connect(
                    f"ws://{self.address}/ws/conversations/{self.conversation}/",
                    origin=f"http://{self.address}",
                    additional_headers={"Cookie": f"sessionid={self.session}"},
                    max_queue=None,
                )
                self.socket = self.opening.__enter__()
                self.say("hello", cursors=self.unfinished())
                return self.until(lambda frame: frame["type"] == "snapshot") and self
            except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
                assert time.monotonic() < until, f"nobody answers: {self.close_codes}"
                time.sleep(0.1)

    def close(self):
        if self.socket:
            self.opening.__exit__(None, None, None)

    def unfinished(self):
        return {turn: seq for turn, seq in self.cursors.items() if self.turns.get(turn) not in ("done", "failed")}

    def say(self, kind, **fields):
        self.socket.send(json.dumps({"type": kind, **fields}))

    def ask(self, text):
        """Send, until it is kept: its turn."""
        message = str(uuid.uuid4())
        self.say("message.send", id=message, text=text)
        turn = self.until(lambda frame: frame["type"] == "ack" and frame["id"] == message)["turn"]
        self.turns.setdefault(turn, "queued")
        return turn

    def insist(self, text, *, meanwhile):
        """Send, do something, and send under the same id until it is kept, as the page does: its turn."""
        message = {"id": str(uuid.uuid4()), "text": text}
        self.say("message.send", **message)
        meanwhile()
        while True:
            try:
                self.say("message.send", **message)
                answer = self.until(lambda frame: message["id"] in (frame.get("id"), frame.get("ref")))
            except ConnectionClosed:
                self.close()
                self.open()
                continue
            if answer["type"] == "ack":
                self.turns.setdefault(answer["turn"], "queued")
                return answer["turn"]

    def decide(self, turn, decision="confirm"):
        [action] = [each for each in self.actions.values() if each["action"].startswith(turn)]
        self.say("action.decide", action=action["action"], digest=action["digest"], decision=decision)

    def until(self, fact, seconds=30):
        """The frame for which the fact holds; what comes before it is taken too."""
        until = time.monotonic() + seconds
        while True:
            frame = json.loads(self.socket.recv(timeout=max(0.01, until - time.monotonic())))
            self.take(frame)
            if fact(frame):
                return frame

    def until_event(self, kind, **wanted):
        def holds(frame):
            event = frame.get("event", {})
            return event.get("type") == kind and all(event.get(name) == value for name, value in wanted.items())

        return self.until(holds)["event"]

    def until_status(self, turn, *statuses, seconds=25):
        """Take frames until the turn has one of these statuses, and come back whenever the socket is lost."""
        until = time.monotonic() + seconds
        while self.turns.get(turn) not in statuses:
            assert time.monotonic() < until, f"{self.turns.get(turn)}, {self.close_codes}"
            try:
                self.until(lambda frame: self.turns.get(turn) in statuses, until - time.monotonic())
            except ConnectionClosed:
                self.close_codes.append(self.socket.close_code)
                self.close()
                self.open()
            except TimeoutError:
                continue

    def take(self, frame):
        kind = frame["type"]
        if kind == "snapshot":
            self._snapshot(frame)
        elif kind == "message":
            self.kept[frame["message"]["id"]] = frame["message"]
        elif kind == "turn":
            self.turns[frame["turn"]["id"]] = frame["turn"]["status"]
        elif kind == "event":
            self._numbered(frame["turn"], frame["seq"], frame["event"])

    def _snapshot(self, frame):
        self.gap = False
        told = {turn["id"]: turn["status"] for turn in frame["turns"]}
        self.turns = {turn: told.get(turn, "done") for turn in self.turns.keys() | told.keys()}
        self.kept = {message["id"]: message for message in frame["messages"]}
        self.drafts = {key: draft for key, draft in self.drafts.items() if draft["turn"] in told}

    def _numbered(self, turn, seq, event):
        seen = self.cursors.get(turn, 0)
        if seq <= seen:
            return
        if seq > seen + 1:
            if self.gap:
                return
            if self.holes.get(turn) != seen:
                self.holes[turn], self.gap = seen, True
                with suppress(ConnectionClosed):
                    self.say("hello", cursors=self.unfinished())
                return
            self.drafts = {key: draft for key, draft in self.drafts.items() if draft["turn"] != turn}
        self.cursors[turn] = seq
        self._event(turn, event)

    def _event(self, turn, event):
        kind = event["type"]
        if kind == "message.start":
            self.drafts[event["message"]] = {"turn": turn, "blocks": []}
        elif kind == "message.delta":
            draft = self.drafts.setdefault(event["message"], {"turn": turn, "blocks": []})
            draft["blocks"][event["start"] :] = event["blocks"]
        elif kind == "message.done":
            self.drafts[event["message"]] = {"turn": turn, "blocks": [event["html"]]}
            self.streamed[event["message"]] = event["html"]
        elif kind == "turn.attempt":
            [self.drafts.pop(message, None) or self.kept.pop(message, None) for message in event["discard"]]
        elif kind == "action.proposed":
            self.actions[event["action"]] = event
        elif kind == "turn.done":
            self.turns[turn] = event["status"]

    @property
    def shown(self):
        """{message id: HTML} of the agent's messages on the page."""
        drafts = {key: "\n".join(draft["blocks"]) for key, draft in self.drafts.items()}
        kept = {key: message["html"] for key, message in self.kept.items() if message["role"] == "agent"}
        return drafts | kept
