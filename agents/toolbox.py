"""Every tool of the agent, and what the customer reads while one works."""

from typing import Any

from langchain_core.tools import BaseTool

from agents.shop.matching import order_key
from agents.tools import handoff, help, memory, orders

_MODULES = (orders, memory, help, handoff)

TOOLS: tuple[BaseTool, ...] = tuple(tool for module in _MODULES for tool in module.TOOLS)
LABELS: dict[str, str] = {name: label for module in _MODULES for name, label in module.LABELS.items()}
_WORKING = "Working on it"
_LONGEST = 60


class _Arguments(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return ""


def label(tool: str, arguments: dict[str, Any]) -> str:
    """A sentence for the customer: "Looking up order #W2611340". Arguments come from a model, so they are cut short
    and a missing one leaves nothing."""
    shown = _Arguments({name: str(value)[:_LONGEST] for name, value in arguments.items()})
    if "order_id" in shown:
        shown["order_id"] = order_key(shown["order_id"]) or shown["order_id"]
    return LABELS.get(tool, _WORKING).format_map(shown).strip()
