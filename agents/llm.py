"""The model behind an OpenAI-compatible address, and what is done when its reply breaks off.

Two layers try again, and they do not overlap: the client repeats a request that brought no reply (rate limit,
5xx, no connection), ``astream_with_retries`` begins a reply anew that broke off after it had begun.
"""

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from agents.errors import BrokenReply, ModelError, ModelRefused, wrap_model_errors

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage
    from langchain_core.runnables import Runnable, RunnableConfig

OPENAI_URL = "https://api.openai.com/v1"
LONGEST_PAUSE_SECONDS = 8.0


def chat_model(
    *, api_key: str, base_url: str = "", model: str, timeout: float, max_retries: int = 2
) -> "BaseChatModel":
    """A ChatOpenAI that reports usage when it streams, for OpenAI or any server that speaks its protocol.

    ``timeout`` is in seconds, for the connection, for the first byte and for every pause between two chunks.
    ``max_retries`` counts the repeats of a request that brought no reply. Imports langchain-openai, which takes
    seconds: call it where the first answer is prepared, not where a process starts.
    """
    from pydantic import SecretStr

    from agents.openai_chat import SupportChatOpenAI

    return SupportChatOpenAI(
        model=model,
        # Local servers need no key, but the client refuses to be made without one.
        api_key=SecretStr(api_key or "not-needed"),
        base_url=base_url or OPENAI_URL,
        timeout=timeout,
        max_retries=max_retries,
        stream_usage=True,
        # The HTTP time-out above watches the same pause; this one costs a task for every chunk.
        stream_chunk_timeout=None,
    )


@dataclass(frozen=True, kw_only=True)
class Restarted:
    """The reply broke off and begins anew: what came of message ``discarded`` (None: nothing came) is void.

    ``attempt`` is the number of the attempt that begins now, from 2. ``error`` says why.
    """

    attempt: int
    discarded: str | None
    error: ModelError


async def astream_with_retries(
    model: "Runnable",
    messages: "Sequence[BaseMessage]",
    config: "RunnableConfig | None" = None,
    *,
    attempts: int = 3,
    backoff: float = 0.5,
    fallback: "Runnable | None" = None,
) -> "AsyncGenerator[AIMessageChunk | Restarted]":
    """Chunks of one reply; a ``Restarted`` between them voids all chunks before it.

    ``model`` and ``fallback`` (with the same tools bound) are each begun at most ``attempts`` times; between two
    beginnings lies a pause of ``backoff`` seconds that doubles. Raises ``ModelError`` when no reply came whole.
    Closing the iterator, or cancelling the task, closes the stream to the model.
    """
    lineup = deque([model] * attempts + ([fallback] * attempts if fallback else []))
    attempt = 1
    while True:
        current, reply = lineup.popleft(), _Reply()
        try:
            async with aclosing(reply.watch(current, messages, config)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        except ModelError as error:
            failure = error
        if not reply.may_begin_anew(failure):
            lineup = deque(one for one in lineup if one is not current and failure.another_model_may_answer)
        if not lineup:
            raise failure
        if lineup[0] is current:
            await asyncio.sleep(_pause(backoff, attempt))
        attempt += 1
        yield Restarted(attempt=attempt, discarded=reply.message_id, error=failure)


def _pause(backoff: float, attempt: int) -> float:
    """Doubling, with half of it left to chance so that the turns of a busy site do not come back together."""
    return min(backoff * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS) * random.uniform(0.5, 1.0)


class _Reply:
    """One reply while it comes: what must be known of it to tell a whole one from a broken one."""

    def __init__(self) -> None:
        self.message_id: str | None = None
        self.is_from_openai = False
        self.finish: str | None = None
        self.refused = False

    async def watch(
        self, model: "Runnable", messages: "Sequence[BaseMessage]", config: "RunnableConfig | None"
    ) -> "AsyncGenerator[AIMessageChunk]":
        with wrap_model_errors():
            stream = cast("AsyncGenerator[AIMessageChunk]", model.astream(messages, config))
            async with aclosing(stream) as chunks:
                async for chunk in chunks:
                    self._note(chunk)
                    yield chunk
        self._check_whole()

    def may_begin_anew(self, error: ModelError) -> bool:
        """Before the first chunk the client has tried again already, unless the reply itself is broken."""
        return error.retryable and (self.message_id is not None or isinstance(error, BrokenReply))

    def _note(self, chunk: "AIMessageChunk") -> None:
        self.message_id = self.message_id or chunk.id
        if chunk.additional_kwargs:
            self.refused = self.refused or bool(chunk.additional_kwargs.get("refusal"))
        if told := chunk.response_metadata:
            self.is_from_openai = self.is_from_openai or told.get("model_provider") == "openai"
            self.finish = told.get("finish_reason") or told.get("status") or self.finish

    def _check_whole(self) -> None:
        """A stream can end without an error and yet be cut (a proxy that closes politely) or be a refusal."""
        if self.refused or self.finish == "content_filter":
            raise ModelRefused("content filter" if self.finish == "content_filter" else "refusal")
        if self.is_from_openai and self.finish is None:
            raise BrokenReply("the stream ended before the reply did")
