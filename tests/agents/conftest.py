"""Two accounts, a store, and conversations held through the real graph."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, ToolMessage
from langgraph.store.base import BaseStore, Op, Result
from langgraph.store.memory import InMemoryStore

from agents import namespaces
from agents.context import RunContext
from agents.events import AgentEvent
from agents.options import AgentOptions
from agents.runner import Say, SupportAgent, TurnInput
from agents.store.errors import StoreUnavailable
from agents.testing import Recording, ScriptedChatModel

ALICE, BOB = "11111111-0000-4000-8000-00000000000a", "22222222-0000-4000-8000-00000000000b"
QUICK = AgentOptions(model_backoff=0.0)


class StoreThatIsDown(BaseStore):
    """Refuses everything, as ChromaStore does when its server is away."""

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        raise StoreUnavailable("Chroma does not answer. Try again later.")

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        return self.batch(ops)


@dataclass
class Talk:
    """One conversation of one account with one agent."""

    agent: SupportAgent
    account: str
    thread: str = field(default_factory=lambda: str(uuid4()))
    memory_paused: bool = False
    leaves_no_memory: bool = False
    turn: str = ""
    message: str = ""

    async def say(self, text: str, *, message: str | None = None) -> list[AgentEvent]:
        self.turn, self.message = str(uuid4()), message or str(uuid4())
        return await self.run(Say(text=text, message_id=self.message))

    async def run(self, turn_input: TurnInput) -> list[AgentEvent]:
        return [event async for event in self.stream(turn_input)]

    def stream(self, turn_input: TurnInput) -> Any:
        return self.agent.astream(turn_input, thread_id=self.thread, context=self.context)

    @property
    def context(self) -> RunContext:
        return RunContext(
            account_id=self.account,
            conversation_id=self.thread,
            turn_id=self.turn,
            message_id=self.message,
            memory_paused=self.memory_paused,
            leaves_no_memory=self.leaves_no_memory,
        )

    async def state(self) -> Any:
        return await self.agent.graph.aget_state({"configurable": {"thread_id": self.thread}})

    async def messages(self) -> list[AnyMessage]:
        return (await self.state()).values.get("messages", [])

    async def results(self) -> list[ToolMessage]:
        return [message for message in await self.messages() if isinstance(message, ToolMessage)]

    def elsewhere(self) -> "Talk":
        """Another conversation of the same account."""
        return replace(self, thread=str(uuid4()))


def of_type(events: Iterable[AgentEvent], kind: str) -> list[Any]:
    return [event for event in events if event.type == kind]


def final_text(events: Iterable[AgentEvent]) -> str:
    return of_type(events, "message.done")[-1].text


def streamed_text(events: Iterable[AgentEvent]) -> str:
    return "".join(event.text for event in of_type(events, "message.delta"))


def order(order_id: str = "#W1000001", **fields: Any) -> dict[str, Any]:
    """An order record in full, pending and paid by card unless ``fields`` say otherwise."""
    return {
        "order_id": order_id,
        "user_id": "alice_moreau_1",
        "address": ADDRESS,
        "items": [
            {
                "name": "Desk Lamp",
                "product_id": "101",
                "item_id": "201",
                "price": "47.84",
                "options": {"color": "black"},
            }
        ],
        "status": "pending",
        "fulfillments": [],
        "payment_history": [
            {"transaction_type": "payment", "amount": "47.84", "payment_method_id": "credit_card_1"},
        ],
        "version": 1,
        "changes": [],
        **fields,
    }


ADDRESS = {"address1": "1 Elm St", "address2": "", "city": "Austin", "country": "USA", "state": "TX", "zip": "78701"}
PROFILE = {
    "user_id": "alice_moreau_1",
    "name": {"first_name": "Alice", "last_name": "Moreau"},
    "email": "alice@example.com",
    "address": ADDRESS,
    "payment_methods": {
        "credit_card_1": {"source": "credit_card", "id": "credit_card_1", "brand": "visa", "last_four": "4242"}
    },
    "orders": ["#W1000001"],
    "version": 1,
    "changes": [],
}


async def put_orders(store: BaseStore, account: str, *orders: dict[str, Any]) -> None:
    profile = {**PROFILE, "orders": [one["order_id"] for one in orders]}
    await store.aput(namespaces.profile(account), namespaces.PROFILE_KEY, profile)
    for one in orders:
        await store.aput(namespaces.orders(account), one["order_id"], one)


@pytest.fixture
def store() -> BaseStore:
    return InMemoryStore()


@pytest.fixture
def scripted(store: BaseStore) -> Callable[..., tuple[Talk, Recording]]:
    """``scripted(*replies)`` → a conversation of alice with a model that gives these replies, and what it was asked."""

    def make(*script: Any, account: str = ALICE, options: AgentOptions = QUICK, **more: Any) -> tuple[Talk, Recording]:
        model = ScriptedChatModel(script=list(script))
        agent = SupportAgent(**{"model": model, "store": store, "options": options, **more})
        return Talk(agent, account), model.recording

    return make


@pytest.fixture
def talk_with(store: BaseStore) -> Callable[[BaseChatModel], Talk]:
    return lambda model: Talk(SupportAgent(model=model, store=store, options=QUICK), ALICE)
