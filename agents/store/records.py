"""A record: what is kept under (namespace, key), with its vectors."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Namespace = tuple[str, ...]
Vectors = NDArray[np.float32]


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, eq=False, kw_only=True)
class Record:
    """One value with everything needed to put it into a collection without calling the embedder.

    ``vectors`` has shape (n, dims): one row for each indexed text, no rows if the value is not indexed.
    ``index`` is what the put said: None for the store's own fields, False for none, or a list of field paths.
    ``ttl`` is in minutes, None for a record that does not expire.
    """

    namespace: Namespace
    key: str
    value: dict[str, Any]
    vectors: Vectors
    index: Literal[False] | list[str] | None = None
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)
    ttl: float | None = None
    expires_at: datetime | None = None


def pack(vectors: Vectors) -> bytes:
    """The vectors as little-endian float32 bytes, for a database column; ``unpack`` is the way back."""
    return np.ascontiguousarray(vectors, dtype="<f4").tobytes()


def unpack(data: bytes, dims: int) -> Vectors:
    """An array of shape (n, dims) from what ``pack`` returned; n is 0 for no bytes."""
    return np.frombuffer(data, dtype="<f4").reshape(-1, dims).astype(np.float32)


def expiry(ttl: float | None, at: datetime) -> datetime | None:
    """When a record with this many minutes to live expires, counted from ``at``; None for never."""
    return at + timedelta(minutes=ttl) if ttl is not None else None
