"""The ASGI application: routes, the script of replies, and the record of what was asked."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.openai_server import replies
from tests.openai_server.replies import Reply
from tests.openai_server.vectors import embeddings

Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


@dataclass
class Exchange:
    """One request and what became of it. ``sent`` counts the chunks of a stream that were written so far."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    sent: int = 0
    outcome: Literal["open", "answered", "broken", "client left"] = "open"
    gone: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def close(self) -> None:
        if self.outcome == "open":
            self.outcome = "client left" if self.gone.is_set() else "answered"


class App:
    """Answers chat completions from ``queue``; when it is empty, with what ``answer(exchange)`` returns.

    ``api_key`` None accepts every key; else another key gets a 401 that quotes it, as OpenAI does.
    """

    def __init__(self, *, api_key: str | None = None, models: Iterable[str] = ("test-model",)) -> None:
        self.api_key = api_key
        self.models = tuple(models)
        self.queue: deque[Reply] = deque()
        self.embedding_failures: deque[Reply] = deque()
        self.answer: Callable[[Exchange], Reply] = plain_answer
        self.exchanges: list[Exchange] = []

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        raw = await _body(receive)
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            return await _send_json(send, 400, replies.error("The body is not JSON."))
        # What stands before /v1 in the address belongs to the server's name, not to the route.
        path = scope["path"][scope["path"].find("/v1/") :]
        exchange = Exchange(path=path, headers=headers, body=body)
        self.exchanges.append(exchange)
        watcher = asyncio.create_task(_watch(exchange, receive))
        try:
            await self._route(exchange, send)
        except KeyError as missing:
            await _send_json(send, 400, replies.error(f"Missing required parameter: {missing}."))
        finally:
            watcher.cancel()
            exchange.close()

    async def _route(self, exchange: Exchange, send: Send) -> None:
        given = exchange.headers.get("authorization", "").removeprefix("Bearer ")
        if self.api_key is not None and given != self.api_key:
            wrong = replies.error(f"Incorrect API key provided: {given}.", code="invalid_api_key")
            await _send_json(send, 401, wrong)
        elif exchange.path == "/v1/chat/completions":
            await self._chat(exchange, send)
        elif exchange.path == "/v1/embeddings":
            await self._embed(exchange, send)
        elif exchange.path == "/v1/models":
            listed = [{"id": name, "object": "model"} for name in self.models]
            await _send_json(send, 200, {"object": "list", "data": listed})
        else:
            await _send_json(send, 404, replies.error(f"Unknown request URL: {exchange.path}."))

    async def _embed(self, exchange: Exchange, send: Send) -> None:
        if self.embedding_failures:
            await _send_failure(send, self.embedding_failures.popleft())
        else:
            await _send_json(send, 200, embeddings(exchange.body))

    async def _chat(self, exchange: Exchange, send: Send) -> None:
        reply = self.queue.popleft() if self.queue else self.answer(exchange)
        number = len(self.exchanges)
        await _pause(exchange, reply.before)
        if reply.status != 200:
            await _send_failure(send, reply)
        elif exchange.body.get("stream"):
            await _stream(exchange, reply, number, send)
        elif reply.trouble:
            await _begin(send, "application/json", reply)
            await send({"type": "http.response.body", "body": b'{"id": "chatcmpl', "more_body": True})
            await _break(exchange, reply.trouble.kind, send)
        else:
            await _send_json(send, 200, replies.completion(reply, exchange.body, number), reply.headers)


def plain_answer(exchange: Exchange) -> Reply:
    """What an unscripted server says: a greeting, or the plainest value of the schema or tool that was asked for."""
    wanted = exchange.body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        return Reply(text=json.dumps(replies.example_of(wanted["json_schema"]["schema"])))
    chosen = exchange.body.get("tool_choice")
    if isinstance(chosen, dict):
        [tool] = [
            each["function"]
            for each in exchange.body["tools"]
            if each["function"]["name"] == chosen["function"]["name"]
        ]
        return Reply(calls=((tool["name"], replies.example_of(tool["parameters"])),))
    return Reply(text="Hello from the test server.")


async def _stream(exchange: Exchange, reply: Reply, number: int, send: Send) -> None:
    await _begin(send, "text/event-stream", reply)
    for chunk in replies.chunks(reply, exchange.body, number):
        if reply.trouble and exchange.sent == reply.trouble.after:
            await _break(exchange, reply.trouble.kind, send)
            return
        await _pause(exchange, reply.between if exchange.sent else 0)
        while reply.hold and exchange.sent == reply.hold.after and not reply.hold.let_go.is_set():
            await _pause(exchange, 0.02)
        if exchange.gone.is_set():
            return
        await _send_data(send, json.dumps(chunk))
        exchange.sent += 1
    await _send_data(send, "[DONE]", more=False)


async def _break(exchange: Exchange, kind: str, send: Send) -> None:
    """Go wrong in the way asked for. To return without a last body makes uvicorn drop the connection."""
    exchange.outcome = "broken"
    match kind:
        case "end":
            await send({"type": "http.response.body", "body": b""})
        case "garbage":
            await _send_data(send, '{"choices": [{"delta": {"con', more=False)
        case "shape":
            await _send_data(send, '{"choices": [{"index": 0}]}', more=False)
        case "error":
            failed = replies.error("The server had an error while it wrote.", type="server_error")
            await _send_data(send, json.dumps(failed), more=False)
        case "stall":
            exchange.outcome = "open"
            await exchange.gone.wait()


async def _pause(exchange: Exchange, seconds: float) -> None:
    """Wait, but not longer than the client does."""
    if seconds:
        with suppress(TimeoutError):
            await asyncio.wait_for(exchange.gone.wait(), seconds)


async def _watch(exchange: Exchange, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    exchange.gone.set()


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def _begin(send: Send, content_type: str, reply: Reply) -> None:
    """Send the headers now, not with the first piece of the body."""
    headers = _header_list({"content-type": content_type, **reply.headers})
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": True})


async def _send_data(send: Send, data: str, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": f"data: {data}\n\n".encode(), "more_body": more})


async def _send_failure(send: Send, reply: Reply) -> None:
    await _send_json(send, reply.status, replies.error(reply.text, code=reply.code), reply.headers)


async def _send_json(send: Send, status: int, value: Any, headers: Mapping[str, str] | None = None) -> None:
    started = {"content-type": "application/json", **(headers or {})}
    await send({"type": "http.response.start", "status": status, "headers": _header_list(started)})
    await send({"type": "http.response.body", "body": json.dumps(value).encode()})


def _header_list(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]
