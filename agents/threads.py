"""Pure functions on a thread as LangGraph gives it."""

from collections.abc import Sequence
from itertools import takewhile
from typing import cast

from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage
from langgraph.types import StateSnapshot

#: In the metadata of every checkpoint: the account whose thread it is.
OWNER = "account"


def messages_of(thread: StateSnapshot) -> list[AnyMessage]:
    return thread.values.get("messages", [])


def owner_of(thread: StateSnapshot) -> str | None:
    """The account that began the thread; None as long as nothing ran in it."""
    return cast(str | None, (thread.metadata or {}).get(OWNER))


def finished_results(thread: StateSnapshot) -> list[AnyMessage]:
    """Results of parallel tool calls that ended while another one waits or was cut short: not yet in the state."""
    results = [task.result for task in thread.tasks if task.name == "tools" and isinstance(task.result, dict)]
    return [message for result in results for message in result.get("messages", [])]


def last_results(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The results at the end of the thread, which no reply has answered yet."""
    return [*takewhile(lambda message: isinstance(message, ToolMessage), reversed(messages))][::-1]


def has_message(thread: StateSnapshot, message_id: str) -> bool:
    return any(message.id == message_id for message in messages_of(thread))


def is_last_said(thread: StateSnapshot, message_id: str) -> bool:
    said = [message for message in messages_of(thread) if isinstance(message, HumanMessage)]
    return bool(said) and said[-1].id == message_id


def is_of_call(action: str, call: str | None) -> bool:
    """Whether an action id ("<turn>:<tool call>") is of this tool call."""
    return action.endswith(f":{call}")
