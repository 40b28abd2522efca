"""Reading what a request needs out of the customer's words: a reason, items, a payment method."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from agents.offline.address import address_in
from agents.offline.language import pattern, stem, stems, vocabulary, words
from agents.offline.naming import kind_words, names, names_in_full
from agents.shop.records import Record

_REASONS = (
    (
        "ordered by mistake",
        pattern(r"\b(?:mistake\w*|by accident|accident\w*|wrong (?:order|item|one|thing)|twice|didn'?t mean)\b"),
    ),
    (
        "no longer needed",
        pattern(
            r"\bno longer (?:need|want|required)|\b(?:don'?t|do not|didn'?t) (?:really )?(?:need"
            r"|want)\b|\bnot need(?:ed)?\b"
            r"|\bchanged my mind\b|\bunneeded\b|\bnot (?:required|wanted|necessary)\b"
        ),
    ),
)
_ALL = pattern(
    r"\b(?:all|everything|every item|both|the (?:whole|entire|complete)|whole (?:order|thing))\b(?! (?:except|but)\b)"
)
_EXCEPT = pattern(r"\b(?:except|but not|apart from|other than|without)\b(?P<rest>.+)")
_SOURCES = (
    ("paypal", pattern(r"\bpay ?pal\b")),
    ("gift_card", pattern(r"\bgift ?card\b")),
    (
        "credit_card",
        pattern(r"\b(?:credit|debit|visa|master ?card|amex|american express|discover)\b|(?<!gift )(?<!gift)\bcard\b"),
    ),
)
_TOKEN = re.compile(r"[\w-]+")
_NUMBER = re.compile(r"\d")
_ORIGINAL = pattern(r"\boriginal\b|\b(?:same|old) (?:payment|method|card|way)\b|\b(?:how|way) i paid\b")

#: Words around an order that say nothing of which one it is.
_NOT_TELLING = vocabulary(
    "a able about account actually address after all already also am an and another any anymore "
    "anything apply are arrive "
    "arrived arriving as ask at away back be because been before but buy bought by call can cancel "
    "cancelled canceled "
    "cancelling change changed changing check come coming complete could date deliver delivery did "
    "do does doing don't "
    "eta everything exchange expect expected exactly except find for from get getting give go going good "
    "got has have having "
    "hello help her here hey hi history how i i'd i'll i'm i've if in inside instead into is issue it it's "
    "item its just keep "
    "know like list look longer make many may me method mind mistake modify money more much my need "
    "needed never new news "
    "no not now number of off ok okay on one ones only option or order ordered other our out package paid parcel pay "
    "payment placed please post problem purchase purchased question received refund regarding return "
    "returning right said "
    "see select send sent shall shipment shipped shipping should show since so some something soon "
    "sorry status still "
    "stop stuff support swap switch take tell than thank thanks that that's the their them then "
    "there these they thing "
    "this those time to today tomorrow total track tracking trouble update use want wanted was way "
    "we were what what's "
    "when where where's which who why will wish with would wrong yes yesterday yet you your yours "
    "broken damaged late "
    "missing arrives whole entire number's correct different mine hasn't haven't didn't isn't can't "
    "won't doesn't first "
    "second third fourth fifth"
)


def cancel_reason(text: str) -> str | None:
    """One of the two reasons the shop takes, or None."""
    return next((reason for reason, said in _REASONS if said.search(text)), None)


def telling_words(text: str) -> str:
    """The words that may name an order by what is in it, its status or its age; empty when none do."""
    return " ".join(word for word in words(text) if not {word, stem(word)} & _NOT_TELLING and not _NUMBER.search(word))


def items_in(text: str, items: Sequence[Record]) -> list[Record]:
    """The items a text names, "all" and "all but the lamp" included; items that it fits equally well all count."""
    if rest := _EXCEPT.search(text):
        spared = items_in(rest["rest"], items)
        return [item for item in items if item not in spared] if spared else []
    named = best_named(text, items)
    return named or (list(items) if _ALL.search(text) else [])


def best_named(text: str, items: Sequence[Record]) -> list[Record]:
    """Items whose kind is named; of several of one kind those whose options the text names best."""
    by_kind: dict[str, list[Record]] = {}
    for item in items:
        if names(text, item["name"]):
            by_kind.setdefault(item["name"], []).append(item)
    full = [name for name in by_kind if names_in_full(text, name)]
    kinds = [name for name in by_kind if name in full or not any(kind_words(name) & kind_words(one) for one in full)]
    return [item for name in kinds for item in _best_by_options(set(stems(text)), by_kind[name])]


def leaves_open(text: str, items: Sequence[Record]) -> bool:
    """Whether one item is spoken of and several of its kind are there: "the t-shirt" of two."""
    kinds = [item["name"] for item in items]
    doubled = {word for kind in kinds if kinds.count(kind) > 1 for word in kind_words(kind)}
    is_plural = any(stem(word) != word for word in words(text) if stem(word) in doubled)
    return bool(doubled) and not (is_plural or _ALL.search(text) or _EXCEPT.search(text))


def items_like(text: str, items: Sequence[Record]) -> list[Record]:
    """The items whose options a text names best: "the blue one"."""
    said = set(stems(text))
    return _best_by_options(said, items) if any(_named_options(said, item) for item in items) else []


def _best_by_options(said: set[str], items: Sequence[Record]) -> list[Record]:
    best = max(_named_options(said, item) for item in items)
    return [item for item in items if _named_options(said, item) == best]


def _named_options(said: set[str], item: Record) -> int:
    return sum(set(stems(value)) <= said for value in item["options"].values())


def methods_in(text: str, methods: Mapping[str, Record], original: str | None = None) -> list[Record]:
    """The payment methods of a profile that a text may mean: by id, last four digits, brand, kind, or "original"."""
    said = {word.lower() for word in _TOKEN.findall(text)}
    for fits in (
        lambda method: bool({method["id"], method["id"].rpartition("_")[2], method.get("last_four")} & said),
        lambda method: str(method.get("brand", "")).lower() in said,
        lambda method: method["id"] == original and _ORIGINAL.search(text),
        lambda method: any(source == method["source"] and way.search(text) for source, way in _SOURCES),
    ):
        found = [method for method in methods.values() if fits(method)]
        if found:
            return found
    return []


_PLAIN_ANSWERS: Mapping[str, Callable[[str], Any]] = {
    "cancel": cancel_reason,
    "change_order_address": address_in,
    "change_default_address": address_in,
}


def plainly_answers(intent: str, text: str) -> bool:
    """Whether a text gives just what such a request asks for, whatever else it may sound like."""
    return bool(_PLAIN_ANSWERS.get(intent, lambda _: None)(text))


def first_of(texts: Iterable[str], read: Callable[[str], Any]) -> Any:
    """What the first text that tells anything tells; an empty answer counts as none."""
    return next((found for text in texts if (found := read(text))), None)
