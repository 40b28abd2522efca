"""What a sentence says was done, or how an order stands; and whether it says so at all.

"It can be cancelled", "if you confirm, it is cancelled", "was it cancelled?" state nothing; "I can confirm that it has
been cancelled" does. For English: in other languages numbers are checked and these words are not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agents.claims import phrases
from agents.claims.phrases import Kind
from agents.claims.reading import order_ids_in


@dataclass(frozen=True)
class StatusSaid:
    """An order is said to stand so (``negated``: not so). ``order_ids``: those that are named with it, maybe none."""

    words: str
    statuses: frozenset[str]
    order_ids: tuple[str, ...]
    negated: bool


@dataclass(frozen=True)
class DeedSaid:
    """Something is said to have been done. ``by_us``: in the first person."""

    words: str
    kind: Kind
    order_ids: tuple[str, ...]
    by_us: bool


def statuses_said(plain: str) -> Iterator[StatusSaid]:
    """What a sentence states of how orders stand."""
    if _states_nothing(plain):
        return
    found = sorted(
        ((match, statuses) for pattern, statuses in phrases.STATUS_WORDS for match in pattern.finditer(plain)),
        key=lambda each: each[0].start(),
    )
    named_from = 0
    for place, (match, statuses) in enumerate(found):
        end = found[place + 1][0].start() if place + 1 < len(found) else len(plain)
        negated = bool(phrases.NEGATED.search(plain[: match.start()]))
        if (negated or is_stated(plain, match.start())) and _is_of_an_order(plain, match):
            named = _named(plain[named_from : match.start()]) or _named(plain[match.end() : end])
            yield StatusSaid(match[0], statuses, named, negated)
            named_from = match.end()


def deeds_said(plain: str) -> Iterator[DeedSaid]:
    """What a sentence states to have been done, or to be done without fail."""
    if _states_nothing(plain):
        return
    for pattern in (phrases.BY_US, phrases.OF_THINGS):
        for match in pattern.finditer(plain):
            verb = match.lastindex or 0
            kind = _kind(plain, match, match[verb])
            if kind and is_stated(plain, match.start()) and is_stated(plain, match.start(verb)):
                yield DeedSaid(match[0], kind, _named(plain), pattern is phrases.BY_US)
    done = phrases.ALL_DONE.search(plain)
    if done and is_stated(plain, done.start()):
        yield DeedSaid(done[0], "anything", (), by_us=True)


def arrivals_said(plain: str) -> Iterator[str]:
    """Days on which a sentence says that something arrives, in its own words."""
    if not _states_nothing(plain):
        yield from (match[1] for match in phrases.ARRIVES.finditer(plain))


def is_stated(plain: str, position: int) -> bool:
    """Whether what stands at the position is said to be so: not possible, not wished, not denied, not conditional.

    A condition covers its own part of the sentence; it covers the rest too, unless that tells of the past.
    """
    before = plain[:position]
    if phrases.UNREAL.search(before):
        return False
    conditions = [match.span() for match in phrases.CONDITION.finditer(plain)]
    if any(start <= position < end for start, end in conditions):
        return False
    begun = plain[: position + 12].rsplit(" ", 1)[0]  # "order | has been cancelled": the verb itself tells the time
    return not conditions or bool(phrases.PAST.search(before) or phrases.PAST.search(begun))


def _states_nothing(plain: str) -> bool:
    return plain.endswith("?") or bool(phrases.ECHO.search(plain))


def _is_of_an_order(plain: str, match: re.Match[str]) -> bool:
    """Not of a kind of order, nor of a refund or a return."""
    if phrases.A_KIND.match(plain[match.end() :]):
        return False
    subject = re.split(r"\band\b", phrases.BREAK.split(plain[: match.start()])[-1])[-1]
    return bool(phrases.AN_ORDER.search(subject)) or not phrases.SOMETHING_ELSE.search(subject)


def _kind(plain: str, match: re.Match[str], verb: str) -> Kind | None:
    """What the verb was about: by the verb itself, unless it says little, then by what follows and what precedes."""
    follows = re.split(r"[;|]|\.\s", plain[match.start() :])[0]
    precedes = phrases.BREAK.split(plain[: match.start()])[-1]
    kinds = [
        next((kind for kind, pattern in phrases.KINDS if pattern.search(text)), None)
        for text in (verb, follows, precedes)
    ]
    return next((kind for kind in kinds if kind not in {None, "change"}), "change" if "change" in kinds else None)


def _named(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(order_ids_in(text)))
