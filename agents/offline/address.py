"""Reading a postal address out of a sentence."""

import re
from collections.abc import Iterable, Mapping

from agents.offline.language import pattern

Address = dict[str, str]

FIELDS = ("address1", "address2", "city", "state", "country", "zip")
NEEDED = ("address1", "city", "state", "zip")

_STATES = {
    "alabama": "AL",
    "alaska": "AK",
    "arizona": "AZ",
    "arkansas": "AR",
    "california": "CA",
    "colorado": "CO",
    "connecticut": "CT",
    "delaware": "DE",
    "florida": "FL",
    "georgia": "GA",
    "hawaii": "HI",
    "idaho": "ID",
    "illinois": "IL",
    "indiana": "IN",
    "iowa": "IA",
    "kansas": "KS",
    "kentucky": "KY",
    "louisiana": "LA",
    "maine": "ME",
    "maryland": "MD",
    "massachusetts": "MA",
    "michigan": "MI",
    "minnesota": "MN",
    "mississippi": "MS",
    "missouri": "MO",
    "montana": "MT",
    "nebraska": "NE",
    "nevada": "NV",
    "new hampshire": "NH",
    "new jersey": "NJ",
    "new mexico": "NM",
    "new york": "NY",
    "north carolina": "NC",
    "north dakota": "ND",
    "ohio": "OH",
    "oklahoma": "OK",
    "oregon": "OR",
    "pennsylvania": "PA",
    "rhode island": "RI",
    "south carolina": "SC",
    "south dakota": "SD",
    "tennessee": "TN",
    "texas": "TX",
    "utah": "UT",
    "vermont": "VT",
    "virginia": "VA",
    "washington": "WA",
    "west virginia": "WV",
    "wisconsin": "WI",
    "wyoming": "WY",
    "district of columbia": "DC",
}
_CODES = frozenset(_STATES.values())
_COUNTRIES = {"usa": "USA", "us": "USA", "u.s.": "USA", "u.s.a.": "USA", "united states": "USA", "canada": "Canada"}
_COUNTRIES |= {"uk": "United Kingdom", "united kingdom": "United Kingdom", "germany": "Germany", "france": "France"}

_KINDS = (
    "street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|place|pl|square|sq|way|terrace|trail|parkway"
    "|pkwy|circle|highway|hwy|broadway|row|alley"
)
_DOOR = r"(?:apt|apartment|suite|ste|unit|room|floor|fl)\b\.?\s*#?\s*[\w-]+|#\s?\d{1,5}[a-z]?"
_STREET = pattern(
    rf"(?<![#\w])\d{{1,6}}[a-z]?\s+(?:(?!{_DOOR})[\w.'-]+\s+){{0,5}}?(?:{_KINDS})\b\.?(?:\s+(?:n|s|e|w|nw|ne|sw|se)\b)?"
)
_STREET_BEFORE_COMMA = pattern(r"(?<![#\w])\d{1,6}[a-z]?\s+[^\W\d][^,\n]{0,60}(?=[,\n])")
_DOOR_PIECE = pattern(rf"(?:{_DOOR})")
_ZIP = re.compile(r"(?<![\w#-])(?:\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})(?![\w-])")
_ORDER_ID = pattern(r"#\s?W\d+|\bW\d{5,}\b|\border\s+#?\d+")
_LABEL = pattern(
    r"^\s*(?:and |in |the |it'?s |its |is |my |city|state|zip(?: ?code)?|postcode|street|address"
    r"|country)+\s*(?:is|:|=)?\s*"
)
_TAIL = pattern(r"\s*(?:please|thanks?(?: you)?|instead|now)?[\s.!?]*$")


def address_in(text: str, asked: Iterable[str] = ()) -> Address:
    """The parts of an address that a text gives, of ``FIELDS``; empty when it gives none.

    ``asked`` are the parts the text answers a question about: then pieces without any mark of their own are taken
    for these, in order. Without it a street or a door must be there, so that a sentence is not taken for a city.
    """
    asked = list(asked)
    rest, found = _TAIL.sub("", _ORDER_ID.sub(",", text)), Address()
    for field, take in (("address1", _take_street), ("address2", _take_door), ("zip", _take_zip)):
        value, rest = take(rest, found)
        if value:
            found[field] = value
    if "address1" in found:
        asked = []
    if not asked and not ({"address1", "address2"} & found.keys()):
        return {}
    pieces = [_LABEL.sub("", piece).strip(" .;") for piece in re.split(r"[,\n]|\band\b", rest)]
    for piece in filter(None, pieces):
        _place(piece, found, asked)
    return found


def completed(parts: Mapping[str, str], current: Mapping[str, str]) -> Address:
    """All fields of the new address; a new door alone stays in the same street. What is missing is empty."""
    if set(parts) == {"address2"}:
        return {**{field: str(current.get(field, "")) for field in FIELDS}, **parts}
    country = parts.get("country") or ("USA" if parts.get("state") in _CODES else str(current.get("country", "")))
    return {**{field: parts.get(field, "") for field in FIELDS}, "country": country}


def missing(address: Mapping[str, str]) -> list[str]:
    """The fields that an address cannot do without and that are empty."""
    return [field for field in NEEDED if not address[field]]


def _take_street(text: str, _: Address) -> tuple[str, str]:
    """The street, and what follows it: what comes before is the sentence around it."""
    match = _STREET.search(text) or _STREET_BEFORE_COMMA.search(text)
    if match is None:
        return "", text
    return match[0].strip(), text[match.end() :]


def _take_door(text: str, found: Address) -> tuple[str, str]:
    match = _DOOR_PIECE.search(text)
    if match is None:
        return "", text
    before = text[: match.start()] if "address1" in found else ""
    return match[0].strip(), before + "," + text[match.end() :]


def _take_zip(text: str, _: Address) -> tuple[str, str]:
    match = _ZIP.search(text)
    return (match[0], text[: match.start()] + "," + text[match.end() :]) if match else ("", text)


def _place(piece: str, found: Address, asked: list[str]) -> None:
    """Put a piece where it belongs: country, state, city with or without its state, or the next part asked for."""
    if country := _COUNTRIES.get(piece.lower()):
        found["country"] = country
    elif "city" in found or (asked and "city" not in asked):
        _take_state(piece, found, asked)
    elif "state" not in found and (split := _city_and_state(piece)):
        found["city"], found["state"] = split
    elif "city" not in found:
        found["city"] = piece


def _take_state(piece: str, found: Address, asked: list[str]) -> None:
    if state := _state(piece):
        found.setdefault("state", state)
    elif left := [field for field in asked if field not in found]:
        found[left[0]] = piece


def _city_and_state(piece: str) -> tuple[str, str] | None:
    """ "Boston MA" and "Boston Massachusetts" in two; None for a city alone."""
    named = piece.split()
    for length in (2, 1):
        if len(named) > length and (state := _state(" ".join(named[-length:]))):
            return " ".join(named[:-length]), state
    return None


def _state(piece: str) -> str | None:
    if piece in _CODES:
        return piece
    return _STATES.get(piece.lower()) or (piece.upper() if len(piece) == 2 and piece.upper() in _CODES else None)
