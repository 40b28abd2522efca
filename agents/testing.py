"""A model that follows a script, for tests here and outside."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata, add_ai_message_chunks
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field


@dataclass(kw_only=True)
class Reply:
    """One reply: streams ``text`` word by word, then ``calls`` with their arguments in pieces.

    ``error`` is raised last, or at once if there is nothing to say before.

    ``hold``: an event to wait for before the last word, to catch the model in mid-stream.
    """

    text: str = ""
    calls: Sequence[ToolCall] = ()
    error: Exception | None = None
    hold: asyncio.Event | None = None
    delay: float = 0.0


def call(name: str, id: str = "call_1", **arguments: Any) -> ToolCall:
    return ToolCall(name=name, args=arguments, id=id, type="tool_call")


@dataclass
class Recording:
    """What the model was asked: the messages of every request, and the names of the tools it had then."""

    requests: list[list[BaseMessage]] = field(default_factory=list)
    tools: list[list[str]] = field(default_factory=list)
    #: How many replies were closed from outside before they ended.
    cut: int = 0

    @property
    def last(self) -> list[BaseMessage]:
        return self.requests[-1]

    @property
    def system(self) -> str:
        return str(self.last[0].text)


class ScriptedChatModel(BaseChatModel):
    """Gives the replies of ``script`` one after another; an entry may be a Reply, a text, a tool call, or a function of
    the messages that gives one. ``recording`` is shared with the models that ``bind_tools`` returns.

    Raises AssertionError when it is asked more often than the script is long.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    script: list[Any]
    recording: Recording = Field(default_factory=Recording)
    bound: list[str] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        names = [convert_to_openai_tool(tool)["function"]["name"] for tool in tools]
        # The same list of replies: what a bound model says, the unbound one has said too.
        return self.model_copy(update={"bound": names})

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        reply = self._next(messages)
        if reply.error and not (reply.text or reply.calls):
            raise reply.error
        pieces = list(_pieces(reply))
        ended = False
        try:
            for place, piece in enumerate(pieces):
                if reply.hold and place == len(pieces) - 1:
                    await reply.hold.wait()
                await asyncio.sleep(reply.delay)
                yield ChatGenerationChunk(message=piece)
            ended = True
        finally:
            self.recording.cut += not ended
        if reply.error:
            raise reply.error

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply = self._next(messages)
        if reply.error:
            raise reply.error
        whole = add_ai_message_chunks(*_pieces(reply))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(whole.content, tool_calls=whole.tool_calls))])

    def _next(self, messages: list[BaseMessage]) -> Reply:
        self.recording.requests.append(messages)
        self.recording.tools.append(self.bound)
        if not self.script:
            raise AssertionError("The script is at its end.")
        entry = self.script.pop(0)
        if callable(entry):
            entry = entry(messages)
        if isinstance(entry, str):
            return Reply(text=entry)
        return Reply(calls=[cast(ToolCall, entry)]) if isinstance(entry, dict) else entry


def _pieces(reply: Reply) -> Iterator[AIMessageChunk]:
    words = re.findall(r"\s*\S+\s*?(?=\s|$)", reply.text)
    yield from (AIMessageChunk(content=word) for word in words)
    for index, one in enumerate(reply.calls):
        arguments = json.dumps(one["args"])
        half = len(arguments) // 2
        for name, id, args in (
            (one["name"], one["id"], ""),
            (None, None, arguments[:half]),
            (None, None, arguments[half:]),
        ):
            yield AIMessageChunk(
                content="", tool_call_chunks=[tool_call_chunk(name=name, args=args, id=id, index=index)]
            )
    usage = UsageMetadata(input_tokens=10, output_tokens=len(words), total_tokens=10 + len(words))
    yield AIMessageChunk(content="", usage_metadata=usage)
