"""Holding each sentence of a reply against the sources, and putting an honest one in place of a claim without any."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agents.claims.phrases import Kind
from agents.claims.reading import amounts_in, order_ids_in, placed_codes, sentences
from agents.claims.sources import Known, Source
from agents.claims.statements import DeedSaid, StatusSaid, arrivals_said, deeds_said, is_stated, statuses_said

ClaimKind = Literal["order", "deed", "status", "number", "amount", "arrival"]

_CHANGES = frozenset(
    {
        "modify_pending_order_address",
        "modify_profile_address",
        "modify_pending_order_payment",
        "modify_pending_order_items",
    }
)
_REFUNDS = frozenset(
    {
        "cancel_pending_order",
        "modify_pending_order_payment",
        "modify_pending_order_items",
        "return_delivered_order_items",
        "exchange_delivered_order_items",
    }
)
_SWAPS = frozenset({"exchange_delivered_order_items", "modify_pending_order_items"})

#: The tools whose receipt makes a deed true.
_DONE_BY: dict[Kind, frozenset[str]] = {
    "cancel": frozenset({"cancel_pending_order"}),
    "refund": _REFUNDS,
    "return": frozenset({"return_delivered_order_items"}),
    "exchange": _SWAPS,
    "default address": frozenset({"modify_profile_address"}),
    "address": frozenset({"modify_pending_order_address", "modify_profile_address"}),
    "payment": frozenset({"modify_pending_order_payment"}),
    "items": _SWAPS,
    "change": _CHANGES | _SWAPS,
    "email": frozenset({"return_delivered_order_items", "exchange_delivered_order_items"}),
    "anything": _CHANGES | _REFUNDS,
}
#: The statuses that make it true when it is not said to be our doing.
_SHOWN_BY: dict[Kind, frozenset[str]] = {
    "cancel": frozenset({"cancelled"}),
    "return": frozenset({"return requested"}),
    "exchange": frozenset({"exchange requested", "pending (item modified)"}),
    "items": frozenset({"exchange requested", "pending (item modified)"}),
    "change": frozenset({"exchange requested", "pending (item modified)"}),
}

_TOTAL = re.compile(r"\b(?:total|in all|altogether|sum|combined)\b", re.IGNORECASE)
_NOT_OF_ALL = re.compile(r"\b(?:refund\w*|return\w*|exchang\w*|difference|these|those|both|balance)\b", re.IGNORECASE)
_DIFFERENCE = re.compile(
    r"\b(?:differen\w+|more|less|extra|cheaper|dearer|additional\w*|sav(?:e|es|ing)|apart|pay|charged?|refund\w*)\b",
    re.IGNORECASE,
)
_SAID_BY_YOU = re.compile(
    r"\byou(?:\s+\w+)?\s+(?:say|said|mention\w*|told|wrote|report\w*|ask\w*|gave)|\byour message\b", re.IGNORECASE
)
_TRACKING = re.compile(r"\b(?:track\w*|parcel number|shipment number|consignment)\b", re.IGNORECASE)
_OF_AN_ITEM = re.compile(r"\bitems?\b[\s\w:#]{0,12}$", re.IGNORECASE)
_REFUNDING = re.compile(r"\b(?:refund|money|credit|card)\w*\b", re.IGNORECASE)

_NO_RECORD = "I have no record of that having been done."
_UNSURE: dict[ClaimKind, str] = {
    "order": "I cannot confirm that order number.",
    "deed": _NO_RECORD,
    "status": "I cannot confirm from the records how it stands.",
    "number": "I cannot confirm that number from the records.",
    "amount": "I cannot confirm that amount from the records.",
    "arrival": "I do not know the day of arrival.",
}


@dataclass(frozen=True, kw_only=True)
class UnsupportedClaim:
    """Something in a reply that no source gives. ``words`` are the reply's own, the sentence around them lies from
    ``start`` to ``end`` of the text, and ``instead`` is what can honestly be said in its place."""

    kind: ClaimKind
    words: str
    start: int
    end: int
    instead: str


def check(text: str, sources: Sequence[Source]) -> list[UnsupportedClaim]:
    """Every claim of the text that no source supports, in the order of its sentences; empty if all are supported."""
    known, found = Known(sources), list[UnsupportedClaim]()
    context: tuple[str, ...] = ()
    for sentence in sentences(text):
        named = tuple(dict.fromkeys(order_ids_in(sentence.plain)))
        context = named or context
        if known.is_a_rule(sentence.plain):
            continue
        for kind, words, instead in _claims(sentence.plain, known, context):
            found.append(
                UnsupportedClaim(kind=kind, words=words, start=sentence.start, end=sentence.end, instead=instead)
            )
    return found


def mend(text: str, claims: Sequence[UnsupportedClaim]) -> str:
    """The text with an honest sentence in place of each that made an unsupported claim, said once in a row."""
    by_place = {claim.start: claim for claim in reversed(claims)}
    mended, end, last = [], 0, ""
    for start in sorted(by_place):
        claim = by_place[start]
        between = text[end:start]
        repeated = claim.instead == last and not between.strip()
        mended.append(between.rstrip(" ") if repeated else between + claim.instead)
        end, last = claim.end, claim.instead
    return ("".join(mended) + text[end:]).strip()


Claim = tuple[ClaimKind, str, str]
Find = Callable[[str, Known, Sequence[str]], Iterator[str]]


def _claims(plain: str, known: Known, about: Sequence[str]) -> Iterator[Claim]:
    """The unsupported claims of one sentence, the gravest first. ``about``: the orders it or the text before named."""
    for deed in deeds_said(plain):
        if not _was_done(deed, known):
            yield "deed", deed.words, _NO_RECORD
    for said in statuses_said(plain):
        subjects = said.order_ids or tuple(about) or known.latest
        if not _stands(said, subjects, known):
            yield "status", said.words, _as_it_stands(subjects, known)
    unsure: tuple[tuple[ClaimKind, Find], ...] = (
        ("order", _orders),
        ("number", _numbers),
        ("amount", _amounts),
        ("arrival", _arrivals),
    )
    for kind, claims in unsure:
        for words in claims(plain, known, about):
            yield kind, words, _UNSURE[kind]


def _orders(plain: str, known: Known, about: Sequence[str]) -> Iterator[str]:
    yield from (order_id for order_id in order_ids_in(plain) if order_id not in known.order_ids)


def _arrivals(plain: str, known: Known, about: Sequence[str]) -> Iterator[str]:
    if not _REFUNDING.search(plain):
        yield from (words for words in arrivals_said(plain) if not known.says(words))


def _was_done(deed: DeedSaid, known: Known) -> bool:
    if deed.kind == "never":
        return known.says(deed.words)
    if deed.kind == "handoff":
        return known.handed_off
    done_for = {done.order_id for done in known.deeds if done.tool in _DONE_BY[deed.kind]}
    needed = () if deed.kind == "default address" else deed.order_ids
    done = bool(done_for) and done_for.issuperset(needed)
    return done or (deed.kind == "anything" and known.noted) or (not deed.by_us and _is_shown(deed, known))


def _is_shown(deed: DeedSaid, known: Known) -> bool:
    orders = [known.orders[key] for key in deed.order_ids or known.orders if key in known.orders]
    shown = [
        order["refunded"] if deed.kind == "refund" else order["status"] in _SHOWN_BY.get(deed.kind, ())
        for order in orders
    ]
    return bool(shown) and (all(shown) if deed.order_ids else any(shown))


def _stands(said: StatusSaid, subjects: Sequence[str], known: Known) -> bool:
    if not said.statuses:
        return said.negated or known.says(said.words)
    statuses = [known.orders[key]["status"] if key in known.orders else None for key in subjects]
    if said.negated:
        return not any(status in said.statuses for status in statuses)
    if said.order_ids or len(subjects) == 1:
        return all(status in said.statuses for status in statuses)
    candidates = statuses or [order["status"] for order in known.orders.values()]
    return any(status in said.statuses for status in candidates)


def _as_it_stands(subjects: Sequence[str], known: Known) -> str:
    on_file = [key for key in subjects if key in known.orders] or (list(known.orders) if len(known.orders) == 1 else [])
    told = [f"the status of order {key} is: {known.orders[key]['status']}" for key in on_file]
    return f"According to the records, {'; '.join(told)}." if told else _UNSURE["status"]


def _numbers(plain: str, known: Known, about: Sequence[str]) -> Iterator[str]:
    """Long numbers nobody gave; in a sentence about tracking also such as are no tracking number of the order."""
    is_tracking = bool(_TRACKING.search(plain)) and not plain.endswith("?")
    tracking = known.tracking(about)
    for code in placed_codes(plain, 5) if is_tracking else placed_codes(plain):
        if is_tracking and is_stated(plain, code.start) and not _OF_AN_ITEM.search(plain[: code.start]):
            is_known = _all_in(code.codes, tracking)
        else:
            is_known = _all_in(code.codes, known.codes)
        if not is_known:
            yield plain[code.start : code.end]


def _all_in(codes: Sequence[str], known: set[str]) -> bool:
    """As one number, or each of its parts."""
    return codes[0] in known or (len(codes) > 1 and all(part in known for part in codes[1:]))


def _amounts(plain: str, known: Known, about: Sequence[str]) -> Iterator[str]:
    found = amounts_in(plain)
    for place, (cents, start, end) in enumerate(found):
        if cents in known.said_amounts and _SAID_BY_YOU.search(plain):
            continue
        if _is_the_total(plain, found, place) and any(key in known.orders for key in about):
            allowed = known.totals(about)
        else:
            allowed = known.amounts(about)
            if _DIFFERENCE.search(plain):
                allowed |= known.differences(about)
        if cents not in allowed:
            yield plain[start:end]


def _is_the_total(plain: str, found: Sequence[tuple[int, int, int]], place: int) -> bool:
    """Whether this amount is told as the total: the first after the word, or the one right before "in total"."""
    if _NOT_OF_ALL.search(plain):
        return False
    _, start, end = found[place]
    before = found[place - 1][2] if place else 0
    after = found[place + 1][1] if place + 1 < len(found) else len(plain)
    follows = place + 1 == len(found) or not _TOTAL.search(plain[:start])
    return bool(_TOTAL.search(plain[before:start])) or (
        follows and bool(_TOTAL.search(plain[end:after])) and place + 1 == len(found)
    )
