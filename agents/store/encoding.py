"""Records as Chroma rows, and back.

A record is one primary row and, if it has more than one vector, one further row for each of the others.

* A row's id is ``a.b..key``. Labels hold no dot and are not empty (LangGraph's rule), so the first ".." ends
  the namespace and no two (namespace, key) pairs share an id. Further rows start with NUL, which no label holds.
* ``n1``, ``n2``, … hold the namespace's prefixes, so ``n2 = "accounts.42"`` matches whole labels only.
* ``r`` is the record without its vectors, as JSON; ``x`` is when it expires, in seconds since 1970.
  Upserts merge metadata, so what is gone is set to None.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from langgraph.store.base import Item

from .records import Namespace, Record, Vectors

Metadata = dict[str, Any]
BODY, EXPIRES = "r", "x"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def path_of(namespace: Sequence[str]) -> str:
    return ".".join(namespace)


def id_of(namespace: Sequence[str], key: str) -> str:
    """The primary row's id. Raises ValueError for a key that is no string or text that no file can hold."""
    if not isinstance(key, str):
        raise ValueError(f"A key must be a string, not {type(key).__name__}: {key!r}")
    row_id = f"{path_of(namespace)}..{key}"
    try:
        row_id.encode()
    except UnicodeEncodeError:
        raise ValueError(f"Half a character (a lone surrogate) cannot be stored; mend the text: {row_id!r}") from None
    return row_id


def further_ids(primary_id: str, first: int, end: int) -> list[str]:
    """The ids of the rows of vectors ``first`` to ``end - 1``."""
    return [f"\0{number}\0{primary_id}" for number in range(max(first, 1), end)]


def primary_of(row_id: str) -> str:
    return row_id.split("\0", 2)[2] if row_id.startswith("\0") else row_id


def address_of(primary_id: str) -> tuple[Namespace, str]:
    path, _, key = primary_id.partition("..")
    return (tuple(path.split(".")) if path else ()), key


def level(depth: int) -> str:
    """The metadata field that holds a namespace's first ``depth`` labels."""
    return f"n{depth}"


@dataclass(frozen=True, eq=False)
class Row:
    """One row as it goes to Chroma."""

    id: str
    vector: Vectors
    metadata: Metadata


def rows_of(record: Record, dims: int) -> Iterator[Row]:
    """The primary row (with a zero vector if the record is not indexed) and one for each further vector."""
    primary_id = id_of(record.namespace, record.key)
    levels = {level(depth): path_of(record.namespace[:depth]) for depth in range(1, len(record.namespace) + 1)}
    vectors = record.vectors if len(record.vectors) else np.zeros((1, dims), dtype=np.float32)
    expires = record.expires_at.timestamp() if record.expires_at else None
    yield Row(primary_id, vectors[0], {**levels, BODY: _body(record), EXPIRES: expires})
    for row_id, vector in zip(further_ids(primary_id, 1, len(vectors)), vectors[1:], strict=True):
        yield Row(row_id, vector, levels)


def _body(record: Record) -> str:
    try:
        return json.dumps(
            {
                # First, because Chroma keeps an index of all texts: what is written together then stands together
                # there, and not each in a page of its own.
                "u": _microseconds(record.updated_at),
                "c": _microseconds(record.created_at),
                "v": record.value,
                "n": len(record.vectors),
                **({"t": record.ttl} if record.ttl is not None else {}),
                **({"i": record.index} if record.index is not None else {}),
            },
            separators=(",", ":"),
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The value of {record.key!r} in {record.namespace} is not JSON: {error}") from error


@dataclass(frozen=True, eq=False)
class Entry:
    """A record as it came from Chroma; ``rows`` has the vectors of its rows, None if they were not asked for."""

    id: str
    body: str
    expires: float | None
    rows: Vectors | None = None

    @cached_property
    def address(self) -> tuple[Namespace, str]:
        return address_of(self.id)

    @property
    def namespace(self) -> Namespace:
        return self.address[0]

    @cached_property
    def _parsed(self) -> Mapping[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed

    @property
    def value(self) -> Mapping[str, Any]:
        """The value to look at; ``item`` and ``record`` give copies that may be changed."""
        value: Mapping[str, Any] = self._parsed["v"]
        return value

    @property
    def index(self) -> Any:
        return self._parsed.get("i")

    @property
    def ttl(self) -> float | None:
        return self._parsed.get("t")

    @property
    def vector_count(self) -> int:
        return int(self._parsed["n"])

    @property
    def vectors(self) -> Vectors:
        """Shape (n, dims), without the placeholder of what is not indexed and without stray further rows.

        Raises ValueError for an entry that was read without them.
        """
        if self.rows is None:
            raise ValueError("the entry was read without its vectors")
        return self.rows[: self.vector_count]

    @property
    def created(self) -> int:
        """Microseconds since 1970."""
        return int(self._parsed["c"])

    @property
    def updated(self) -> int:
        """Microseconds since 1970."""
        return int(self._parsed["u"])

    @property
    def created_at(self) -> datetime:
        return _moment(self._parsed["c"])

    @property
    def updated_at(self) -> datetime:
        return _moment(self._parsed["u"])

    @property
    def expires_at(self) -> datetime | None:
        return datetime.fromtimestamp(self.expires, UTC) if self.expires is not None else None

    def is_expired(self, at: float) -> bool:
        return self.expires is not None and self.expires <= at

    def fields(self) -> dict[str, Any]:
        """What an ``Item`` or ``SearchItem`` is made of, with a fresh copy of the value."""
        return {
            "namespace": self.namespace,
            "key": self.address[1],
            "value": json.loads(self.body)["v"],
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }

    def item(self) -> Item:
        return Item(**self.fields())

    def record(self) -> Record:
        return Record(**self.fields(), vectors=self.vectors, index=self.index, ttl=self.ttl, expires_at=self.expires_at)


class Rows:
    """Rows as they came from Chroma, page by page, put together to entries."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._metadatas: list[Mapping[str, Any]] = []
        self._embeddings: list[Vectors] = []

    def add(self, got: Mapping[str, Any]) -> None:
        """What a collection's ``get`` returned; either every page has embeddings or none."""
        self._ids += got["ids"]
        self._metadatas += got["metadatas"]
        if got["embeddings"] is not None and len(got["embeddings"]):
            self._embeddings.append(np.asarray(got["embeddings"], dtype=np.float32))

    def entries(self) -> Iterator[Entry]:
        """One entry a primary row, in order; with vectors, those of its further rows are among the rows added."""
        embeddings = np.concatenate(self._embeddings) if self._embeddings else None
        further = self._further_places()
        for place, (row_id, metadata) in enumerate(zip(self._ids, self._metadatas, strict=True)):
            if not row_id.startswith("\0"):
                rows = None if embeddings is None else embeddings[[place, *further.get(row_id, ())]]
                yield Entry(row_id, metadata[BODY], metadata.get(EXPIRES), rows)

    def _further_places(self) -> dict[str, list[int]]:
        """For each primary id the places of its further rows, in the order of their numbers."""
        numbered: dict[str, list[tuple[int, int]]] = {}
        for place, row_id in enumerate(self._ids):
            if row_id.startswith("\0"):
                _, number, primary_id = row_id.split("\0", 2)
                numbered.setdefault(primary_id, []).append((int(number), place))
        return {primary_id: [place for _, place in sorted(pairs)] for primary_id, pairs in numbered.items()}


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
