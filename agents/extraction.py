"""Learning from a turn: what the customer wrote becomes memories, with the turn as their source."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, HumanMessage, SystemMessage
from langgraph.store.base import BaseStore
from pydantic import BaseModel, Field

from agents import screening
from agents.attribution import attributed
from agents.errors import wrap_model_errors
from agents.history import everything_said
from agents.memory import Memory, MemoryDraft, NotKept, Source, remember
from agents.mentions import mentioned_orders
from agents.prompts import EXTRACTION

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


async def learn(
    store: BaseStore, model: BaseChatModel, account_id: str, messages: Sequence[AnyMessage], source: Source,
    *, said_at: str | None = None,
) -> list[Memory]:  # fmt: skip
    """Keep what ``messages`` of one turn tell about the customer; gives what is kept, also if it was kept before.

    Only the customer's own messages are read, whatever else is among them. Learning a turn again writes nothing new.
    Raises ``ModelError`` when the model does not answer and ``StoreError`` when the store does not: try again later.
    """
    said = everything_said(messages)
    kept = []
    with attributed(actor="agent", reason="learned from the conversation", turn_id=source.turn or None):
        for draft in [*await extractor(model)(said), *_mentions(said)]:
            try:
                kept.append(await remember(store, account_id, draft, source, said_at=said_at))
            except NotKept:
                continue  # screened out, or the account is full: nothing to tell, nobody asked
    return kept


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
        found = Extraction.model_validate(
            await model.with_structured_output(Extraction, method="function_calling").ainvoke(asked)
        )
    return [MemoryDraft(**one.model_dump()) for one in found.memories if screening.rests_on(one.text, said)]


async def _by_rules(said: Sequence[str]) -> list[MemoryDraft]:
    from agents.offline.extraction import extract as extract_by_rules

    return extract_by_rules(list(said))


def _mentions(said: Sequence[str]) -> list[MemoryDraft]:
    """Which orders were spoken of, found without any model: a later conversation has to know which one is meant."""
    return [
        MemoryDraft(text=f"The customer wrote about order {order_id}.", kind="order_mention", order_id=order_id)
        for order_id in mentioned_orders("\n".join(said))
    ]
