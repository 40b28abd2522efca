"""A demo customer of a running site: signs in over HTTP, talks over the socket."""

import json
import re
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import websockets
from websockets.asyncio.client import ClientConnection

SIGN_IN = {"login": "alice@example.com", "password": "demo-password"}


class Customer:
    """Alice, signed in at ``address`` (``http://host:port``). Raises AssertionError if she cannot sign in."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = httpx.Client(base_url=address, timeout=30)
        self._client.get("/accounts/login/").raise_for_status()
        answer = self._post("/accounts/login/", SIGN_IN)
        assert answer.status_code == 302, f"could not sign in: HTTP {answer.status_code}"

    def new_conversation(self) -> str:
        """The id of a conversation in which nothing was said yet."""
        location = self._post("/conversations/new/", {}).headers["location"]
        found = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", location)
        assert found, f"no conversation in {location}"
        return found[0]

    @property
    def cookies(self) -> str:
        """The header that makes a request hers."""
        return "; ".join(f"{name}={value}" for name, value in self._client.cookies.items())

    @asynccontextmanager
    async def talk(self, conversation: str) -> AsyncIterator["Talk"]:
        """An open socket that has said hello."""
        address = f"{self._address.replace('http', 'ws', 1)}/ws/conversations/{conversation}/"
        options: dict[str, Any] = {"origin": self._address, "additional_headers": {"Cookie": self.cookies}}
        async with websockets.connect(address, compression=None, **options) as socket:
            talk = Talk(socket)
            await talk.hello()
            yield talk

    def close(self) -> None:
        self._client.close()

    def _post(self, path: str, form: dict[str, str]) -> httpx.Response:
        return self._client.post(path, data=form | {"csrfmiddlewaretoken": self._client.cookies["csrftoken"]})


class Talk:
    """One open conversation."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def hello(self) -> None:
        await self._send(type="hello", cursors={})
        while (await self._frame())["type"] != "snapshot":
            pass

    async def ask(self, text: str) -> float:
        """Seconds from the frame sent to the first delta received; returns when the turn is done."""
        began, first = time.perf_counter(), None
        await self._send(type="message.send", id=str(uuid.uuid4()), text=text)
        while True:
            event = (await self._frame()).get("event", {})
            if event.get("type") == "message.delta":
                first = first or time.perf_counter()
            if event.get("type") == "turn.done":
                assert event["status"] == "done", f"the turn failed: {event}"
                assert first, "the turn ended without a word"
                return first - began

    async def _send(self, **frame: Any) -> None:
        await self._socket.send(json.dumps(frame))

    async def _frame(self) -> dict[str, Any]:
        frame = json.loads(await self._socket.recv())
        assert frame["type"] != "error", f"the site refused: {frame}"
        return frame
