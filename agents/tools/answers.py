"""How a tool of the shop answers: text for the model, an artifact for the site and for the claim check.

The artifact is ``{"outcome", "facts"?, "action"?, "receipt"?, "rules"?}``. ``outcome`` is "found", "applied",
"declined", "withdrawn" or "refused"; ``facts`` are those of ``agents.shop.facts``; ``rules`` are texts of the shop's
own that hold for every order.
"""

import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, tool
from langgraph.prebuilt import ToolRuntime
from langgraph.store.base import BaseStore

from agents.context import RunContext
from agents.shop.records import OWN_FIELDS, Record

#: What LangGraph hands to a tool: the store, and the context that names the account.
Run = ToolRuntime[RunContext, dict[str, Any]]

Outcome = Literal["found", "applied", "declined", "withdrawn", "refused"]

Kind = Literal["read", "write"]

NO_NUMBER = "That is not an order number; one looks like #W1234567."
NO_PROFILE = "There is no customer profile on file for this account."


def shop_tool(kind: Kind) -> Callable[[Callable[..., Awaitable[ToolMessage]]], BaseTool]:
    """Make a tool of a coroutine that answers with a ToolMessage; ``metadata["kind"]`` marks it "read" or "write"."""

    def made(function: Callable[..., Awaitable[ToolMessage]]) -> BaseTool:
        @functools.wraps(function)
        async def named(**arguments: Any) -> ToolMessage:
            message = await function(**arguments)
            message.name = function.__name__
            return message

        shop = tool(named)
        shop.metadata = {"kind": kind}
        return shop

    return made


def not_on_file(order_id: str) -> str:
    """The one answer for an order that does not exist and for one of somebody else."""
    return f"Order {order_id} is not on file under this account."


def store_of(run: Run) -> BaseStore:
    if run.store is None:
        raise RuntimeError("The tools need a store: compile the graph with one.")
    return run.store


def answer(run: Run, content: Any, outcome: Outcome = "found", **artifact: Any) -> ToolMessage:
    """A tool message with ``content`` as compact JSON (text stays as it is); status "error" when refused."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return ToolMessage(
        text,
        tool_call_id=run.tool_call_id or "",
        artifact={"outcome": outcome, **artifact},
        status="error" if outcome == "refused" else "success",
    )


def shown(record: Record) -> Record:
    """The record as the model reads it: without our bookkeeping."""
    return {key: value for key, value in record.items() if key not in OWN_FIELDS}
