"""How the tests read a reply: the question, the key it is asked with, and the whole of what comes."""

from langchain_core.messages import HumanMessage

from agents.llm import Restarted, astream_with_retries

KEY = "sk-very-secret-0123456789"
QUESTION = "Where is my order?"
HELLO = [HumanMessage(QUESTION)]


async def read(model, **more):
    """The whole reply and the restarts on the way to it."""
    restarts, whole = [], None
    async for item in astream_with_retries(model, HELLO, backoff=0.01, **more):
        if isinstance(item, Restarted):
            restarts.append(item)
            whole = None
        else:
            whole = item if whole is None else whole + item
    return whole, restarts
