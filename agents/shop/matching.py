"""Which order is meant: by its number in any spelling, by what was in it, by its status, by recency.

Only orders that are handed in can be found: looking further than one account is not possible from here.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agents.mentions import mentioned_orders, spellings
from agents.shop.records import Record

_WORD = re.compile(r"[^\W_]+")

#: Words in which a customer asks for an order and that name nothing in it.
_ASKING = frozenset(
    _WORD.findall(
        "a about an and any are arrive arrived at bought can check could did do does find for from get give got has "
        "have hello hi how i in is it item look me my need of on one or order ordered our please problem product "
        "purchase purchased question regarding see show some status tell thank that the thing this those to track "
        "tracking up update updates want was we what when where which with would you your"
    )
)
_NEWEST = frozenset({"last", "latest", "newest", "recent", "recently"})
_OLDEST = frozenset({"first", "oldest", "earliest"})
#: What customers call a status.
_STATUSES = {
    "pending": "pending",
    "open": "pending",
    "processed": "processed",
    "shipped": "processed",
    "delivered": "delivered",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "returned": "return requested",
    "exchanged": "exchange requested",
}
_NAMING_NOTHING = _ASKING | _NEWEST | _OLDEST | _STATUSES.keys()


@dataclass(frozen=True)
class Found:
    """``orders``: the orders that fit equally well, newest first; several mean that the customer must be asked.

    ``items``: by order id, the items the words were about; empty where the whole order is meant.
    """

    orders: list[Record]
    items: dict[str, list[Record]]

    @property
    def is_ambiguous(self) -> bool:
        return len(self.orders) > 1 or any(len(items) > 1 for items in self.items.values())

    def only(self, orders: list[Record]) -> "Found":
        """The same with these orders only."""
        ids = {order["order_id"] for order in orders}
        return Found(orders, {key: items for key, items in self.items.items() if key in ids})


def order_key(written: str) -> str | None:
    """The key of an order number however it is written ("w2611340", "order # 261-1340"), or None without digits.

    A number names its digits and nothing else, so no spelling is more than a number.
    """
    digits = [char for char in unicodedata.normalize("NFKC", written) if char.isdecimal()]
    return "#W" + "".join(str(unicodedata.decimal(char)) for char in digits) if 0 < len(digits) <= 20 else None


def find(text: str, orders: Sequence[Record]) -> Found:
    """The orders that ``text`` speaks of. ``orders`` come oldest first, as a profile lists them.

    A status in the text narrows the choice, unless no order has it: "was my chair delivered?" may well be no.
    """
    named = {key for mention in mentioned_orders(text) for key in spellings(mention)}
    if named:
        return Found([order for order in reversed(orders) if order["order_id"] in named], {})
    words = _words(text)
    about = [_stem(word) for word in words if not {word, _stem(word)} & _NAMING_NOTHING]
    found = _by_items(about, orders) if about else Found(list(reversed(orders)), {})
    return _by_age(words, _by_status(words, found))


def _by_status(words: Iterable[str], found: Found) -> Found:
    wanted = {_STATUSES[word] for word in words if word in _STATUSES}
    fitting = [order for order in found.orders if order["status"].removesuffix(" (item modified)") in wanted]
    return found.only(fitting) if fitting else found


def _by_age(words: Iterable[str], found: Found) -> Found:
    asked = set(words)
    if asked & _NEWEST:
        return found.only(found.orders[:1])
    if asked & _OLDEST:
        return found.only(found.orders[-1:])
    return found


def _by_items(about: list[str], orders: Sequence[Record]) -> Found:
    """The orders whose items share most with the words: first by name, then by options."""
    about = _corrected(about, {word for order in orders for item in order["items"] for word in _name_words(item)})
    scored = [(_score(about, item), order, item) for order in reversed(orders) for item in order["items"]]
    best = max((score for score, _, _ in scored), default=(0, 0))
    if not best[0]:
        return Found([], {})
    items: dict[str, list[Record]] = {}
    for score, order, item in scored:
        if score == best:
            items.setdefault(order["order_id"], []).append(item)
    return Found([order for order in reversed(orders) if order["order_id"] in items], items)


def _score(about: list[str], item: Record) -> tuple[int, int]:
    name, options = _name_words(item), {_stem(word) for value in item["options"].values() for word in _words(value)}
    return sum(word in name for word in about), sum(word in options for word in about)


def _corrected(about: list[str], known: set[str]) -> list[str]:
    """Words with a slip of the pen ("offce") become the known word they are closest to."""
    return [word if word in known else (difflib.get_close_matches(word, known, 1, 0.8) or [word])[0] for word in about]


def _name_words(item: dict[str, Any]) -> set[str]:
    return {_stem(word) for word in _words(item["name"])}


def _words(text: str) -> list[str]:
    return [str(word) for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold())]


def _stem(word: str) -> str:
    """Plural and singular alike: "boots" and "boot", "batteries" and "battery", "watches" and "watch"."""
    for ending, becomes in (("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ss", "ss"), ("s", "")):
        if len(word) > 3 and word.endswith(ending):
            return word.removesuffix(ending) + becomes
    return word
