"""What a reply may rest on: the tool results and receipts of the conversation, and what the customer said."""

import itertools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, ToolMessage

from agents.claims.reading import amounts_in, codes_in, order_ids_in, sentences
from agents.history import is_by_staff
from agents.shop.facts import facts_of

#: Beyond this many prices the sums of some of them are not reckoned.
_SUMMED = 10
_TOKEN = re.compile(r"[A-Z0-9]{5,}")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One thing that was said or found. ``artifact`` is a tool's, see ``agents.tools.answers``."""

    text: str
    artifact: Mapping[str, Any] = field(default_factory=dict)
    by_customer: bool = False


def sources_of(messages: Iterable[AnyMessage], recalled: Mapping[str, Any] | None = None) -> list[Source]:
    """The sources in a thread, oldest first: tool results, the words of customer and staff, what was recalled.

    ``recalled`` is a ``Recollection``: its orders count as found, its memories as said by the customer.
    """
    recalled = recalled or {}
    found: list[Source] = []
    if orders := recalled.get("orders"):
        found.append(Source(text=json.dumps(orders), artifact={"facts": facts_of(orders=orders)}))
    said = [str(memory["text"]) for memory in recalled.get("memories", [])] + list(recalled.get("not_on_file", []))
    found += [Source(text=text, by_customer=True) for text in said]
    for message in messages:
        if isinstance(message, HumanMessage):
            found.append(Source(text=str(message.text), by_customer=True))
        elif is_by_staff(message):
            found.append(Source(text=str(message.text)))
        elif isinstance(message, ToolMessage):
            artifact = message.artifact if isinstance(message.artifact, dict) else {}
            found.append(Source(text=str(message.text), artifact=artifact))
    return found


@dataclass(frozen=True)
class Deed:
    """A change that was applied: the tool and the order it was about, if any."""

    tool: str
    order_id: str | None


class Known:
    """Everything the sources give, ready to be asked. Later sources supersede earlier ones."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.orders: dict[str, Mapping[str, Any]] = {}
        self.order_ids: set[str] = set()
        self.deeds: set[Deed] = set()
        self.handed_off = False
        self.noted = False
        self.said_amounts: set[int] = set()
        self.codes: set[str] = set()
        self._rules: set[str] = set()
        #: The orders of the latest turn that had any: what "your order" means before the reply names one.
        self.latest: tuple[str, ...] = ()
        self._of_order: dict[str, set[int]] = {}
        self._of_none: set[int] = set()
        self._found: list[str] = []
        turn: tuple[str, ...] = ()
        for source in sources:
            named = tuple(dict.fromkeys(order_ids_in(source.text)))
            self.order_ids |= set(named)
            turn = named if source.by_customer else (*turn, *named)
            self.latest = tuple(dict.fromkeys(turn)) or self.latest
            if source.by_customer:
                self.codes |= set(codes_in(source.text))
                self.said_amounts |= {amount for amount, _, _ in amounts_in(source.text)}
            else:
                self._take(source)

    def _take(self, source: Source) -> None:
        self._found.append(source.text.casefold())
        self.codes |= set(_TOKEN.findall(source.text.upper()))
        for rule in source.artifact.get("rules", ()):
            self._rules |= {sentence.plain.casefold() for sentence in sentences(rule)}
        facts = source.artifact.get("facts")
        self.handed_off = self.handed_off or "handed_off" in source.artifact
        self.noted = self.noted or "card" in source.artifact
        if facts:
            self.orders |= facts["orders"]
            self.order_ids |= facts["orders"].keys()
            self._of_none |= {_cents(amount) for amount in facts["amounts"]}
        if receipt := source.artifact.get("receipt"):
            order_id = receipt["order_id"]
            self.deeds.add(Deed(str(source.artifact["tool"]), order_id))
            told = {amount for line in receipt["lines"] for amount, _, _ in amounts_in(line["value"])}
            told |= {_cents(receipt["amount"])} if receipt["amount"] else set()
            self._of_order.setdefault(order_id or "", set()).update(told)
        elif not facts:
            self._of_none |= {amount for amount, _, _ in amounts_in(source.text)}

    def is_a_rule(self, plain: str) -> bool:
        """Is this a whole sentence of the shop's rules, which tells of no order in particular?"""
        return plain.casefold() in self._rules

    def says(self, words: str) -> bool:
        """Do these very words stand in something that was found?"""
        return any(words.casefold() in text for text in self._found)

    def tracking(self, order_ids: Sequence[str] = ()) -> set[str]:
        """Tracking numbers of these orders, or of all that are known."""
        return {_code(number) for facts in self._facts(order_ids) for number in facts["tracking"]}

    def amounts(self, order_ids: Sequence[str] = ()) -> set[int]:
        """Cents that may be spoken of: of these orders (or of all) and of no order; with sums of several items."""
        sums = {total for facts in self._facts(order_ids) for total in _sums(facts["prices"])}
        return self.totals(order_ids) | sums | self._of_none

    def totals(self, order_ids: Sequence[str] = ()) -> set[int]:
        """Cents that are a total, a payment or a refund of one of these orders (or of any), or of several together."""
        facts = self._facts(order_ids)
        told = {_cents(amount) for each in facts for amount in each["amounts"]}
        receipts = [amounts for key, amounts in self._of_order.items() if not order_ids or key in {*order_ids, ""}]
        return told.union(*receipts) | _sums([each["amounts"][0] for each in facts])

    def differences(self, order_ids: Sequence[str] = ()) -> set[int]:
        """Cents between two prices that are known."""
        prices = {_cents(price) for facts in self._facts(order_ids) for price in facts["prices"]} | self._of_none
        return {abs(one - other) for one in prices for other in prices}

    def _facts(self, order_ids: Sequence[str]) -> list[Mapping[str, Any]]:
        return [facts for key, facts in self.orders.items() if not order_ids or key in order_ids]


def _sums(amounts: Sequence[str]) -> set[int]:
    """The sum of every choice of the amounts; only of all of them when they are many."""
    cents = [_cents(amount) for amount in amounts]
    if len(cents) > _SUMMED:
        return {*cents, sum(cents)}
    choices = itertools.chain.from_iterable(itertools.combinations(cents, size) for size in range(1, len(cents) + 1))
    return {sum(choice) for choice in choices}


def _cents(amount: str) -> int:
    return abs(int(Decimal(amount) * 100))


def _code(number: str) -> str:
    return re.sub(r"[\s-]", "", number).upper()
