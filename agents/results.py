"""What the result of a tool tells the customer, live and when a finished turn is told again.

A tool's artifact may hold ``card`` (a card as it is), ``receipt`` (of an action that was applied), ``handed_off``
(the summary for the person who takes over), and what it found: ``facts`` (of orders), ids of ``products`` and keys of
``memories``. The model sees none of it.
"""

from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.types import Command

from agents.events import AgentEvent, HandedOff, MessageDone, MessageStarted, Recalled, ToolDone


def told_by(result: ToolMessage | Command) -> list[AgentEvent]:
    """The events of one finished tool call."""
    if isinstance(result, Command):
        update = result.update if isinstance(result.update, dict) else {}
        return [event for message in update.get("messages", []) for event in told_by(message)]
    artifact = result.artifact if isinstance(result.artifact, dict) else {}
    done = ToolDone(call=result.tool_call_id, tool=result.name or "", ok=result.status != "error", card=_card(artifact))
    handed_off = [HandedOff(summary=artifact["handed_off"])] if "handed_off" in artifact else []
    return [*_found(artifact), done, *handed_off]


def told_again(messages: list[AnyMessage]) -> list[AgentEvent]:
    """The events of a turn that is already in the thread: its cards and its texts, without the deltas."""
    events: list[AgentEvent] = []
    for message in messages:
        if isinstance(message, ToolMessage):
            events += told_by(message)
        elif isinstance(message, AIMessage) and (text := str(message.text)):
            events += [MessageStarted(message=str(message.id)), MessageDone(message=str(message.id), text=text)]
    return events


def _found(artifact: dict[str, Any]) -> list[AgentEvent]:
    orders = list(artifact.get("facts", {}).get("orders", ()))
    products, memories = artifact.get("products", []), artifact.get("memories", [])
    found = Recalled(memories=memories, orders=orders, products=products)
    return [found] if memories or orders or products else []


def _card(artifact: dict[str, Any]) -> dict[str, Any] | None:
    if receipt := artifact.get("receipt"):
        return {"type": "receipt", **receipt}
    return artifact.get("card")
