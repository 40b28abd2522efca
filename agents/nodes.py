"""The three nodes of the graph. What a customer may see leaves through ``runtime.context.tell`` as ``AgentEvent``s.

Tokens are told from here and not taken from LangGraph's "messages" stream: only what ``respond`` tells can reach a
customer, so no inner call of a model (an extraction, a summary) ever leaks. Nor do they go through its "custom" stream:
a token costs a tenth less without (a system call that wakes the loop, a task, a queue).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal, cast
from uuid import uuid4

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, SystemMessage, ToolCall, ToolMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langgraph.prebuilt import ToolNode
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph.types import Command, Send

from agents import history, prompts
from agents.attribution import attributed
from agents.claims import check, mend, sources_of
from agents.context import RunContext, Tell
from agents.events import (
    MessageDelta,
    MessageDone,
    MessageStarted,
    Recalled,
    StoreDown,
    ToolStarted,
    UsageReported,
)
from agents.llm import Restarted, astream_with_retries
from agents.options import AgentOptions
from agents.recall import Recollection, recollect
from agents.results import told_by
from agents.screening import readable
from agents.state import State
from agents.store.errors import StoreError, StoreUnavailable
from agents.toolbox import label


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """Bound to a model and its tools; knows no account, no thread and no store before a run brings them."""

    model: BaseChatModel
    tools: Sequence[BaseTool]
    options: AgentOptions
    fallback: BaseChatModel | None = None

    async def recall(self, state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
        """Look up what is known, and let go of messages the thread has outgrown."""
        removed = history.outgrown(state["messages"], self.options.kept_messages)
        return {"messages": removed, "recalled": await self._recollect(state, runtime)}

    async def respond(self, state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
        """Ask the model once. A reply is text, tool calls or both; its text is checked before it is final."""
        messages = state["messages"]
        recalled = state.get("recalled")
        if recalled is None or isinstance(messages[-1], ToolMessage):  # a tool may just have changed what is known
            recalled = await self._recollect(state, runtime)
        calls_left = self.options.max_tool_calls - history.calls_made(messages)
        reply = await self._write(self._prompt(messages, recalled, calls_left > 0), calls_left, runtime.context.tell)
        reply.tool_calls = _with_own_ids(reply.tool_calls[: max(calls_left, 0)], history.call_ids(messages))
        if text := _text_of(reply, calls_left):
            claims = check(text, sources_of(messages, recalled))
            reply.content, replaced = mend(text, claims), [str(claim.kind) for claim in claims]
            runtime.context.tell(MessageDone(message=str(reply.id), text=reply.content, replaced=replaced))
        return {"messages": [reply]}

    def tool_node(self) -> ToolNode:
        return ToolNode(list(self.tools), awrap_tool_call=_run_tool)

    async def _recollect(self, state: State, runtime: Runtime[RunContext]) -> Recollection:
        store = cast(BaseStore, runtime.store)  # the graph is always compiled with one
        said = history.last_said(state["messages"])
        recalled = await recollect(store, runtime.context, said, self.options)
        memories = [memory["key"] for memory in recalled.get("memories", [])]
        orders = [order["order_id"] for order in recalled.get("orders", [])]
        if recalled.get("unavailable"):
            runtime.context.tell(StoreDown())
        if memories or orders:
            runtime.context.tell(Recalled(memories=memories, orders=orders))
        return recalled

    def _prompt(self, messages: Sequence[AnyMessage], recalled: Recollection, tools_left: bool) -> list[AnyMessage]:
        now = datetime.now(UTC)
        system = prompts.system_prompt(recalled, now=now, shop=self.options.shop_name, tools_left=tools_left)
        return [SystemMessage(system), *history.window(history.well_formed(messages), self.options.history_tokens)]

    async def _write(self, prompt: list[AnyMessage], calls_left: int, tell: Tell) -> AIMessage:
        """One reply of the model, told piece by piece. A reply that breaks off begins anew under the same id."""
        message, chunks, begun = str(uuid4()), list[AIMessageChunk](), False
        model, fallback = self._models_with_tools if calls_left > 0 else (self.model, self.fallback)
        pieces = astream_with_retries(
            model,
            prompt,
            attempts=self.options.model_attempts,
            backoff=self.options.model_backoff,
            fallback=fallback,
        )
        async for piece in pieces:
            if isinstance(piece, Restarted):
                chunks.clear()
                if begun:
                    tell(MessageStarted(message=message))
                continue
            chunks.append(piece)
            if text := readable(piece.content if isinstance(piece.content, str) else str(piece.text)):
                if not begun:
                    begun = True
                    tell(MessageStarted(message=message))
                tell(MessageDelta(message=message, text=text))
        reply = _whole(chunks, message)
        if usage := reply.usage_metadata:
            tell(UsageReported(input_tokens=usage["input_tokens"], output_tokens=usage["output_tokens"]))
        return reply

    @cached_property
    def _models_with_tools(self) -> tuple[Runnable[Any, AIMessage], Runnable[Any, AIMessage] | None]:
        tools = list(self.tools)
        return self.model.bind_tools(tools), self.fallback.bind_tools(tools) if self.fallback else None


def next_step(state: State) -> list[Send] | Literal["__end__"]:
    """Each tool call is a task of its own, so that one which waits for a click re-runs none of the others."""
    last = state["messages"][-1]
    calls = last.tool_calls if isinstance(last, AIMessage) else []
    return [Send("tools", [{**call, "type": "tool_call"}]) for call in calls] or "__end__"


async def _run_tool(
    request: ToolCallRequest, execute: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command]]
) -> ToolMessage | Command:
    """Run one tool as the agent of this turn. A store that is down is a result to read, not the end of the run."""
    call, context = request.tool_call, cast(RunContext, request.runtime.context)
    tell = context.tell
    tell(ToolStarted(call=call["id"] or "", tool=call["name"], label=label(call["name"], call["args"])))
    with attributed(actor="agent", turn_id=context.turn_id):
        try:
            result = await execute(request)
        except StoreError as error:
            if isinstance(error, StoreUnavailable):
                tell(StoreDown())
            result = ToolMessage(prompts.STORE_DOWN, tool_call_id=call["id"], name=call["name"], status="error")
    if isinstance(result, ToolMessage):
        result.name = call["name"]
    for event in told_by(result):
        tell(event)
    return result


def _whole(chunks: list[AIMessageChunk], message: str) -> AIMessage:
    """The message that the chunks make up, without what only the provider cares for.

    A call whose arguments are not JSON is kept without arguments: the tool refuses it and the model reads why.
    """
    if not chunks:
        return AIMessage("", id=message)
    whole = add_ai_message_chunks(*chunks)
    spoilt = [ToolCall(name=call["name"] or "", args={}, id=call["id"]) for call in whole.invalid_tool_calls]
    return AIMessage(
        readable(str(whole.text)),
        id=message,
        tool_calls=[*whole.tool_calls, *spoilt],
        usage_metadata=whole.usage_metadata,
    )


def _with_own_ids(calls: list[ToolCall], taken: set[str]) -> list[ToolCall]:
    """Some servers number the calls of every reply from 0; an id names an action, so it must be the only one."""
    own = []
    for call in calls:
        if not call["id"] or call["id"] in taken:
            call = {**call, "id": f"call_{uuid4().hex}"}
        taken.add(call["id"] or "")
        own.append(call)
    return own


def _text_of(reply: AIMessage, calls_left: int) -> str:
    if text := str(reply.text).strip():
        return text
    if reply.tool_calls:
        return ""
    return prompts.NOTHING_TO_SAY if calls_left > 0 else prompts.TOO_MANY_STEPS
