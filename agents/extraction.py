"""Learning from a turn: what the customer wrote becomes memories, with the turn as their source."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.store.base import BaseStore
from pydantic import BaseModel, Field

from agents import screening
from agents.attribution import attributed
from agents.errors import wrap_model_errors
from agents.history import everything_said
from agents.memory import SITUATION_DAYS, Memory, MemoryDraft, NotKept, Source, passing, remember
from agents.mentions import mentioned_orders
from agents.prompts import EXTRACTION, PROMISES
from agents.store.errors import RecordErased

Extractor = Callable[[Sequence[str]], Awaitable[list[MemoryDraft]]]


class Extracted(BaseModel):
    """One thing worth remembering about the customer."""

    text: str = Field(description='One sentence, in the customer\'s words: "The customer ..."')
    kind: Literal["name", "preference", "fact", "situation"]
    about: str = Field(default="", description="The one thing it answers, if only one answer can be true; else empty.")
    trust: Literal["customer", "inferred"] = "customer"
    confidence: float = Field(default=1.0, ge=0, le=1)


class Extraction(BaseModel):
    """Everything worth remembering from these messages; usually nothing."""

    memories: list[Extracted] = Field(default_factory=list)


class Promised(BaseModel):
    """One thing the shop committed itself to."""

    text: str = Field(description='One sentence, in the words of the message: "Our team promised to ..."')
    confidence: float = Field(default=1.0, ge=0, le=1)


class Promises(BaseModel):
    """Everything the message commits the shop to; usually nothing."""

    promises: list[Promised] = Field(default_factory=list)


async def learn(
    store: BaseStore, model: BaseChatModel, account_id: str, messages: Sequence[AnyMessage], source: Source,
    *, said_at: str | None = None, situation_days: int = SITUATION_DAYS,
) -> list[Memory]:  # fmt: skip
    """Keep what ``messages`` of one turn tell about the customer; gives what is kept, also if it was kept before.

    Only the customer's own messages are read, whatever else is among them. Learning a turn again writes nothing new.
    Raises ``ModelError`` when the model does not answer and ``StoreError`` when the store does not: try again later.
    """
    said = everything_said(messages)
    kept = []
    with attributed(actor="agent", reason="learned from the conversation", turn_id=source.turn or None):
        for found in [*await extractor(model)(said), *_mentions(said)]:
            draft = passing(found, days=situation_days, said_at=said_at)
            # Screened out, the account is full, or the customer has forgotten it meanwhile: nobody asked.
            with suppress(NotKept, RecordErased):
                kept.append(await remember(store, account_id, draft, _where(draft, messages, source), said_at=said_at))
    return kept


async def learn_promises(
    store: BaseStore, model: BaseChatModel, account_id: str, message: str, source: Source, *, said_at: str | None = None
) -> list[Memory]:
    """Keep what a person of the shop promised the customer in ``message``, with the trust of staff; gives what is kept.

    Doing it again for the same source writes nothing. Raises as ``learn``.
    """
    kept = []
    with attributed(actor="agent", reason="promised by our team", turn_id=source.turn or None):
        for draft in await _promises(model, message):
            with suppress(NotKept, RecordErased):
                kept.append(await remember(store, account_id, draft, source, said_at=said_at))
    return kept


async def _promises(model: BaseChatModel, message: str) -> list[MemoryDraft]:
    from agents.offline.extraction import promises
    from agents.offline.model import OfflineChatModel

    if isinstance(model, OfflineChatModel):
        return promises(message)
    asked = [SystemMessage(PROMISES), HumanMessage(message)]
    with wrap_model_errors():
        found = Promises.model_validate(await _structured(model, Promises).ainvoke(asked))
    told = [one for one in found.promises if screening.rests_on(one.text, [message])]
    return [MemoryDraft(text=one.text, kind="promise", trust="staff", confidence=one.confidence) for one in told]


def extractor(model: BaseChatModel) -> Extractor:
    """How ``model`` extracts: by structured output, or by the offline model's rules."""
    from agents.offline.model import OfflineChatModel

    if isinstance(model, OfflineChatModel):
        return _by_rules

    async def by_model(said: Sequence[str]) -> list[MemoryDraft]:
        return await extract(model, said)

    return by_model


async def extract(model: BaseChatModel, said: Sequence[str]) -> list[MemoryDraft]:
    """Drafts of what a structured-output call of ``model`` finds in ``said``. What does not rest on it is left out."""
    if not said:
        return []
    asked = [SystemMessage(EXTRACTION), HumanMessage("\n\n".join(said))]
    with wrap_model_errors():
        found = Extraction.model_validate(await _structured(model, Extraction).ainvoke(asked))
    return [MemoryDraft(**one.model_dump()) for one in found.memories if screening.rests_on(one.text, said)]


def _structured(model: BaseChatModel, shape: type[BaseModel]) -> Runnable[Any, Any]:
    """The model, answering in this shape as plain data; given the class, it would work out the schema three times for
    each turn, which costs more CPU than the rest of learning."""
    return model.with_structured_output(_tool(shape), method="function_calling")


@cache
def _tool(shape: type[BaseModel]) -> dict[str, Any]:
    return convert_to_openai_tool(shape)


async def _by_rules(said: Sequence[str]) -> list[MemoryDraft]:
    from agents.offline.extraction import extract as extract_by_rules

    return extract_by_rules(list(said))


def _where(draft: MemoryDraft, messages: Sequence[AnyMessage], source: Source) -> Source:
    """The source with the message that says it, where several were said at once."""
    by_customer = (message for message in messages if isinstance(message, HumanMessage) and message.id)
    said_in = next((each for each in by_customer if screening.rests_on(draft.text, [str(each.text)])), None)
    return replace(source, message=str(said_in.id)) if said_in else source


def _mentions(said: Sequence[str]) -> list[MemoryDraft]:
    """Which orders were spoken of, found without any model: a later conversation has to know which one is meant."""
    return [
        MemoryDraft(text=f"The customer wrote about order {order_id}.", kind="order_mention", order_id=order_id)
        for order_id in mentioned_orders("\n".join(said))
    ]
