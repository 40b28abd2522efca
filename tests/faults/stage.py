"""What the service is given to play with: customers with orders, and a model that waits where it is told to."""

import threading
from dataclasses import replace

from tests.openai_server import Hold, calls, says
from tests.openai_server.app import plain_answer

PARTS = ["web", "worker", "Redis", "Chroma", "PostgreSQL"]
#: What is away for long (test_outages.py).
OUTAGES = ["Redis-gone", "Redis-hangs", "PostgreSQL-gone", "Chroma-gone"]
#: Each has conversations and two orders, as everybody has.
ALONE = ["deploy", "flood", "jam", "stop", "switch", "cut", "restore"]
CUSTOMERS = [*PARTS, *OUTAGES, *(f"{outage}-too" for outage in OUTAGES), *ALONE]
CONVERSATIONS = 12
#: Chunks that the model sends before it waits: the role, then words.
HELD_BEHIND = {"queued": 3, "first delta": 2, "middle": 15}
STORY = " ".join(f"word{number}" for number in range(30)) + "."
#: What nobody waits to hear the end of, and what takes long enough to be cut many times: a word at a time.
ENDLESS, LONG = (
    says("word " * 1_000, between=0.05),
    says(" ".join(f"word{number}" for number in range(70)), between=0.1),
)


class Model:
    """Answers by what the customer said; stories wait at the chunk that their point names until they are let go."""

    def __init__(self):
        self.let_go = threading.Event()
        self.learning_seconds = 0.0
        #: Stories that it was asked for.
        self.stories = 0
        #: The requests whose answer has no end.
        self.endless = []

    def __call__(self, exchange):
        if isinstance(exchange.body.get("tool_choice"), dict):  # it is asked what is worth remembering
            return replace(plain_answer(exchange), before=self.learning_seconds)
        said = [message for message in exchange.body["messages"] if message["role"] == "user"][-1]["content"]
        if exchange.body["messages"][-1]["role"] == "tool":
            return says("That is done.")
        if "cancel" in said:
            order = next(word for word in said.split() if word.startswith("#"))
            return calls(("cancel_pending_order", {"order_id": order, "reason": "ordered by mistake"}))
        if "endless" in said:
            self.endless.append(exchange)
            return ENDLESS
        if "long" in said:
            return LONG
        point = next((point for point in HELD_BEHIND if point in said), None)
        self.stories += bool(point)
        return says(STORY, hold=Hold(after=HELD_BEHIND[point], let_go=self.let_go) if point else None)


def shop():
    """The customers and their orders."""
    address = {
        "address1": "1 Main St",
        "address2": "",
        "city": "Chicago",
        "country": "USA",
        "state": "IL",
        "zip": "60611",
    }
    item = {"name": "Lamp", "product_id": "3104477826", "item_id": "5520123901", "price": 47.3, "options": {}}
    variant = {"item_id": "5520123901", "options": {}, "available": True, "price": 47.3}
    product = {"name": "Lamp", "product_id": "3104477826", "variants": {"5520123901": variant}}
    users, orders = {}, {}
    for number, part in enumerate(CUSTOMERS):
        card = {"source": "credit_card", "id": f"credit_card_{number}", "brand": "visa", "last_four": "7003"}
        owned = [f"#W9{number:03}{each}00" for each in range(2)]
        users[part] = {
            "user_id": part, "name": {"first_name": part, "last_name": "Doe"}, "address": address,
            "email": f"{part}@example.com", "payment_methods": {card["id"]: card}, "orders": owned,
        }  # fmt: skip
        paid = [{"transaction_type": "payment", "amount": 47.3, "payment_method_id": card["id"]}]
        for order in owned:
            orders[order] = {
                "order_id": order, "user_id": part, "address": address, "items": [item], "status": "pending",
                "fulfillments": [], "payment_history": paid,
            }  # fmt: skip
    return {"products": {product["product_id"]: product}, "users": users, "orders": orders}
