"""The golden cases as they lie in files, and how records are compared with them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from agents.shop.records import MONEY_FIELDS, order_record, product_record, profile_record

OUR_NAMES = {
    "get_user_details": "get_profile",
    "list_all_product_types": "list_product_types",
    "modify_user_address": "modify_profile_address",
}
#: Not ours: who the customer is comes from the sign-in, and the handoff belongs to the conversation.
PASSED_OVER = {
    "find_user_id_by_email",
    "find_user_id_by_name_zip",
    "find_user_id_by_name_zip_code",
    "calculate",
    "think",
    "transfer_to_human_agents",
}


@dataclass(frozen=True, kw_only=True)
class GoldenCall:
    tool: str
    arguments: dict[str, Any]
    refused: bool
    user_id: str | None
    #: What the reference returned, for reads; None where only the change counts.
    observation: Any = None


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    calls: list[GoldenCall]
    changed: dict[str, dict[str, Any]]


class Shop:
    """The retail file as records, by id."""

    def __init__(self, path: Path) -> None:
        raw = json.loads(path.read_text())
        self.orders = {key: order_record(order) for key, order in raw["orders"].items()}
        self.profiles = {key: profile_record(user) for key, user in raw["users"].items()}
        self.products = {key: product_record(product) for key, product in raw["products"].items()}

    def owner(self, call: GoldenCall) -> str | None:
        """Whom the call is to be played as: the owner of the order, else the user it names; None if neither exists."""
        order = self.orders.get(call.arguments.get("order_id", ""))
        user_id = order["user_id"] if order else call.user_id
        return user_id if user_id in self.profiles else None


def cases(path: Path) -> Iterator[Case]:
    """The cases of one file of any of the kinds, told apart by their keys."""
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if line.strip():
            golden = json.loads(line)
            yield Case(name=f"{path.stem}:{number}", calls=list(_calls(golden)), changed=golden["changed"])


def _calls(golden: dict[str, Any]) -> Iterator[GoldenCall]:
    if "actions" in golden:
        raw = [
            {"tool": action["name"], "arguments": action["arguments"], "observation": seen, "refused": _is_error(seen)}
            for action, seen in zip(golden["actions"], golden["observations"], strict=True)
        ]
    else:
        raw = golden.get("calls") or [golden]
    for call in raw:
        if call["tool"] in PASSED_OVER:
            continue
        arguments = dict(call["arguments"])
        user_id = arguments.pop("user_id", golden.get("user_id"))
        yield GoldenCall(
            tool=OUR_NAMES.get(call["tool"], call["tool"]),
            arguments=arguments,
            refused=call["refused"],
            user_id=user_id,
            observation=_read(call.get("observation")),
        )


def canonical(value: Any, key: str = "") -> Any:
    """Without nulls and bookkeeping, money in integer cents, lists in their order, ids that are the key left out."""
    if isinstance(value, dict):
        skipped = {"version", "changes", "user_id", "total"}
        return {k: canonical(v, k) for k, v in value.items() if v is not None and k not in skipped}
    if isinstance(value, list):
        return [canonical(each, key) for each in value]
    return int((Decimal(str(value)) * 100).to_integral_value()) if key in MONEY_FIELDS else value


def _is_error(seen: object) -> bool:
    return isinstance(seen, str) and seen.startswith("Error")


def _read(seen: object) -> object:
    """An observation as JSON where it is JSON."""
    if not isinstance(seen, str):
        return seen
    try:
        return json.loads(seen)
    except json.JSONDecodeError:
        return seen
