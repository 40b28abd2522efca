"""A small shop and a loop that answers the model's tool calls, so that conversations can be played without a graph."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from agents.offline import OfflineChatModel
from agents.prompts import NOT_CONFIRMED, customer_file
from agents.shop import matching
from agents.shop.facts import order_total
from agents.shop.rules import RULES, Facts, Refusal
from agents.tools import handoff, help, memory, orders

TOOLS = [*orders.TOOLS, *memory.TOOLS, *help.TOOLS, *handoff.TOOLS]

ADDRESS = {
    "address1": "215 River Road",
    "address2": "Suite 991",
    "city": "New York",
    "country": "USA",
    "state": "NY",
    "zip": "10083",
}
METHODS = {
    "paypal_7644869": {"source": "paypal", "id": "paypal_7644869"},
    "credit_card_7815826": {"source": "credit_card", "id": "credit_card_7815826", "brand": "visa", "last_four": "9212"},
    "gift_card_1725971": {"source": "gift_card", "id": "gift_card_1725971", "balance": "900.00"},
}


def item(name: str, product_id: str, item_id: str, price: str, **options: str) -> dict[str, Any]:
    options = {key.replace("_", " "): value for key, value in options.items()}
    return {"name": name, "product_id": product_id, "item_id": item_id, "price": price, "options": options}


def variant(item_id: str, price: str, available: bool = True, **options: str) -> dict[str, Any]:
    return {"item_id": item_id, "price": price, "available": available, "options": options}


def order(
    order_id: str, status: str, *items: dict[str, Any], method: str = "paypal_7644869", tracking: str = ""
) -> dict:
    found = {"order_id": order_id, "user_id": "ann_1", "status": status, "items": list(items), "address": ADDRESS}
    parcels = [{"tracking_id": [tracking], "item_ids": [each["item_id"] for each in items]}] if tracking else []
    paid = {"transaction_type": "payment", "amount": order_total(found), "payment_method_id": method}
    return {**found, "fulfillments": parcels, "payment_history": [paid], "version": 1, "changes": []}


CHAIR = item("Office Chair", "4794339885", "8426249116", "488.81", material="fabric", color="black", armrest="fixed")
BOTTLE = item("Water Bottle", "8310926033", "6469567736", "47.84", capacity="1000ml", material="glass", color="blue")
LAMP = item("Desk Lamp", "6817146515", "8384507844", "137.94", color="white", brightness="medium")
SHIRT = item("T-Shirt", "9523456873", "9612497925", "50.88", color="blue", size="M")
RED_SHIRT = item("T-Shirt", "9523456873", "9354168549", "46.85", color="red", size="XXL")
MOUSE = item("Gaming Mouse", "5713490933", "2880340443", "137.22", color="white", connectivity="wired")

PENDING = order("#W2611340", "pending", BOTTLE, CHAIR)
DELIVERED = order(
    "#W1000002", "delivered", LAMP, SHIRT, RED_SHIRT, method="credit_card_7815826", tracking="357962501027"
)
PROCESSED = order("#W1000003", "processed", MOUSE, tracking="111222333444")


def product(of: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    own = variant(of["item_id"], of["price"], **of["options"])
    return {"name": of["name"], "product_id": of["product_id"], "variants": {v["item_id"]: v for v in (own, *others)}}


PRODUCTS = {
    each["product_id"]: each
    for each in (
        product(
            CHAIR,
            variant("1071497737", "483.95", material="leather", color="gray", armrest="fixed"),
            variant("4168944673", "471.82", material="leather", color="black", armrest="fixed"),
            variant("4274709903", "520.00", material="mesh", color="red", armrest="none"),
            variant("9999999991", "501.00", available=False, material="fabric", color="blue", armrest="fixed"),
        ),
        product(BOTTLE, variant("2366567022", "54.04", capacity="500ml", material="glass", color="blue")),
        product(LAMP, variant("7453605304", "150.01", color="silver", brightness="low")),
        product(
            SHIRT,
            variant("9354168549", "46.85", color="red", size="XXL"),
            variant("8124970213", "49.67", color="purple", size="XL"),
            variant("3799046073", "53.27", color="black", size="L"),
        ),
        product(MOUSE),
    )
}
ARTICLES = [
    {"title": "Returns", "body": "Delivered items can be returned within 30 days."},
    {"title": "Delivery", "body": "Parcels take 3 to 5 days."},
]


@dataclass
class Exchange:
    """What came of one message: the calls that were made, and what was said in the end."""

    reply: str
    calls: list[tuple[str, dict[str, Any]]]

    @property
    def tools(self) -> list[str]:
        return [name for name, _ in self.calls]

    def arguments(self, tool: str) -> dict[str, Any]:
        return next(arguments for name, arguments in self.calls if name == tool)


@dataclass
class Conversation:
    """A customer, a model and fake tools over a few records; ``decision`` is what the customer clicks."""

    model: OfflineChatModel = field(default_factory=OfflineChatModel)
    orders: list[dict[str, Any]] = field(default_factory=lambda: [PROCESSED, DELIVERED, PENDING])
    methods: dict[str, Any] = field(default_factory=lambda: dict(METHODS))
    notes: list[dict[str, Any]] = field(default_factory=list)
    name: str | None = "Ann Lee"
    not_on_file: list[str] = field(default_factory=list)
    decision: str = "confirm"
    store_is_down: bool = False
    tools: list[Any] = field(default_factory=lambda: list(TOOLS))
    messages: list[AnyMessage] = field(default_factory=list)

    def say(self, text: str) -> Exchange:
        self.messages.append(HumanMessage(text, id=f"message-{len(self.messages)}"))
        calls: list[tuple[str, dict[str, Any]]] = []
        model = self.model.bind_tools(self.tools) if self.tools else self.model
        while True:
            reply = model.invoke([SystemMessage(self.prompt), *self.messages])
            assert isinstance(reply, AIMessage)
            self.messages.append(reply)
            if not reply.tool_calls:
                return Exchange(reply.text, calls)
            for call in reply.tool_calls:
                calls.append((call["name"], call["args"]))
                self.messages.append(self.answered(call))
            assert len(calls) < 12, f"never comes to an end: {calls}"

    @property
    def prompt(self) -> str:
        if self.store_is_down:
            return "Be kind."
        file = {"name": self.name, "memories": self.notes, "orders": [], "not_on_file": self.not_on_file}
        return f"Be kind.\n\n{customer_file(file)}"

    @property
    def profile(self) -> dict[str, Any]:
        first, _, last = (self.name or "Ann Lee").partition(" ")
        return {
            "name": {"first_name": first, "last_name": last},
            "email": "ann@example.com",
            "address": ADDRESS,
            "payment_methods": self.methods,
            "orders": [each["order_id"] for each in self.orders],
        }

    def note(self, key: str, text: str, kind: str = "fact") -> None:
        since = f"2026-01-01T00:{len(self.notes):02}:00.000+00:00"
        self.notes.append({"key": key, "text": text, "kind": kind, "since": since, "trust": "customer"})

    def answered(self, call: Any) -> ToolMessage:
        try:
            content = getattr(self, call["name"], self._write(call["name"]))(**call["args"])
        except LookupError as missing:
            return ToolMessage(str(missing.args[0]), tool_call_id=call["id"], status="error")
        text = content if isinstance(content, str) else json.dumps(content)
        return ToolMessage(text, tool_call_id=call["id"])

    def get_profile(self) -> Any:
        return self.profile

    def list_orders(self) -> Any:
        return {"orders": [self._short(each) for each in reversed(self.orders)]}

    def find_orders(self, text: str) -> Any:
        found = matching.find(text, self.orders)
        if not found.orders:
            raise LookupError("No order of this account fits that.")
        return {"ambiguous": found.is_ambiguous, "orders": [self._short(each) for each in found.orders]}

    def get_order_details(self, order_id: str) -> Any:
        return {**self._order(order_id), "total": order_total(self._order(order_id))}

    def list_product_types(self) -> Any:
        return {each["name"]: each["product_id"] for each in PRODUCTS.values()}

    def get_product_details(self, product_id: str) -> Any:
        return PRODUCTS[product_id]

    def get_item_details(self, item_id: str) -> Any:
        for each in PRODUCTS.values():
            if found := each["variants"].get(item_id):
                return {"name": each["name"], "product_id": each["product_id"], **found}
        raise LookupError(f"The shop has no item with the id {item_id}.")

    def search_help(self, query: str) -> Any:
        found = [each for each in ARTICLES if each["title"].lower()[:6] in query.lower()]
        return found or "There is no help article about this."

    def transfer_to_human_agents(self, summary: str) -> Any:
        return "Transfer successful: a person takes over from here."

    def save_memory(self, text: str, kind: str = "fact", about: str = "") -> Any:
        self.note(f"K{len(self.notes)}", text, kind)
        return f"Noted: {text}"

    def update_memory(self, key: str, text: str) -> Any:
        next(note for note in self.notes if note["key"] == key)["text"] = text
        return f"Changed: {text}"

    def forget_memory(self, key: str) -> Any:
        gone = next(note for note in self.notes if note["key"] == key)
        self.notes.remove(gone)
        return f"Forgotten: {gone['text']}"

    def search_memories(self, query: str) -> Any:
        return list(self.notes) or "Nothing is remembered about this customer."

    def _order(self, order_id: str) -> dict[str, Any]:
        for each in self.orders:
            if each["order_id"] == order_id:
                return each
        raise LookupError(f"Order {order_id} is not on file under this account.")

    def _short(self, each: dict[str, Any]) -> dict[str, Any]:
        kinds = [item["name"] for item in each["items"]]
        return {"order_id": each["order_id"], "status": each["status"], "items": kinds, "total": order_total(each)}

    def _write(self, tool: str) -> Any:
        def write(**arguments: Any) -> Any:
            found = self._order(arguments.pop("order_id")) if "order_id" in arguments else {}
            facts = Facts(profile=self.profile, order=found, products=PRODUCTS)
            change = RULES[tool](facts, **arguments)
            if isinstance(change, Refusal):
                raise LookupError(change.sentence)
            if self.decision != "confirm":
                return {"decline": "The customer declined, so nothing was changed.", "wrote": NOT_CONFIRMED}[
                    self.decision
                ]
            self.orders = [change.order if each is found else each for each in self.orders]
            details = [f"{line['label']}: {line['value']}" for line in change.receipt["lines"]]
            return {"done": change.receipt["title"], "details": details, "note": change.receipt["note"]}

        return write


@pytest.fixture
def chat() -> Conversation:
    return Conversation()
