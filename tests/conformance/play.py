"""Golden cases played through the agent's own tools, each on a fresh copy of its customers, in any store."""

import asyncio
import itertools
import json
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import ToolMessage
from langgraph.store.base import BaseStore, PutOp

from agents import namespaces
from agents.tools import orders
from tests.conformance.golden import Case, GoldenCall, Shop, canonical
from tests.tools.signed_in import Call, build

READS = {tool.name for tool in orders.READS}
WRITES = {tool.name for tool in orders.WRITES}

#: Gives the id of a new account that the store will take records for.
OpenAccount = Callable[[], Awaitable[str]]

SPELLINGS = ("#W{}", "w{}", "order {}", "# {}", "Order no. W{}")

_CASES_AT_ONCE = 20


@dataclass
class Verdict:
    """What disagreed in one case; nothing if it agreed. ``staffed``: staff had to agree to a refund."""

    case: str
    faults: list[str] = field(default_factory=list)
    staffed: bool = False


class Player:
    """Plays cases on one store. Every case gets accounts of its own, so that the shop is always fresh."""

    def __init__(self, store: BaseStore, shop: Shop, open_account: OpenAccount) -> None:
        self._store, self._shop, self._graph, self._open_account = store, shop, build(store), open_account
        self._bystanders, self._spellings = itertools.cycle(shop.profiles), itertools.cycle(SPELLINGS)

    async def stock(self) -> None:
        """Put the products, which no case changes."""
        puts = [PutOp(namespaces.PRODUCTS, key, product) for key, product in self._shop.products.items()]
        await self._store.abatch(puts)

    async def products_are_untouched(self) -> bool:
        items = await self._store.asearch(namespaces.PRODUCTS, limit=10_000)
        return {item.key: item.value for item in items} == self._shop.products

    async def as_owner(self, case: Case) -> Verdict:
        """Every call as the owner, everyone who is asked agreeing: same refusals, same reads, same records."""
        verdict, accounts = Verdict(case.name), await self._accounts(case)
        for call in case.calls:
            played = await self._call(accounts[self._shop.owner(call)], call)
            verdict.staffed |= await _grant(played)
            verdict.faults += _disagreements(call, played)
        verdict.faults += await self._unlike(accounts, case.changed)
        return verdict

    async def answers(self, case: Case) -> list[ToolMessage]:
        """What the tools answer the owner, everyone who is asked agreeing."""
        accounts = await self._accounts(case)
        played = [await self._call(accounts[self._shop.owner(call)], call) for call in case.calls]
        return [(await call.grant()).answer for call in played]

    async def as_another(self, case: Case) -> Verdict:
        """Every call about an order as somebody else, in any spelling: refused, and nothing changes anywhere."""
        verdict, accounts = Verdict(case.name), await self._accounts(case)
        owners = set(accounts)
        stranger = next(user_id for user_id in self._bystanders if user_id not in owners)
        accounts[stranger] = await self._move_in(stranger)
        for call in case.calls:
            if "order_id" not in call.arguments:
                continue
            spelling = next(self._spellings).format(call.arguments["order_id"].removeprefix("#W"))
            played = await self._call(
                accounts[stranger], replace(call, arguments={**call.arguments, "order_id": spelling})
            )
            if played.outcome != "refused":
                verdict.faults.append(f"{call.tool} {spelling!r} was {played.outcome} for somebody else")
        verdict.faults += await self._unlike(accounts, {})
        return verdict

    async def unconfirmed(self, case: Case) -> Verdict:
        """Every write as the owner, nobody answering: each is refused or waits, and nothing changes."""
        verdict, accounts = Verdict(case.name), await self._accounts(case)
        for call in case.calls:
            if call.tool in WRITES:
                played = await self._call(accounts[self._shop.owner(call)], call)
                if played.outcome not in {"waiting", "refused"}:
                    verdict.faults.append(f"{call.tool} was {played.outcome} although nobody confirmed")
        verdict.faults += await self._unlike(accounts, {})
        return verdict

    async def _accounts(self, case: Case) -> dict[str | None, str]:
        """An account for each customer of the case, by user id, and an empty one under None."""
        owners = dict.fromkeys(self._shop.owner(call) for call in case.calls)
        return {None: await self._open_account(), **{owner: await self._move_in(owner) for owner in owners if owner}}

    async def _move_in(self, user_id: str) -> str:
        account, profile = await self._open_account(), self._shop.profiles[user_id]
        puts = [PutOp(namespaces.profile(account), namespaces.PROFILE_KEY, profile)]
        puts += [PutOp(namespaces.orders(account), key, self._shop.orders[key]) for key in profile["orders"]]
        await self._store.abatch(puts)
        return account

    async def _call(self, account: str, call: GoldenCall) -> Call:
        return await Call(self._graph, account, call.tool, call.arguments).start()

    async def _unlike(self, accounts: dict[str | None, str], changed: dict[str, Any]) -> list[str]:
        """Records that are not as they should be: as the golden ones where something changed, else as they were."""
        faults = []
        for user_id, account in accounts.items():
            items = await self._store.asearch(namespaces.account(account), limit=1_000)
            stored = {(item.namespace[2], item.key): canonical(item.value) for item in items}
            if stored != self._expected(user_id, changed):
                faults.append(f"records of {user_id} are not as they should be: {stored}")
        return faults

    def _expected(self, user_id: str | None, changed: dict[str, Any]) -> dict[tuple[str, str], Any]:
        if user_id is None:
            return {}
        profile = self._shop.profiles[user_id]
        expected = {("profile", namespaces.PROFILE_KEY): changed.get("users", {}).get(user_id, profile)}
        for key in profile["orders"]:
            expected["orders", key] = changed.get("orders", {}).get(key, self._shop.orders[key])
        return {key: canonical(record) for key, record in expected.items()}


async def any_account() -> str:
    """For stores that ask no questions."""
    return str(uuid.uuid4())


async def play(
    store: BaseStore, shop: Shop, cases: Iterable[Case], manner: str, open_account: OpenAccount = any_account
) -> list[Verdict]:
    """The verdicts of all cases, played in the given manner: "as_owner", "as_another" or "unconfirmed"."""
    player = Player(store, shop, open_account)
    await player.stock()
    verdicts, waiting = [], list(cases)
    for start in range(0, len(waiting), _CASES_AT_ONCE):
        batch = waiting[start : start + _CASES_AT_ONCE]
        verdicts += await asyncio.gather(*(getattr(player, manner)(case) for case in batch))
    if not await player.products_are_untouched():
        verdicts.append(Verdict("products", ["the products changed"]))
    return verdicts


async def _grant(call: Call) -> bool:
    """Everyone agrees; whether staff was asked."""
    staffed = False
    while call.question:
        staffed |= call.question["approver"] == "staff"
        await call.decide({"customer": "confirm", "staff": "approve"}[call.question["approver"]])
    return staffed


def _disagreements(call: GoldenCall, played: Call) -> list[str]:
    expected = "refused" if call.refused else "found" if call.tool in READS else "applied"
    if played.outcome != expected:
        return [f"{call.tool} {call.arguments} was {played.outcome}, not {expected}: {played.answer}"]
    if call.tool in READS and not call.refused and call.observation is not None:
        seen = canonical(json.loads(str(played.answer.content)))
        wanted = canonical(call.observation)
        if {key: seen.get(key) for key in wanted} != wanted:
            return [f"{call.tool} {call.arguments} read {seen}, not {wanted}"]
    return []
