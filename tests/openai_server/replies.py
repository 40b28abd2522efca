"""What the server is told to answer, and the shape that OpenAI gives such an answer.

Shapes: https://platform.openai.com/docs/api-reference/chat and .../chat-streaming.
"""

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FRAGMENT_CHARACTERS = 7


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What happens to a stream after ``after`` chunks were sent (0: after the headers, 1: after the role); to an
    answer that is not streamed it happens in the middle of the body.

    "cut": the connection drops. "end": the body ends politely, without finish and [DONE]. "garbage": a line of
    data that is not JSON. "shape": JSON that is not a chunk. "error": an error event, as a provider sends when
    it fails in the middle. "stall": nothing more comes until the client leaves.
    """

    kind: Literal["cut", "end", "garbage", "shape", "error", "stall"]
    after: int = 1


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A stream waits behind ``after`` chunks until it is let go."""

    after: int
    let_go: threading.Event


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer to one chat completion. ``before`` and ``between`` are seconds before the headers and between chunks.

    ``calls`` are (tool name, arguments) pairs; several are parallel calls. ``finish`` is worked out unless given.
    With a ``status`` other than 200 the answer is an error with ``text`` as its message and ``code`` as its code.
    """

    text: str = ""
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    refusal: str = ""
    finish: str = ""
    status: int = 200
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    before: float = 0.0
    between: float = 0.0
    trouble: Trouble | None = None
    hold: Hold | None = None

    @property
    def pieces(self) -> list[str]:
        """The text as it is streamed: word by word, the white space before each word with it."""
        return re.findall(r"\s*\S+|\s+$", self.text)

    @property
    def finish_reason(self) -> str:
        return self.finish or ("tool_calls" if self.calls else "stop")


def says(text: str, **more: Any) -> Reply:
    return Reply(text=text, **more)


def calls(*pairs: tuple[str, Mapping[str, Any]], **more: Any) -> Reply:
    return Reply(calls=pairs, **more)


def fails(status: int, message: str = "The test server was told to fail.", **more: Any) -> Reply:
    return Reply(status=status, text=message, **more)


def usage(reply: Reply, body: Mapping[str, Any]) -> dict[str, int]:
    """Tokens as this server counts them: words of the messages in, streamed pieces and calls out."""
    words = sum(len(str(message.get("content") or "").split()) for message in body["messages"])
    out = len(reply.pieces) + len(reply.calls)
    return {"prompt_tokens": words, "completion_tokens": out, "total_tokens": words + out}


def completion(reply: Reply, body: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The body of an answer that is not streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None, "refusal": reply.refusal or None}
    if reply.calls:
        message["tool_calls"] = [_call(number, place, *call) for place, call in enumerate(reply.calls)]
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason, "logprobs": None}
    return _envelope(body, number, "chat.completion") | {"choices": [choice], "usage": usage(reply, body)}


def chunks(reply: Reply, body: Mapping[str, Any], number: int) -> list[dict[str, Any]]:
    """The chunks of a streamed answer: role, words or fragments of calls, finish, and usage if it was asked for."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in reply.pieces]
    deltas += [{"refusal": piece} for piece in re.findall(r"\s*\S+", reply.refusal)]
    for place, call in enumerate(reply.calls):
        deltas += _call_deltas(_call(number, place, *call), place)
    envelope = _envelope(body, number, "chat.completion.chunk")
    made = [envelope | {"choices": [_choice(delta)]} for delta in deltas]
    made.append(envelope | {"choices": [_choice({}, reply.finish_reason)]})
    if (body.get("stream_options") or {}).get("include_usage"):
        made.append(envelope | {"choices": [], "usage": usage(reply, body)})
    return made


def error(message: str, *, code: str | None = None, type: str = "test_error") -> dict[str, Any]:
    return {"error": {"message": message, "type": type, "param": None, "code": code}}


def example_of(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Any:
    """The plainest value that a JSON schema allows: what an unscripted structured answer holds."""
    root = root or schema
    if "$ref" in schema:
        return example_of(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], root)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: example_of(part, root) for name, part in schema.get("properties", {}).items()}
    return {"array": [], "string": "", "integer": 0, "number": 0.0, "boolean": False}.get(schema.get("type", ""))


def _envelope(body: Mapping[str, Any], number: int, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{number}", "object": kind, "created": 1700000000, "model": body.get("model", "")}


def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}


def _call(number: int, place: int, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": f"call_{number}_{place}", "type": "function", "function": function}


def _call_deltas(call: dict[str, Any], place: int) -> list[dict[str, Any]]:
    """A call as it streams: id and name first, then its arguments a few characters at a time."""
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    opening = call | {"index": place, "function": {"name": name, "arguments": ""}}
    fragments = [arguments[i : i + FRAGMENT_CHARACTERS] for i in range(0, len(arguments), FRAGMENT_CHARACTERS)]
    rest = [{"index": place, "function": {"arguments": fragment}} for fragment in fragments]
    return [{"tool_calls": [part]} for part in [opening, *rest]]
