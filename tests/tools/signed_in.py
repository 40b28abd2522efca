"""One account signed in at the tools, through LangGraph as the agent does it: a call may wait and be resumed."""

import copy
import uuid
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.store.base import BaseStore
from langgraph.types import Command, Send

from agents.context import RunContext
from agents.tools import orders
from agents.tools.actions import STAFF_LIMIT


def build(store: BaseStore, saver: BaseCheckpointSaver | None = None):
    """The smallest graph that runs each tool call as a task of its own."""
    graph = StateGraph(MessagesState, context_schema=RunContext)
    graph.add_node("tools", ToolNode(orders.TOOLS))
    graph.add_conditional_edges(
        START, lambda state: [Send("tools", [call]) for call in state["messages"][-1].tool_calls], ["tools"]
    )
    return graph.compile(store=store, checkpointer=saver or InMemorySaver())


class Call:
    """One tool call on a thread of its own. ``question`` is what it waits with, ``answer`` what it came to."""

    def __init__(self, graph, account_id: str, tool: str, arguments: dict[str, Any], limit: int | None = None) -> None:
        self._graph = graph
        self._input = {"name": tool, "args": arguments, "id": f"call-{uuid.uuid4()}", "type": "tool_call"}
        thread = str(uuid.uuid4())
        self._config = {"configurable": {"thread_id": thread, STAFF_LIMIT: limit}}
        self._context = RunContext(
            account_id=account_id, conversation_id=thread, turn_id=str(uuid.uuid4()), message_id=str(uuid.uuid4())
        )
        self.question: dict[str, Any] | None = None
        self.answer: ToolMessage | None = None

    def again(self) -> "Call":
        """The same waiting call, seen from another device."""
        return copy.copy(self)

    def redelivered(self, graph) -> "Call":
        """The same action, on a thread of its own in another worker's graph."""
        twin = copy.copy(self)
        twin._graph = graph
        twin._config = {"configurable": {**self._config["configurable"], "thread_id": str(uuid.uuid4())}}
        return twin

    async def start(self) -> "Call":
        return self._ended(await self._run({"messages": [AIMessage("", tool_calls=[self._input])]}))

    async def decide(self, decision: str, *, digest: str | None = None, reason: str = "") -> "Call":
        """Resume with a decision on the question that was asked, or on another digest."""
        digest = digest if digest is not None else self.question["digest"]
        return await self.resume({"decision": decision, "digest": digest, "reason": reason})

    async def resume(self, value: object) -> "Call":
        return self._ended(await self._run(Command(resume=value)))

    async def grant(self) -> "Call":
        """Play everyone who is asked, each agreeing."""
        while self.question:
            await self.decide({"customer": "confirm", "staff": "approve"}[self.question["approver"]])
        return self

    async def _run(self, given: object) -> dict[str, Any]:
        return await self._graph.ainvoke(given, self._config, context=self._context)

    def _ended(self, state: dict[str, Any]) -> "Call":
        waiting = state.get("__interrupt__")
        last = state["messages"][-1]
        self.question = waiting[0].value if waiting else None
        self.answer = last if isinstance(last, ToolMessage) else None
        return self

    @property
    def outcome(self) -> str:
        return "waiting" if self.answer is None else self.answer.artifact["outcome"]
