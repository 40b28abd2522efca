"""What the agent tells while it works. The only way out of a run besides the store."""

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class AgentEvent:
    """One thing that happened in a run. ``as_dict()`` is JSON-ready and carries the ``type``."""

    type: ClassVar[str] = ""

    def as_dict(self) -> dict[str, Any]:
        return {"type": self.type, **asdict(self)}


@dataclass(frozen=True, kw_only=True)
class Recalled(AgentEvent):
    """What was put into a prompt, at the beginning or by a tool: keys of memories, ids of orders and products."""

    type: ClassVar[str] = "recalled"
    memories: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    products: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class StoreDown(AgentEvent):
    """The store did not answer: nothing can be looked up, and the model is told so."""

    type: ClassVar[str] = "store.down"


@dataclass(frozen=True, kw_only=True)
class MessageStarted(AgentEvent):
    """An agent message begins. The same id again: it broke off and begins anew, and what came of it is void."""

    type: ClassVar[str] = "message.start"
    message: str


@dataclass(frozen=True, kw_only=True)
class MessageDelta(AgentEvent):
    """The next piece of the text of an agent message, to be appended."""

    type: ClassVar[str] = "message.delta"
    message: str
    text: str


@dataclass(frozen=True, kw_only=True)
class MessageDone(AgentEvent):
    """The whole, final text of an agent message; replaces whatever was streamed.

    ``replaced``: the kinds of claims ("amount", "status", ...) that had no source and were replaced in the text.
    """

    type: ClassVar[str] = "message.done"
    message: str
    text: str
    replaced: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ToolStarted(AgentEvent):
    """``label`` is a sentence for the customer: "Looking up order #W2611340"."""

    type: ClassVar[str] = "tool.start"
    call: str
    tool: str
    label: str


@dataclass(frozen=True, kw_only=True)
class ToolDone(AgentEvent):
    """``card`` is what the page shows as a card (a receipt, a noted memory), or None."""

    type: ClassVar[str] = "tool.done"
    call: str
    tool: str
    ok: bool
    card: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class ActionProposed(AgentEvent):
    """A write waits for a decision. ``preview`` is made by the rules, never by the model.

    ``digest`` binds the decision to tool, arguments, account and record versions. ``approver`` is
    "customer" or "staff".
    """

    type: ClassVar[str] = "action.proposed"
    action: str
    tool: str
    arguments: dict[str, Any]
    preview: dict[str, Any]
    digest: str
    approver: str = "customer"


@dataclass(frozen=True, kw_only=True)
class HandedOff(AgentEvent):
    """The agent gave the conversation to a person."""

    type: ClassVar[str] = "handed.off"
    summary: str


@dataclass(frozen=True, kw_only=True)
class UsageReported(AgentEvent):
    """Tokens of one model call."""

    type: ClassVar[str] = "usage"
    input_tokens: int = 0
    output_tokens: int = 0
