"""Giving the conversation to a person."""

from typing import Any

from langchain_core.tools import BaseTool, tool

MAX_SUMMARY = 1_000


@tool(response_format="content_and_artifact")
async def transfer_to_human_agents(summary: str) -> tuple[str, dict[str, Any]]:
    """Hand the conversation over to a person of the shop's staff.

    Only when the customer's request is justified and cannot be served with the other tools, or when the customer
    insists on a person.

    Args:
        summary: What the customer needs and what was done so far, in one or two sentences for the colleague.
    """
    told = "Transfer successful: a person takes over from here. Tell the customer so in one sentence."
    return told, {"handed_off": summary.strip()[:MAX_SUMMARY]}


TOOLS: tuple[BaseTool, ...] = (transfer_to_human_agents,)
LABELS = {"transfer_to_human_agents": "Asking a person to take over"}
