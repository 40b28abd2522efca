"""Which variant of a product a customer means."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from agents.offline.language import pattern, stems, vocabulary
from agents.offline.naming import end_of_name
from agents.shop.records import Record

_UNIT = re.compile(r"(\d)\s+(gb|tb|ml|l|mah|ft|mm|mp|inch(?:es)?|hours?)\b", re.IGNORECASE)
_SIZES = {"medium": "m", "large": "l", "small": "s", "xlarge": "xl"}
_CHEAPEST = pattern(r"\b(?:cheapest|least expensive|lowest[- ]price\w*)\b")
_DEAREST = pattern(r"\b(?:most expensive|dearest|priciest)\b")
_ITEM_ID = re.compile(r"(?<!\d)\d{10}(?!\d)")
#: Values that are words of every sentence; they count only beside the name of their option.
_WEAK = vocabulary("no yes none")


def fitting(wanted: str, product: Record, item: Record | None = None) -> list[Record]:
    """The available variants that fit what is wanted; of these, those that are otherwise like ``item``.

    All that are available when nothing of the product's options is named, none when what is named does not exist.
    """
    available = [variant for variant in product["variants"].values() if variant["available"]]
    if named := [variant for variant in available if variant["item_id"] in _ITEM_ID.findall(wanted)]:
        return named
    choices = named_options(wanted, product)
    found = [variant for variant in available if _has(variant, choices)]
    if item and choices:
        found = _otherwise_like(item, found, {key for keys in choices for key in keys}) or found
    return _by_price(wanted, found)


def says_something(wanted: str, product: Record) -> bool:
    """Whether a wish names any option, price or item of the product."""
    named = named_options(wanted, product) or _ITEM_ID.search(wanted)
    return bool(named or _CHEAPEST.search(wanted) or _DEAREST.search(wanted))


def named_options(wanted: str, product: Record) -> dict[tuple[str, ...], set[str]]:
    """The option values that are named, by the options they may belong to: {("color", "frame color"): {"black"}}."""
    said = _said(wanted)
    keys_of: dict[str, list[str]] = {}
    for variant in product["variants"].values():
        for key, value in variant["options"].items():
            if _is_named(key, value, said) and key not in keys_of.setdefault(value, []):
                keys_of[value].append(key)
    longest = [value for value in keys_of if keys_of[value] and not _is_part(value, keys_of)]
    chosen: dict[tuple[str, ...], set[str]] = {}
    for value in longest:
        chosen.setdefault(tuple(keys_of[value]), set()).add(value)
    return chosen


def wanted_for(name: str, text: str, others: Iterable[str]) -> str:
    """The part of a sentence that says what an item is to become: what follows "to" or "for" behind its name."""
    start = end_of_name(name, text)
    if start is None:
        return ""
    ends = [place for other in others if (place := end_of_name(other, text)) is not None and place > start]
    about = text[start : min(ends, default=len(text))]
    parts = re.split(
        r"\b(?:to|for|into|with|in|be)\b(?!\s+(?:my |the )?order\b)", about, maxsplit=1, flags=re.IGNORECASE
    )
    return re.split(r"\binstead of\b", parts[1])[0] if len(parts) > 1 else ""


def _said(wanted: str) -> frozenset[str]:
    said = stems(_UNIT.sub(r"\1\2", wanted))
    return frozenset([*said, *(_SIZES[word] for word in said if word in _SIZES)])


def _is_named(key: str, value: str, said: frozenset[str]) -> bool:
    parts = frozenset(stems(_UNIT.sub(r"\1\2", value)))
    return bool(parts) and parts <= said and (value not in _WEAK or frozenset(stems(key)) <= said)


def _is_part(value: str, named: Iterable[str]) -> bool:
    """Whether a longer named value has this one in it: "gold" in "rose gold"."""
    return any(set(stems(value)) < set(stems(other)) for other in named)


def _has(variant: Record, choices: Mapping[tuple[str, ...], set[str]]) -> bool:
    return all(any(variant["options"].get(key) in values for key in keys) for keys, values in choices.items())


def _otherwise_like(item: Record, variants: Sequence[Record], changing: set[str]) -> list[Record]:
    return [
        variant
        for variant in variants
        if all(variant["options"].get(key) == value for key, value in item["options"].items() if key not in changing)
    ]


def _by_price(wanted: str, variants: list[Record]) -> list[Record]:
    for said, choose in ((_CHEAPEST, min), (_DEAREST, max)):
        if variants and said.search(wanted):
            return [choose(variants, key=lambda variant: Decimal(variant["price"]))]
    return variants
