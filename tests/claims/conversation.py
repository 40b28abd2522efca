"""A conversation of the small shop: what was looked up, and what the customer said."""

import json
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage

from agents.claims import Source, sources_of
from agents.shop.facts import facts_of, order_total
from agents.shop.rules import RULES, Change, Facts
from tests.shop.small_shop import DELIVERED, PENDING, alices_orders, alices_profile, products


def looked_up(order: dict[str, Any]) -> ToolMessage:
    shown = {key: value for key, value in order.items() if key not in {"version", "changes"}}
    return ToolMessage(
        json.dumps({**shown, "total": order_total(order)}),
        tool_call_id=order["order_id"],
        artifact={"outcome": "found", "facts": facts_of(orders=[order])},
    )


def done(tool: str, order_id: str | None = None, **arguments: Any) -> ToolMessage:
    """The answer of a write that was applied."""
    order = alices_orders()[order_id] if order_id else {}
    change = RULES[tool](Facts(profile=alices_profile(), order=order, products=products()), **arguments)
    assert isinstance(change, Change), change
    receipt = {**change.receipt, "order_id": order_id, "at": "2026-01-05T10:00:00+00:00"}
    facts = facts_of(orders=[change.order] if order_id else [], profile=change.profile)
    artifact = {"outcome": "applied", "tool": tool, "receipt": receipt, "facts": facts}
    return ToolMessage(json.dumps(receipt), tool_call_id="write", artifact=artifact)


def asked(*later: AnyMessage) -> list[Source]:
    """The delivered order was looked up, then the customer asked about the pending one, and what came later."""
    orders = alices_orders()
    return sources_of(
        [
            HumanMessage("What was in order #W1000002?"),
            looked_up(orders[DELIVERED]),
            HumanMessage(
                "Please cancel order w1000001. A friend told me about order 7777777, I paid $75.00 for item 8888877777."
            ),
            looked_up(orders[PENDING]),
            *later,
        ]
    )
