"""The shop's own help articles."""

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool

from agents import namespaces
from agents.tools.answers import Run, answer, shop_tool, store_of

_ARTICLES = 3


@shop_tool("read")
async def search_help(query: str, runtime: Run) -> ToolMessage:
    """Search the shop's help articles (delivery, returns, payment, account and so on).

    Use it for general questions about how the shop works, not for the customer's own orders.

    Args:
        query: What to look for, in a few words.
    """
    found = await store_of(runtime).asearch(namespaces.HELP, query=query, limit=_ARTICLES)
    if not found:
        return answer(runtime, "There is no help article about this.")
    articles = [{"title": hit.value.get("title"), "body": hit.value.get("body")} for hit in found]
    return answer(runtime, articles, rules=[str(article["body"]) for article in articles])


TOOLS: tuple[BaseTool, ...] = (search_help,)
LABELS = {"search_help": "Looking through the help articles"}
