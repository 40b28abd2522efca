"""What is known when a turn begins: memories, and the orders that are meant, as they are now."""

import asyncio
import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

from langgraph.store.base import BaseStore, GetOp, Item

from agents import namespaces
from agents.context import RunContext
from agents.history import tokens_of
from agents.memory import Memory, instant, recall
from agents.mentions import mentioned_orders, spellings
from agents.options import AgentOptions
from agents.store.errors import StoreError

logger = logging.getLogger(__name__)

#: Fields of an order record that are bookkeeping and not for a prompt.
_NOT_FOR_PROMPTS = frozenset({"version", "changes", "user_id"})


class Recollection(TypedDict, total=False):
    """Plain data for one prompt; never written to a checkpoint.

    ``orders`` are whole order records without bookkeeping; one has ``changed_since_mentioned`` (ISO 8601) when its
    record was written after the customer last spoke of it. ``not_on_file`` are order numbers the customer mentioned
    that this account does not have. ``unavailable``: the store did not answer, so nothing is known.
    """

    name: str | None
    memories: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    not_on_file: list[str]
    unavailable: bool
    paused: bool


async def recollect(
    store: BaseStore, context: RunContext, said: Sequence[str], options: AgentOptions | None = None
) -> Recollection:
    """Look up what matters for ``said`` (the customer's latest words). A store that is down is told, not raised."""
    options = options or AgentOptions()
    account, words = context.account_id, "\n".join(said)
    try:
        profile, memories = await asyncio.gather(
            store.aget(namespaces.profile(account), namespaces.PROFILE_KEY),
            _memories(store, context, words, options.recalled_memories),
        )
        mentions = {memory.order_id: memory.valid_from for memory in memories if memory.order_id}
        wanted = list(dict.fromkeys([*mentioned_orders(words), *mentions]))[: options.recalled_orders]
        on_file = await _orders(store, account, wanted)
    except StoreError as error:  # its words may name a record
        logger.warning("the store cannot be read (%s)", type(error).__name__)
        return {"unavailable": True, "paused": context.memory_paused}
    return {
        "name": _full_name(profile),
        "memories": _within(memories, options.recalled_tokens),
        "orders": [_for_prompt(order, mentions.get(wanted_id)) for wanted_id, order in _each_once(on_file)],
        "not_on_file": [order_id for order_id in wanted if order_id not in on_file],
        "unavailable": False,
        "paused": context.memory_paused,
    }


async def _memories(store: BaseStore, context: RunContext, words: str, limit: int) -> list[Memory]:
    return [] if context.memory_paused else await recall(store, context.account_id, words, limit=limit)


async def _orders(store: BaseStore, account: str, wanted: Iterable[str]) -> dict[str, Item]:
    """The orders of ``wanted`` that are on file, by the spelling that was asked for."""
    tries = [(order_id, key) for order_id in wanted for key in spellings(order_id)]
    if not tries:
        return {}
    items = await store.abatch([GetOp(namespaces.orders(account), key) for _, key in tries])
    found: dict[str, Item] = {}
    for (order_id, _), item in zip(tries, items, strict=True):
        if isinstance(item, Item):
            found.setdefault(order_id, item)
    return found


def _each_once(orders: dict[str, Item]) -> list[tuple[str, Item]]:
    """An order that was spoken of in two spellings is still one order."""
    return list({order.key: (wanted_id, order) for wanted_id, order in orders.items()}.values())


def _for_prompt(order: Item, mentioned_at: str | None) -> dict[str, Any]:
    record = {name: value for name, value in order.value.items() if name not in _NOT_FOR_PROMPTS}
    written = instant(order.updated_at)
    return {**record, "changed_since_mentioned": written} if mentioned_at and written > mentioned_at else record


def _within(memories: Sequence[Memory], budget: int) -> list[dict[str, Any]]:
    """Memories as the prompt shows them, as many as ``budget`` tokens hold."""
    shown = []
    for memory in memories:
        told = {
            "key": memory.key,
            "kind": memory.kind,
            "text": memory.text,
            "since": memory.valid_from,
            "trust": memory.trust,
        }
        budget -= tokens_of(json.dumps(told))
        if budget < 0:
            break
        shown.append(told)
    return shown


def _full_name(profile: Item | None) -> str | None:
    name = profile.value.get("name") if profile else None
    parts = [name.get("first_name"), name.get("last_name")] if isinstance(name, dict) else [name]
    return " ".join(str(part) for part in parts if part) or None
