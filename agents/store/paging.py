"""How much goes into one call to Chroma."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from .encoding import Row

T = TypeVar("T")

#: Rows a call carries, and lists the ids of; SQLite's variables end at about 32,000, Chroma's batch at 5,461.
PAGE, IDS = 2_000, 10_000
#: Rows a call brings with their vectors when all are read: a server writes them out as JSON.
SCANNED = 500
#: Rows an embedded write carries: Chroma's binding holds Python's global lock while it writes, so that all other
#: threads and the event loop stand still for this long (100 rows take some 80 ms).
EMBEDDED_WRITE = 100
#: Characters of rows that a write carries: a server refuses a call of more than 40 MB, and a value may take twice as
#: much room in it, where every quote of its JSON is escaped once more.
WRITTEN = 12_000_000


def pages(things: Sequence[T], size: int = PAGE) -> Iterator[list[T]]:
    """The sequence in lists a single call can carry."""
    for start in range(0, len(things), size):
        yield list(things[start : start + size])


def writes(rows: Iterable[Row], most: int = PAGE) -> Iterator[list[Row]]:
    """The rows in lists a single write can carry; a row too large for company goes alone."""
    page: list[Row] = []
    room = WRITTEN
    for row in rows:
        size = _size(row)
        if page and (len(page) == most or size > room):
            yield page
            page, room = [], WRITTEN
        page.append(row)
        room -= size
    if page:
        yield page


def _size(row: Row) -> int:
    """Characters, roughly: a vector travels as base64."""
    texts = sum(len(text) for text in row.metadata.values() if isinstance(text, str))
    return len(row.id) + texts + row.vector.nbytes * 4 // 3
