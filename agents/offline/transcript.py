"""What a model sees of a conversation, read into turns: what was said, what was called, what came back."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from agents.offline.language import order_ids, plain
from agents.prompts import NOT_CONFIRMED, read_customer_file

#: The tools that change an order or the profile, and so end a request when they come back.
WRITES = frozenset(
    {
        "cancel_pending_order",
        "modify_pending_order_address",
        "modify_pending_order_payment",
        "modify_pending_order_items",
        "modify_profile_address",
        "return_delivered_order_items",
        "exchange_delivered_order_items",
    }
)

#: Characters of a message that are read. A request is told in fewer, and rules take longer than in proportion.
LONGEST_READ = 2_000
_NAME = re.compile(r"^The customer's name is (.+?)\.?$")


@dataclass(frozen=True)
class Call:
    """A tool call to make. Two calls with the same tool and arguments are the same call."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        return f"{self.tool} {json.dumps(self.arguments, sort_keys=True)}"


@dataclass(frozen=True)
class Result:
    """What a tool answered: ``text`` as it came, ``value`` when it is JSON, ``ok`` unless it is an error."""

    text: str
    ok: bool = True

    @cached_property
    def value(self) -> Any:
        try:
            return json.loads(self.text)
        except ValueError:
            return None

    @property
    def was_left_open(self) -> bool:
        """Whether a proposal was neither confirmed nor declined, because the customer wrote instead."""
        return self.text == NOT_CONFIRMED


@dataclass
class Turn:
    """One message of the customer and all that answered it."""

    said: str
    reply: str = ""
    calls: list[tuple[Call, Result]] = field(default_factory=list)

    @property
    def asks(self) -> bool:
        """Whether the reply ends in a question, so that the next message may be its answer."""
        return self.reply.rstrip().endswith("?")

    @property
    def wrote(self) -> bool:
        return any(call.tool in WRITES and not result.was_left_open for call, result in self.calls)

    @property
    def open_proposal(self) -> Call | None:
        """The change that was proposed last and never decided."""
        if self.calls and self.calls[-1][0].tool in WRITES and self.calls[-1][1].was_left_open:
            return self.calls[-1][0]
        return None

    @cached_property
    def order_ids(self) -> list[str]:
        """The orders this turn was about, the ones that were called for last."""
        called = [str(call.arguments["order_id"]) for call, _ in self.calls if "order_id" in call.arguments]
        return [*order_ids(self.said), *called]


@dataclass(frozen=True)
class Transcript:
    """Everything a reply may rest on. ``file`` is the customer file of the prompt, None when the store is down."""

    turns: Sequence[Turn]
    file: Mapping[str, Any] | None
    tools: frozenset[str]

    @property
    def memories(self) -> Sequence[Mapping[str, Any]]:
        """What is remembered, newest first."""
        return sorted((self.file or {}).get("memories") or [], key=lambda memory: memory["since"], reverse=True)

    @property
    def profile_name(self) -> str | None:
        return (self.file or {}).get("name")

    @property
    def told_name(self) -> str | None:
        """How the customer wants to be called, if they said so."""
        return next((match[1] for memory in self.memories if (match := _NAME.search(memory["text"]))), None)

    @property
    def mentioned_before(self) -> list[str]:
        """Orders of earlier conversations, the one last mentioned first."""
        mentions = [memory["text"] for memory in self.memories if memory["kind"] == "order_mention"]
        return [order_id for text in mentions for order_id in order_ids(text)]

    def has_changed(self, order_id: str) -> bool:
        """Whether an order was changed after the customer last spoke of it."""
        orders = (self.file or {}).get("orders") or []
        return any(order["order_id"] == order_id and "changed_since_mentioned" in order for order in orders)

    @property
    def now(self) -> Turn:
        return self.turns[-1]

    @property
    def before(self) -> Turn | None:
        return self.turns[-2] if len(self.turns) > 1 else None

    def result_of(self, call: Call) -> Result | None:
        """What this very call brought in the current turn; None when it was not made yet."""
        return next((result for made, result in self.now.calls if made.key == call.key), None)


def read_transcript(messages: Sequence[BaseMessage], tools: Iterable[str]) -> Transcript:
    """Turns, customer file and the names of the bound tools. Without any customer message the turn is empty."""
    prompt = "\n\n".join(message.text for message in messages if isinstance(message, SystemMessage))
    return Transcript(_turns(messages) or [Turn("")], read_customer_file(prompt), frozenset(tools))


def _turns(messages: Sequence[BaseMessage]) -> list[Turn]:
    results = {
        message.tool_call_id: Result(message.text, ok=message.status != "error")
        for message in messages
        if isinstance(message, ToolMessage)
    }
    turns: list[Turn] = []
    for message in messages:
        if isinstance(message, HumanMessage):
            turns.append(Turn(plain(message.text[:LONGEST_READ])))
        elif isinstance(message, AIMessage) and turns:
            turns[-1].reply = message.text or turns[-1].reply
            turns[-1].calls += [
                (Call(call["name"], call["args"]), results[call["id"]])
                for call in message.tool_calls
                if call["id"] in results
            ]
    return turns
