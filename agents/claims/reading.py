"""Reading a text for what can be checked: sentences, order numbers, amounts of money, codes (tracking numbers)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agents.shop.matching import order_key

_ORDER = re.compile(
    r"#\s?W?\d{3,20}\b|\bW\d{5,20}\b|\border(?:\s+(?:number|no\.?|id))?[\s:]+#?W?\d{4,20}\b", re.IGNORECASE
)

_NUMBER = r"\d{1,3}(?:[., ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_CURRENCY = r"(?:dollars?|bucks|euros?|pounds?|usd|eur|gbp|cents?)\b|[€£$]"
_AMOUNT = re.compile(
    rf"(?:(?:\b(?:usd|eur|gbp|us)\s?)|[$€£]\s?)(?P<before>{_NUMBER})(?!\d)"
    rf"|(?<![\w.,#])(?P<after>{_NUMBER})\s?(?P<unit>{_CURRENCY})"
    r"|(?<![\w.,#/:-])(?P<bare>\d{1,3}(?:,\d{3})+\.\d{2}|\d+[.,]\d{2})(?![\w%/:.-]*[\w%/:-])",
    re.IGNORECASE,
)
_IN_WORDS = re.compile(
    r"\b(?:(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty"
    r"|seventy|eighty|ninety|hundred|thousand|a|and)[\s-]+){1,12}(?:dollars|euros|pounds|bucks)\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?<![\w#$€£.,])(?=(?:[A-Z]{0,4}[\s-]?)?\d)[A-Z]{0,4}\d[A-Z0-9]*(?:[ -]?[A-Z0-9]*\d[A-Z0-9]*)*(?![\w])"
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}[/-]\d{1,2}[/-]\d{2,4}")
_SHORTEST_CODE = 8

_LINE = re.compile(r"[^\n]+")
#: A sentence, or as much of an endless one as is read at a time (patterns must not run away on hostile text).
_SENTENCE = re.compile(r".{1,400}?(?:[.!?\u2026]+[*_)\"'\u2019\u201d]*(?=\s|$)|$)|\S.{0,398}(?!\S)|.{1,400}")
_PREFIX = re.compile(r"\s*(?:[-*+•>]\s+|\d{1,2}[.)]\s+|#{1,6}\s+|\|\s*)*")
#: One character for one, except emphasis, which is left out.
_MARKS = str.maketrans("\u2018\u2019\u201c\u201d\u2013\u2014\u00a0", "''\"\"-- ", "*_`~")


@dataclass(frozen=True)
class Sentence:
    """A sentence of a text, from ``start`` to ``end``; ``plain`` is it without emphasis, with straight quotes."""

    start: int
    end: int
    plain: str


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a text in order. A line break ends one; list marks before it are not part of it."""
    for line in _LINE.finditer(text):
        prefix = _PREFIX.match(line[0])
        begin = line.start() + (prefix.end() if prefix else 0)
        for match in _SENTENCE.finditer(text, begin, line.end()):
            start = match.end() - len(match[0].lstrip())
            if plain := match[0].strip():
                yield Sentence(start, start + len(plain), plain.translate(_MARKS))


def order_ids_in(text: str) -> list[str]:
    """Order numbers in one spelling, in the order they appear, with repetitions."""
    return [key for key, _, _ in placed_order_ids(text)]


def placed_order_ids(text: str) -> list[tuple[str, int, int]]:
    """(order id, start, end) of every order number."""
    return [(order_key(match[0]) or "", match.start(), match.end()) for match in _ORDER.finditer(text)]


def amounts_in(text: str) -> list[tuple[int, int, int]]:
    """(cents, start, end) of every amount of money; -1 cents for one that is written in words."""
    found = [(_cents_of(match), match.start(), match.end()) for match in _AMOUNT.finditer(text)]
    found += [(-1, match.start(), match.end()) for match in _IN_WORDS.finditer(text)]
    return sorted(found, key=lambda each: each[1])


def codes_in(text: str) -> list[str]:
    """Numbers of eight and more digits, without blanks and dashes: tracking numbers, ids, telephone numbers."""
    return [code for parts in placed_codes(text) for code in parts.codes]


@dataclass(frozen=True)
class Code:
    """A run of digits and capitals. ``codes``: read as one, and as the several that blanks or dashes make of it."""

    codes: tuple[str, ...]
    start: int
    end: int


def placed_codes(text: str, shortest: int = _SHORTEST_CODE) -> list[Code]:
    """Every code with at least ``shortest`` digits; order numbers, amounts and dates are none."""
    taken = [(start, end) for _, start, end in (*placed_order_ids(text), *amounts_in(text))]
    found = []
    for match in _CODE.finditer(text):
        is_taken = any(start < match.end() and match.start() < end for start, end in taken)
        if sum(char.isdigit() for char in match[0]) >= shortest and not is_taken and not _DATE.fullmatch(match[0]):
            parts = re.split(r"[\s-]+", match[0].upper())
            found.append(Code(tuple(dict.fromkeys(["".join(parts), *parts])), match.start(), match.end()))
    return found


def _cents_of(match: re.Match[str]) -> int:
    """The amount in cents; a separator before one or two last digits is the decimal one."""
    digits = match["before"] or match["after"] or match["bare"]
    whole, separator, part = re.fullmatch(r"(.*?)(?:([.,])(\d{1,2}))?", digits).groups()  # type: ignore[union-attr]
    cents = int(re.sub(r"\D", "", whole)) * 100 + (int(part.ljust(2, "0")) if separator else 0)
    return cents // 100 if (match["unit"] or "").lower().startswith("cent") else cents
