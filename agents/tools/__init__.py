"""The tools of the agent: each module has its ``TOOLS`` and, for the customer, their ``LABELS``."""

from collections.abc import Mapping
from typing import Any

from langchain_core.tools import BaseTool

from agents.shop.matching import order_key
from agents.tools import handoff, help, memory, orders

TOOLS: tuple[BaseTool, ...] = (*orders.TOOLS, *memory.TOOLS, *help.TOOLS, *handoff.TOOLS)

#: Tools that change orders or the profile: each of their calls waits for a decision.
WRITES = frozenset(tool.name for tool in orders.WRITES)

_LABELS = {**orders.LABELS, **memory.LABELS, **help.LABELS, **handoff.LABELS}


def label(tool: str, arguments: Mapping[str, Any]) -> str:
    """What the customer reads while the tool works: "Looking up order #W2611340"; "" for a tool nobody knows."""
    order_id = str(arguments.get("order_id", ""))
    return _LABELS.get(tool, "").replace("{order_id}", order_key(order_id) or "")[:200].strip()
