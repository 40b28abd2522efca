"""Pure functions on the messages of a thread."""

from collections.abc import Sequence
from typing import cast

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, ToolCall, ToolMessage
from langchain_core.messages.utils import count_tokens_approximately, trim_messages

from agents.prompts import BY_STAFF, CUT_SHORT

Messages = Sequence[AnyMessage]


def last_said(messages: Messages) -> list[str]:
    """The customer's latest words: the text of the last customer message and of those right before it."""
    said: list[str] = []
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            said.insert(0, str(message.text))
        elif said:
            break
    return said


def everything_said(messages: Messages) -> list[str]:
    return [str(message.text) for message in messages if isinstance(message, HumanMessage)]


def this_turn(messages: Messages) -> list[AnyMessage]:
    """What came after the customer's last message."""
    last = max((place for place, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    return list(messages[last + 1 :])


def calls_made(messages: Messages) -> int:
    """How many tools were called since the customer last spoke."""
    return sum(len(message.tool_calls) for message in this_turn(messages) if isinstance(message, AIMessage))


def call_ids(messages: Messages) -> set[str]:
    return {call["id"] or "" for message in messages if isinstance(message, AIMessage) for call in message.tool_calls}


def open_calls(messages: Messages) -> list[ToolCall]:
    """Tool calls without a result. A model's provider refuses a conversation that has one."""
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    calls = [call for message in messages if isinstance(message, AIMessage) for call in message.tool_calls]
    return [call for call in calls if call["id"] not in answered]


def well_formed(messages: Messages) -> list[AnyMessage]:
    """The same conversation with the results of each group of tool calls right behind it, as providers insist.

    A call that has no result is told to have been cut short; a result whose call is gone is left out.
    """
    results = {message.tool_call_id: message for message in messages if isinstance(message, ToolMessage)}
    whole: list[AnyMessage] = []
    for message in messages:
        if isinstance(message, ToolMessage):
            continue
        whole.append(message)
        if isinstance(message, AIMessage):
            whole += [results.get(call["id"] or "") or _cut_short(call) for call in message.tool_calls]
    return whole


def window(messages: Messages, tokens: int) -> list[AnyMessage]:
    """The end of the conversation within ``tokens``, beginning with what a person said so that no group of tool
    calls is cut. The turn that runs is always whole, however long it is."""
    trimmed = cast(
        list[AnyMessage],
        trim_messages(messages, max_tokens=tokens, token_counter=count_tokens_approximately, strategy="last"),
    )
    by_people = (place for place, each in enumerate(trimmed) if isinstance(each, HumanMessage) or is_by_staff(each))
    trimmed = trimmed[next(by_people, len(trimmed)) :]
    newest = len(this_turn(messages)) + 1
    return trimmed if len(trimmed) >= newest else list(messages[-newest:])


def tokens_of(text: str) -> int:
    """About how many tokens the text is, as LangChain estimates them."""
    return count_tokens_approximately([HumanMessage(text)])


def outgrown(messages: Messages, kept: int) -> list[RemoveMessage]:
    """Removals that leave about ``kept`` messages, cut before a customer message."""
    starts = [
        place
        for place, message in enumerate(messages)
        if isinstance(message, HumanMessage) and len(messages) - place <= kept
    ]
    if len(messages) <= kept or not starts:
        return []
    return [RemoveMessage(id=message.id) for message in messages[: starts[0]] if message.id]


def staff_message(text: str, message_id: str) -> AIMessage:
    """What a person of the shop wrote to the customer. It stands on the shop's side, marked for the model to see."""
    return AIMessage(BY_STAFF + text, id=message_id, additional_kwargs={"by_staff": True})


def is_by_staff(message: AnyMessage) -> bool:
    return isinstance(message, AIMessage) and bool(message.additional_kwargs.get("by_staff"))


def _cut_short(call: ToolCall) -> ToolMessage:
    return ToolMessage(CUT_SHORT, tool_call_id=call["id"] or "", name=call["name"], status="error")
