"""A chat model that follows rules instead of a network."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, SystemMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from agents.offline.dialogue import next_move
from agents.offline.transcript import Call, read_transcript

_WORD_AND_SPACE = re.compile(r"\s*\S+\s*?(?=\s|$)")
_TOKEN = re.compile(r"\w+|[^\w\s]")


class OfflineChatModel(BaseChatModel):
    """Answers support questions by rules, with the tools it is bound to and nothing else.

    It sees what any model sees (system prompt with the customer file, messages, tools), keeps no state, and answers the
    same messages with the same reply. ``word_delay`` is the pause between two streamed words, in seconds. Usage is
    counted in words and punctuation marks of what it read and wrote.
    """

    model_name: str = "offline"
    word_delay: float = 0.0

    @property
    def _llm_type(self) -> str:
        return "offline"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model_name": self.model_name}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with these tools; it calls only what is bound. Rules choose, so ``tool_choice`` has no effect."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        chunks = list(_chunks(messages, **kwargs))
        whole = sum(chunks[1:], chunks[0])
        message = AIMessage(
            content=whole.content,
            tool_calls=whole.tool_calls,
            usage_metadata=whole.usage_metadata,
            response_metadata=whole.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(messages, **kwargs):
            generation = ChatGenerationChunk(message=chunk)
            if run_manager:
                run_manager.on_llm_new_token(generation.text, chunk=generation)
            yield generation
            if self.word_delay and chunk.content:
                time.sleep(self.word_delay)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks(messages, **kwargs):
            generation = ChatGenerationChunk(message=chunk)
            if run_manager:
                await run_manager.on_llm_new_token(generation.text, chunk=generation)
            yield generation
            if self.word_delay and chunk.content:
                await asyncio.sleep(self.word_delay)


def _chunks(
    messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]] = (), **_: Any
) -> Iterator[AIMessageChunk]:
    """The reply in pieces: its words, or one tool call; then the usage."""
    move = next_move(read_transcript(messages, (tool["function"]["name"] for tool in tools)))
    if isinstance(move, Call):
        yield AIMessageChunk(content="", tool_call_chunks=[_tool_call(move, messages)])
        written, reason = move.key, "tool_calls"
    else:
        yield from (AIMessageChunk(content=word) for word in _WORD_AND_SPACE.findall(move))
        written, reason = move, "stop"
    yield AIMessageChunk(
        content="",
        usage_metadata=_usage(messages, written),
        response_metadata={"finish_reason": reason, "model_name": "offline"},
        chunk_position="last",
    )


def _tool_call(call: Call, messages: Sequence[BaseMessage]) -> Any:
    """The call as a model sends it; its id is made from all that was said before, so that no two are alike."""
    said = (
        f"{message.id} {message.type} {message.text}" for message in messages if not isinstance(message, SystemMessage)
    )
    digest = hashlib.sha256("\n".join([*said, call.key]).encode()).hexdigest()
    return tool_call_chunk(name=call.tool, args=call.key.partition(" ")[2], id=f"call_{digest[:24]}", index=0)


def _usage(messages: Sequence[BaseMessage], written: str) -> UsageMetadata:
    read = sum(_count(message.text) for message in messages)
    wrote = _count(written)
    return UsageMetadata(input_tokens=read, output_tokens=wrote, total_tokens=read + wrote)


def _count(text: str) -> int:
    return len(_TOKEN.findall(text))
