"""The standing leak canary: synthetic accounts with planted secrets, and every way to recall tried as another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.crypto import salted_hmac
from langgraph.prebuilt import ToolRuntime
from langgraph.store.base import BaseStore

from agents import namespaces
from agents.attribution import attributed
from agents.context import RunContext
from agents.recall import recollect
from agents.toolbox import TOOLS
from support_site.accounts.models import Account
from support_site.memory.errors import OutsideWalls
from support_site.memory.events import tell
from support_site.memory.models import StoreEvent

logger = logging.getLogger(__name__)

#: One to look, one to be looked at, and one more, because a leak may reach only the newest or the nearest.
ACCOUNTS = 3
_TOOLS = {tool.name: tool for tool in TOOLS}


@dataclass(frozen=True)
class Canary:
    """A synthetic account; everything planted in it holds ``secret``."""

    account_id: str
    secret: str

    @property
    def key(self) -> str:
        return f"canary-{self.secret[:8]}"

    @property
    def order_id(self) -> str:
        return f"#W{int(self.secret[:14], 16) % 10**12:012d}"

    @property
    def text(self) -> str:
        return f"The customer's secret word is {self.secret}."

    @property
    def context(self) -> RunContext:
        return RunContext(account_id=self.account_id, conversation_id="", turn_id="", message_id="")

    def is_in(self, answer: object) -> bool:
        text = repr(answer)
        return self.secret in text or self.account_id in text


Answer = Awaitable[object]
Probe = Callable[[BaseStore, Canary, Canary], Answer]


def watch(store: BaseStore) -> list[str]:
    """Plant what is missing, look everywhere, and raise an alarm for what is wrong. The alarms, as sentences.

    Raises StoreUnavailable; then nothing was proved.
    """
    canaries = plant(store)
    alarms = asyncio.run(look(store, canaries))
    for alarm in alarms:
        logger.error(alarm)
        tell(StoreEvent.Kind.CANARY, alarm)
    return alarms


def plant(store: BaseStore) -> list[Canary]:
    """The synthetic accounts, each with its secret in profile, order and note; what is there is not written again."""
    for number in range(Account.objects.filter(is_synthetic=True).count(), ACCOUNTS):
        Account.objects.create(name=f"Leak canary {number + 1}", is_synthetic=True)
    ids = Account.objects.filter(is_synthetic=True).order_by("created_at").values_list("pk", flat=True)
    canaries = [Canary(str(pk), salted_hmac("leak canary", str(pk)).hexdigest()) for pk in ids]
    with attributed(actor="system", reason="leak canary"):
        for canary in canaries:
            _plant_one(store, canary)
    return canaries


async def look(store: BaseStore, canaries: Sequence[Canary]) -> list[str]:
    """Try every probe as each canary for the secret of each other. What is wrong, as sentences without a secret.

    A probe that does not even find its own account's secret proves nothing, which is an alarm too.
    """
    alarms: dict[str, None] = {}
    for me in canaries:
        for other in canaries:
            if other is me:
                continue
            for name, (probe, finds_own) in PROBES.items():
                answer = await probe(store, me, other)
                if any(canary.is_in(answer) for canary in canaries if canary is not me):
                    alarms[f"A leak: by “{name}” one account got what belongs to another."] = None
                if finds_own and not me.is_in(answer):
                    alarms[f"The leak canary is blind: by “{name}” an account did not find its own."] = None
    return list(alarms)


# --- Every way to recall ------------------------------------------------------------------------


async def _get(store: BaseStore, me: Canary, other: Canary) -> object:
    mine = namespaces.memories(me.account_id), namespaces.orders(me.account_id)
    keys = me.key, other.key, me.order_id, other.order_id
    return [await store.aget(namespace, key) for namespace in mine for key in keys]


async def _by_filter(store: BaseStore, me: Canary, other: Canary) -> object:
    return await store.asearch(namespaces.memories(me.account_id), filter={"about": "secret word"}, limit=100)


async def _by_meaning(store: BaseStore, me: Canary, other: Canary) -> object:
    return await store.asearch(namespaces.account(me.account_id), query=other.text, limit=100)


async def _by_namespaces(store: BaseStore, me: Canary, other: Canary) -> object:
    return await store.alist_namespaces(prefix=namespaces.account(me.account_id), limit=1000)


async def _over_the_wall(store: BaseStore, me: Canary, other: Canary) -> object:
    return [
        await _unless_refused(store.asearch((), query=other.text, limit=100)),
        await _unless_refused(store.asearch((namespaces.ACCOUNTS,), filter={"about": "secret word"}, limit=100)),
        await _unless_refused(store.alist_namespaces(limit=1000)),
        await _unless_refused(store.alist_namespaces(suffix=("memories",), limit=1000)),
    ]


async def _recollect(store: BaseStore, me: Canary, other: Canary) -> object:
    said = [other.text, f"What about my order {other.order_id}, and {me.order_id}?"]
    # The answer names the orders it does not have, as they were asked for: numbers, and no secret.
    return await recollect(store, me.context, said)


def _tool(name: str, argument: str = "", of_other: Callable[[Canary], str] = lambda other: "") -> Probe:
    async def use(store: BaseStore, me: Canary, other: Canary) -> object:
        run: Any = ToolRuntime(
            state={"messages": []}, context=me.context, config={}, stream_writer=lambda _: None,
            tool_call_id="canary", store=store,
        )  # fmt: skip
        asked = {argument: of_other(other)} if argument else {}
        coroutine: Any = _TOOLS[name].coroutine  # type: ignore[attr-defined]
        return _said(await coroutine(**asked, runtime=run), asked)

    return use


#: Name -> the probe, and whether it finds the secret of whoever asks.
PROBES: dict[str, tuple[Probe, bool]] = {
    "get": (_get, True),
    "search with a filter": (_by_filter, True),
    "search by meaning": (_by_meaning, True),
    "list of namespaces": (_by_namespaces, True),
    "search and list of everybody": (_over_the_wall, False),
    "recall before an answer": (_recollect, True),
    "tool search_memories": (_tool("search_memories", "query", lambda other: other.text), True),
    "tool get_profile": (_tool("get_profile"), True),
    "tool list_orders": (_tool("list_orders"), True),
    "tool find_orders": (_tool("find_orders", "text", lambda other: other.text), False),
    "tool get_order_details": (_tool("get_order_details", "order_id", lambda other: other.order_id), False),
}


def _said(answer: object, asked: dict[str, str]) -> str:
    """The answer without the words of the question, which an answer may repeat."""
    text = repr(answer)
    for words in asked.values():
        text = text.replace(words, "")
    return text


async def _unless_refused(answer: Answer) -> object:
    try:
        return await answer
    except OutsideWalls:
        return None


# --- What is planted ----------------------------------------------------------------------------


def _plant_one(store: BaseStore, canary: Canary) -> None:
    memory = {"text": canary.text, "kind": "fact", "about": "secret word", "trust": "customer", "source": {}}
    store.put(namespaces.memories(canary.account_id), canary.key, memory, index=["text"])
    for namespace, key, value in (
        (namespaces.profile(canary.account_id), namespaces.PROFILE_KEY, _profile(canary)),
        (namespaces.orders(canary.account_id), canary.order_id, _order(canary)),
    ):
        if store.get(namespace, key) is None:
            store.put(namespace, key, value | {"version": 1, "changes": []})


def _profile(canary: Canary) -> dict[str, Any]:
    card = {"source": "credit_card", "id": "credit_card_1", "brand": "visa", "last_four": "0000"}
    return {
        "user_id": canary.key,
        "name": {"first_name": "Leak", "last_name": "Canary"},
        "address": _address(canary),
        "email": f"{canary.key}@example.invalid",
        "payment_methods": {card["id"]: card},
        "orders": [canary.order_id],
    }


def _order(canary: Canary) -> dict[str, Any]:
    item = {"name": f"Cage {canary.secret}", "product_id": "0", "item_id": "0", "price": "1.00", "options": {}}
    return {
        "order_id": canary.order_id,
        "user_id": canary.key,
        "address": _address(canary),
        "items": [item],
        "status": "processed",
        "fulfillments": [],
        "payment_history": [{"transaction_type": "payment", "amount": "1.00", "payment_method_id": "credit_card_1"}],
    }


def _address(canary: Canary) -> dict[str, str]:
    place = {"city": "Nowhere", "state": "ZZ", "zip": "00000", "country": "USA"}
    return {"address1": f"1 {canary.secret} Road", "address2": "", **place}
