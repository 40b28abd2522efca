"""The only module that imports OpenAI's chat client; import it where a model is made, because it takes seconds."""

from typing import Any

from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI


class RefusalAwareChatOpenAI(ChatOpenAI):
    """ChatOpenAI that keeps the ``refusal`` of streamed chunks, in ``additional_kwargs`` as in whole answers.

    langchain-openai 1.7 drops it, and a refusal would look like an empty reply. The overridden method is the one
    that langchain's own subclasses for other providers override.
    """

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
