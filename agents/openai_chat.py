"""The only module that imports OpenAI's chat client; import it where a model is made, because it takes seconds."""

from typing import Any, Self

from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI
from openai import AsyncStream
from openai.resources.chat.completions import AsyncCompletions
from pydantic import model_validator

#: What OpenAI's client is asked besides the model; it goes the client's own way.
_OF_THE_CLIENT = {"extra_headers", "extra_query", "extra_body", "timeout"}


class PlainChunks(AsyncCompletions):
    """OpenAI's client, except that a stream brings each chunk as the plain JSON that was sent.

    The client makes a tree of objects of each chunk, which LangChain takes to pieces again at once: a third of what a
    streamed token costs. Requests, repeats and errors are the client's.
    """

    async def create(self, **asked: Any) -> Any:
        """The whole answer, or the stream of its chunks."""
        if not asked.get("stream") or _OF_THE_CLIENT & asked.keys():
            return await super().create(**asked)
        plain = AsyncStream[object]  # "object" is the client's word for: as it was sent
        return await self._client.post("/chat/completions", body=asked, cast_to=object, stream=True, stream_cls=plain)


class SupportChatOpenAI(ChatOpenAI):
    """ChatOpenAI that keeps the ``refusal`` of streamed chunks, in ``additional_kwargs`` as in whole answers.

    langchain-openai 1.7 drops it, and a refusal would look like an empty reply. The overridden method is the one
    that langchain's own subclasses for other providers override.
    """

    @model_validator(mode="after")
    def stream_plain_chunks(self) -> Self:
        """After the validator of ChatOpenAI that makes the clients."""
        self.async_client = PlainChunks(self.root_async_client)
        return self

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict, default_chunk_class: type, base_generation_info: dict | None
    ) -> ChatGenerationChunk | None:
        made = super()._convert_chunk_to_generation_chunk(chunk, default_chunk_class, base_generation_info)
        if made is not None and (refusal := _refusal_of(chunk)):
            made.message.additional_kwargs["refusal"] = refusal
        return made


def _refusal_of(chunk: dict[str, Any]) -> str | None:
    choices = chunk.get("choices")
    return choices[0]["delta"].get("refusal") if choices else None
