"""The conversation page as Django renders it, and a site that says on the socket what a test tells it to."""

import json
import mimetypes
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import reverse
from playwright.sync_api import Page, Route, WebSocketRoute

from support_site.accounts.models import Account, User
from support_site.chat.models import Conversation
from tests.web import frames as f

ROOT = Path(__file__).resolve().parents[2]
ORIGIN = "http://localhost:9"  # never dialled: every request is answered here
CONVERSATION = Conversation(id="5f1c2a52-0000-4000-8000-000000000001", title="")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'"
)


class ScriptedSite:
    """Answers hello and ping by itself; ``heard`` has every frame of the browser."""

    def __init__(self, page: Page, *, kept: list[f.Frame] | None = None) -> None:
        self.page = page
        self.kept = kept or []
        self.snapshot = f.snapshot(*self.kept)
        self.replay: list[f.Frame] = []
        self.answers_ping = self.answers_hello = True
        self.heard: list[f.Frame] = []
        self.sockets: list[WebSocketRoute] = []
        self.troubles: list[str] = []
        page.context.route(f"{ORIGIN}/**", self._serve)
        page.route_web_socket("**/ws/**", self._connected)
        page.on("console", lambda said: self.troubles.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def open(self) -> "ScriptedSite":
        self.page.goto(ORIGIN + reverse("conversation", args=[CONVERSATION.pk]))
        return self

    def say(self, *frames: f.Frame | list[f.Frame]) -> None:
        for frame in frames:
            for each in frame if isinstance(frame, list) else [frame]:
                self.sockets[-1].send(json.dumps(each))

    def close(self, code: int) -> None:
        self.sockets[-1].close(code=code)

    def said(self, kind: str) -> list[f.Frame]:
        """Frames of one type that the browser has sent."""
        return [frame for frame in self.heard if frame["type"] == kind]

    def wait(self, fact: Callable[[], Any], seconds: float = 5.0) -> Any:
        """The fact, as soon as it is one."""
        until = time.monotonic() + seconds
        while not (known := fact()):
            assert time.monotonic() < until, "it did not come"
            self.page.wait_for_timeout(20)
        return known

    def ready(self) -> "ScriptedSite":
        self.wait(lambda: self.said("hello"))
        return self

    def _connected(self, socket: WebSocketRoute) -> None:
        self.sockets.append(socket)
        socket.on_message(lambda text: self._hear(socket, json.loads(text)))

    def _hear(self, socket: WebSocketRoute, frame: f.Frame) -> None:
        self.heard.append(frame)
        answers: list[f.Frame] = []
        if frame["type"] == "hello" and self.answers_hello:
            answers = [f.ready(), self.snapshot, *self.replay]
        if frame["type"] == "ping" and self.answers_ping:
            answers = [{"type": "pong", "t": frame["t"]}]
        for answer in answers:
            socket.send(json.dumps(answer))

    def _serve(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).partition("?")[0]
        if path.startswith("/static/"):
            file = ROOT / "static" / path.removeprefix("/static/")
            route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0])
        else:
            headers = {"Content-Security-Policy": POLICY}
            route.fulfill(body=self._html(), content_type="text/html", headers=headers)

    def _html(self) -> str:
        request = RequestFactory().get("/")
        request.user = User(email="alice@example.com", name="Alice Moreau", account=Account())
        context = {"conversation": CONVERSATION, "kept": self.kept, "model_name": "offline", "model_is_offline": True}
        return render_to_string("chat/conversation.html", context, request)
