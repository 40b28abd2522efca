"""Running the agent: one customer turn in, events out.

    agent = SupportAgent(model=model, store=store, checkpointer=checkpointer)
    async for event in agent.astream(Say(text="Hi!", message_id=...), thread_id=..., context=RunContext(...)):
        ...

Needs neither Django nor a server: a notebook can use LangGraph's InMemoryStore and InMemorySaver.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl
from langgraph.store.base import BaseStore
from langgraph.types import Command, Interrupt, StateSnapshot

from agents.checkpoints import prune_thread, strict_serializer
from agents.context import RunContext
from agents.events import ActionProposed, AgentEvent
from agents.graph import build_graph
from agents.history import call_ids, open_calls, staff_message, this_turn
from agents.nodes import Nodes
from agents.options import AgentOptions
from agents.prompts import CUT_SHORT, NOT_CONFIRMED
from agents.results import told_again
from agents.threads import (
    OWNER,
    finished_results,
    has_message,
    is_last_said,
    is_of_call,
    last_results,
    messages_of,
    owner_of,
)
from agents.toolbox import TOOLS
from agents.tools.actions import STAFF_LIMIT


@dataclass(frozen=True, kw_only=True)
class Said:
    """Something said in the conversation without the agent, by the customer or (``by_staff``) to them."""

    text: str
    message_id: str
    by_staff: bool = False


@dataclass(frozen=True, kw_only=True)
class Say:
    """The customer wrote ``text``. Said again under the same id, it is answered anew and not said twice.

    ``meanwhile`` was said before, while the agent was silent: what of it the thread does not hold yet goes in first.
    """

    text: str
    message_id: str
    meanwhile: Sequence[Said] = ()


@dataclass(frozen=True, kw_only=True)
class Decide:
    """Decisions on proposed actions: {action id: {"decision", "digest", "reason"?}}. Those not named go on waiting."""

    decisions: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Continue:
    """Go on with the turn of this message after a crash: from its last step, or from the start if it had none.

    A turn that had finished is told again (texts and cards, no deltas); one that waits proposes again.
    """

    text: str
    message_id: str
    meanwhile: Sequence[Said] = ()


TurnInput = Say | Decide | Continue


class Drained(Exception):
    """The run was asked to stop and did so between two steps; ``Continue`` goes on from there, here or elsewhere."""


class ForeignThread(PermissionError):
    """The thread was begun by another account."""


class NoSuchAction(LookupError):
    """None of the decided actions is part of the turn that the thread is in."""


class SupportAgent:
    """One agent for many conversations at once; it holds no state of a conversation outside the checkpointer."""

    def __init__(
        self,
        *,
        model: BaseChatModel,
        store: BaseStore,
        checkpointer: BaseCheckpointSaver | None = None,
        options: AgentOptions | None = None,
        fallback: BaseChatModel | None = None,
        tools: Sequence[BaseTool] = TOOLS,
    ) -> None:
        """``fallback`` answers when ``model`` cannot. Without a checkpointer threads live as long as this object."""
        self._options = options or AgentOptions()
        self._saver = checkpointer or InMemorySaver(serde=strict_serializer())
        nodes = Nodes(model=model, tools=tools, options=self._options, fallback=fallback)
        self.graph = build_graph(nodes, store=store, checkpointer=self._saver)
        self._running: set[RunControl] = set()
        self._draining = False

    async def astream(
        self, turn_input: TurnInput, *, thread_id: str, context: RunContext
    ) -> AsyncGenerator[AgentEvent, None]:
        """Events of one run, in order. If an ``ActionProposed`` was among them, the turn waits for a ``Decide``.

        Raises ``ModelError`` when no reply came, ``Drained``, ``ForeignThread`` and ``NoSuchAction``. Cancelling the
        task, or closing the iterator, closes the stream to the model and keeps every finished step.
        """
        thread = await self._thread(thread_id, context.account_id)
        if isinstance(turn_input, Say):
            begin: Any = await self._say(turn_input, thread, thread_id)
        elif isinstance(turn_input, Decide):
            begin = _decide(turn_input, thread)
        else:
            begin = await self._go_on(turn_input, thread, thread_id)
        if isinstance(begin, list):
            for event in begin:
                yield event
            return
        if begin is None:  # what the tools of the last step told may have been lost with the process
            for event in told_again(last_results(messages_of(thread))):
                yield event
        async with aclosing(self._run(begin, thread_id, context)) as events:
            async for event in events:
                yield event

    async def heal(self, thread_id: str) -> None:
        """Give every unanswered tool call a result, so that the thread can be talked in again."""
        await self._heal(await self._thread(thread_id), thread_id)

    async def keep_partial(self, thread_id: str, message_id: str, text: str) -> None:
        """After a stop: close the turn, with what was written of the answer (``text`` may be empty) in the thread."""
        await self.heal(thread_id)
        thread = await self._thread(thread_id)
        written = [] if not text or has_message(thread, message_id) else [_stopped(text, message_id)]
        if written or thread.next:
            await self._write(thread, thread_id, written, as_node="respond")

    async def forget_thread(self, thread_id: str) -> None:
        """Delete all checkpoints and writes of the thread."""
        await self._saver.adelete_thread(thread_id)

    async def prune(self, thread_id: str) -> bool:
        """Drop all but the latest checkpoint; False, and nothing done, while the thread is unfinished or waits."""
        thread = await self._thread(thread_id)
        if thread.next or thread.interrupts:
            return False
        await prune_thread(self._saver, thread_id)
        return True

    def drain(self) -> None:
        """Let every run stop after the step it is in, with ``Drained``, and every later one too. From any thread."""
        self._draining = True
        for control in list(self._running):
            control.request_drain()

    async def _run(self, begin: Any, thread_id: str, context: RunContext) -> AsyncGenerator[AgentEvent, None]:
        control = RunControl()
        self._running.add(control)
        if self._draining:
            control.request_drain()
        told: asyncio.Queue[AgentEvent | None] = asyncio.Queue()
        context = replace(context, tell=told.put_nowait)
        config = self._run_config(thread_id, context)
        steps = self.graph.astream(
            begin, config, context=context, stream_mode="updates", durability="sync", control=control
        )
        work = asyncio.create_task(_take(steps, told))
        try:
            while (event := await told.get()) is not None:
                yield event
            await work
        except GraphDrained as drained:
            raise Drained(str(drained)) from None
        finally:
            self._running.discard(control)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    def _run_config(self, thread_id: str, context: RunContext) -> RunnableConfig:
        return {
            "configurable": {"thread_id": thread_id, STAFF_LIMIT: self._options.staff_approval_above_cents},
            "metadata": {OWNER: context.account_id},
            # A backstop: max_tool_calls ends a run long before, and with an honest sentence.
            "recursion_limit": 2 * self._options.max_tool_calls + 10,
        }

    async def _thread(self, thread_id: str, account_id: str | None = None) -> StateSnapshot:
        thread = await self.graph.aget_state(_config(thread_id))
        owner = owner_of(thread)
        if account_id is not None and owner is not None and owner != account_id:
            raise ForeignThread(f"thread {thread_id} belongs to another account")
        return thread

    async def _heal(self, thread: StateSnapshot, thread_id: str) -> None:
        waiting = [proposal.value["action"] for proposal in thread.interrupts]
        results = finished_results(thread)
        for call in open_calls([*messages_of(thread), *results]):
            told = NOT_CONFIRMED if any(is_of_call(action, call["id"]) for action in waiting) else CUT_SHORT
            results.append(ToolMessage(told, tool_call_id=call["id"], name=call["name"], status="error"))
        if results:
            await self._write(thread, thread_id, results, as_node="tools")

    async def _write(
        self, thread: StateSnapshot, thread_id: str, messages: Sequence[AnyMessage], *, as_node: str
    ) -> None:
        """Write into the thread as if ``as_node`` had; its owner stays on record."""
        await self.graph.aupdate_state(_config(thread_id, owner_of(thread)), {"messages": messages}, as_node=as_node)

    async def _say(self, said: Say, thread: StateSnapshot, thread_id: str) -> dict[str, Any]:
        await self._heal(thread, thread_id)
        message = HumanMessage(said.text, id=said.message_id)
        if not has_message(thread, said.message_id):
            missed = [_heard(each) for each in said.meanwhile if not has_message(thread, each.message_id)]
            return {"messages": [*missed, message]}
        if not is_last_said(thread, said.message_id):
            raise ValueError(f"message {said.message_id} was answered, and the conversation went on since")
        replies = [m for m in this_turn(messages_of(thread)) if isinstance(m, AIMessage) and not m.tool_calls]
        return {"messages": [message, *(RemoveMessage(id=reply.id) for reply in replies if reply.id)]}

    async def _go_on(self, turn: Continue, thread: StateSnapshot, thread_id: str) -> Any:
        """What to give the graph: an input, None (go on), or a list of events when there is nothing to run."""
        if not is_last_said(thread, turn.message_id):
            say = Say(text=turn.text, message_id=turn.message_id, meanwhile=turn.meanwhile)
            return await self._say(say, thread, thread_id)
        return _resume(thread)


async def _take(steps: AsyncIterator[dict[str, Any]], told: "asyncio.Queue[AgentEvent | None]") -> None:
    """Walk the steps of a run, tell what it proposes behind what its nodes tell, and None at the end."""
    try:
        async with aclosing(cast(AsyncGenerator[dict[str, Any], None], steps)) as updates:
            async for update in updates:
                for event in _proposed(update.get("__interrupt__", ())):
                    told.put_nowait(event)
    finally:
        told.put_nowait(None)


def _decide(decide: Decide, thread: StateSnapshot) -> Any:
    waiting = {proposal.value["action"]: proposal.id for proposal in thread.interrupts}
    resume = {waiting[action]: dict(how) for action, how in decide.decisions.items() if action in waiting}
    if resume:
        return Command(resume=resume)
    calls = call_ids(this_turn(messages_of(thread)))
    if not any(is_of_call(action, call) for action in decide.decisions for call in calls):
        raise NoSuchAction(", ".join(decide.decisions))
    return _resume(thread)  # decided before, and the process died: the turn is further on


def _resume(thread: StateSnapshot) -> list[AgentEvent] | None:
    if thread.interrupts:
        return _proposed(thread.interrupts)
    return None if thread.next else told_again(this_turn(messages_of(thread)))


def _proposed(proposals: Sequence[Interrupt]) -> list[AgentEvent]:
    return [ActionProposed(**proposal.value) for proposal in proposals]


def _config(thread_id: str, owner: str | None = None) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id}, "metadata": {OWNER: owner} if owner else {}}


def _heard(said: Said) -> AnyMessage:
    return staff_message(said.text, said.message_id) if said.by_staff else HumanMessage(said.text, id=said.message_id)


def _stopped(text: str, message_id: str) -> AIMessage:
    return AIMessage(text, id=message_id, additional_kwargs={"stopped": True})
