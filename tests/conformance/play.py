"""Golden cases played through the agent's own tools, in a shop that is put back in order after each of them."""

import itertools
import json
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from langchain_core.messages import ToolMessage
from langgraph.store.base import BaseStore, GetOp, Item, PutOp

from agents import namespaces
from agents.tools import orders
from tests.conformance.golden import Case, GoldenCall, Shop, canonical
from tests.tools.signed_in import Call, build

READS = {tool.name for tool in orders.READS}
WRITES = {tool.name for tool in orders.WRITES}

#: Gives the id of a new account that the store will take records for.
OpenAccount = Callable[[], Awaitable[str]]
#: A record's place: the user id of its customer, its kind and its key.
Place = tuple[str, str, str]

SPELLINGS = ("#W{}", "w{}", "order {}", "# {}", "Order no. W{}")


@dataclass
class Verdict:
    """What disagreed in one case; nothing if it agreed. ``staffed``: staff had to agree to a refund."""

    case: str
    faults: list[str] = field(default_factory=list)
    staffed: bool = False


async def any_account() -> str:
    """For stores that ask no questions."""
    return str(uuid.uuid4())


class Player:
    """Plays cases in one store, each customer of the shop in an account of their own."""

    def __init__(self, store: BaseStore, shop: Shop) -> None:
        self._store, self._shop, self._graph = store, shop, build(store)
        self._strangers, self._spellings = itertools.cycle(shop.profiles), itertools.cycle(SPELLINGS)
        self._accounts: dict[str | None, str] = {}

    async def move_in(self, open_account: OpenAccount = any_account) -> "Player":
        """Open an account for every customer, and an empty one under None, and put all records."""
        self._accounts = {user_id: await open_account() for user_id in (*self._shop.profiles, None)}
        products = [PutOp(namespaces.PRODUCTS, key, product) for key, product in self._shop.products.items()]
        await self._store.abatch([*products, *(self._put(place, self._original(place)) for place in self._places())])
        return self

    async def as_owner(self, case: Case) -> Verdict:
        """Every call as the owner, everyone who is asked agreeing: same refusals, same reads, same records."""
        verdict = Verdict(case.name)
        for call in case.calls:
            played = await self._call(self._shop.owner(call), call)
            verdict.staffed |= await _grant(played)
            verdict.faults += _disagreements(call, played)
        return await self._compared(verdict, case, case.changed)

    async def as_another(self, case: Case) -> Verdict:
        """Every call about an order as somebody else, in changing spellings: refused, and nothing changes anywhere."""
        verdict, owners = Verdict(case.name), {self._shop.owner(call) for call in case.calls}
        stranger = next(user_id for user_id in self._strangers if user_id not in owners)
        for call in case.calls:
            if "order_id" not in call.arguments:
                continue
            spelling = next(self._spellings).format(call.arguments["order_id"].removeprefix("#W"))
            played = await self._call(stranger, replace(call, arguments={**call.arguments, "order_id": spelling}))
            if played.outcome != "refused":
                verdict.faults.append(f"{call.tool} {spelling!r} was {played.outcome} for somebody else")
        return await self._compared(verdict, case, {}, stranger)

    async def unconfirmed(self, case: Case) -> Verdict:
        """Every write as the owner, nobody answering: each is refused or waits, and nothing changes."""
        verdict = Verdict(case.name)
        for call in case.calls:
            if call.tool in WRITES:
                played = await self._call(self._shop.owner(call), call)
                if played.outcome not in {"waiting", "refused"}:
                    verdict.faults.append(f"{call.tool} was {played.outcome} although nobody confirmed")
        return await self._compared(verdict, case, {})

    async def answers(self, case: Case) -> list[ToolMessage]:
        """What the tools answer the owner, everyone who is asked agreeing."""
        played = [await (await self._call(self._shop.owner(call), call)).grant() for call in case.calls]
        await self._compared(Verdict(case.name), case, {})
        return [call.answer for call in played]

    async def whole_shop(self) -> Verdict:
        """Whether every account has the records it had at the beginning and no others, and the products too."""
        verdict = Verdict("the whole shop")
        products = await self._store.asearch(namespaces.PRODUCTS, limit=10_000)
        if {item.key: item.value for item in products} != self._shop.products:
            verdict.faults.append("the products changed")
        for user_id, account in self._accounts.items():
            items = await self._store.asearch(namespaces.account(account), limit=1_000)
            stored = {(user_id, item.namespace[2], item.key): canonical(item.value) for item in items}
            places = self._places_of(user_id) if user_id else []
            if stored != {place: canonical(self._original(place)) for place in places}:
                verdict.faults.append(f"the records of {user_id} changed")
        return verdict

    async def leave_behind(self, user_id: str, order_id: str) -> None:
        """Put an order that is not the customer's, as a fault would."""
        stray = next(iter(self._shop.orders.values()))
        await self._store.abatch([self._put((user_id, "orders", order_id), stray)])

    async def _call(self, user_id: str | None, call: GoldenCall) -> Call:
        return await Call(self._graph, self._accounts[user_id], call.tool, call.arguments).start()

    async def _compared(self, verdict: Verdict, case: Case, changed: dict[str, Any], *others: str) -> Verdict:
        """Adds what is not as it should be (as golden where that changed, else as before), then restores."""
        stored: dict[Place, Any] = {}
        for user_id in {*(self._shop.owner(call) for call in case.calls), *others} - {None}:
            stored |= await self._changed(user_id)
        wanted = {(key, "profile", namespaces.PROFILE_KEY): each for key, each in changed.get("users", {}).items()}
        for key, order in changed.get("orders", {}).items():
            wanted[self._shop.orders[key]["user_id"], "orders", key] = order
        if {place: canonical(each) for place, each in stored.items()} != {p: canonical(w) for p, w in wanted.items()}:
            verdict.faults.append(f"changed: {stored}, and should have: {wanted}")
        await self._store.abatch([self._put(place, self._original(place), over=each) for place, each in stored.items()])
        return verdict

    async def _changed(self, user_id: str) -> dict[Place, Any]:
        """The records of a customer that differ from what was put there; None for one that is gone."""
        places = self._places_of(user_id)
        stored = await self._store.abatch([GetOp(*self._address(place)) for place in places])
        values = {
            place: item.value if isinstance(item, Item) else None for place, item in zip(places, stored, strict=True)
        }
        return {place: each for place, each in values.items() if canonical(each) != canonical(self._original(place))}

    def _places(self) -> Iterable[Place]:
        return itertools.chain.from_iterable(map(self._places_of, self._shop.profiles))

    def _places_of(self, user_id: str) -> list[Place]:
        numbers = self._shop.profiles[user_id]["orders"]
        return [(user_id, "profile", namespaces.PROFILE_KEY), *((user_id, "orders", number) for number in numbers)]

    def _original(self, place: Place) -> dict[str, Any]:
        user_id, kind, key = place
        return self._shop.profiles[user_id] if kind == "profile" else self._shop.orders[key]

    def _address(self, place: Place) -> tuple[tuple[str, ...], str]:
        user_id, kind, key = place
        return (*namespaces.account(self._accounts[user_id]), kind), key

    def _put(self, place: Place, value: dict[str, Any], over: dict[str, Any] | None = None) -> PutOp:
        version = over["version"] + 1 if over else 1
        return PutOp(*self._address(place), {**value, "version": version})


async def play(player: Player, cases: Iterable[Case], manner: str) -> list[Verdict]:
    """The verdicts of all cases, played in the given manner: "as_owner", "as_another" or "unconfirmed"."""
    return [await getattr(player, manner)(case) for case in cases]


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
