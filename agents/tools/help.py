"""The shop's own help articles."""

import json

from langchain_core.tools import BaseTool, tool

from agents import namespaces
from agents.tools.answers import Run, store_of

_ARTICLES = 3


@tool
async def search_help(query: str, runtime: Run) -> str:
    """Search the shop's help articles (delivery, returns, payment, account and so on).

    Use it for general questions about how the shop works, not for the customer's own orders.

    Args:
        query: What to look for, in a few words.
    """
    found = await store_of(runtime).asearch(namespaces.HELP, query=query, limit=_ARTICLES)
    if not found:
        return "There is no help article about this."
    return json.dumps([{"title": hit.value.get("title"), "body": hit.value.get("body")} for hit in found])


TOOLS: tuple[BaseTool, ...] = (search_help,)
LABELS = {"search_help": "Looking through the help articles"}
