"""What a put asks for, read once and checked before anything is written."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from agents.namespaces import ACCOUNTS, Namespace

if TYPE_CHECKING:
    from langgraph.store.base import PutOp

    from agents.ops import Put

#: A scope is named by this many labels: ("accounts", id), ("shop", "products").
SCOPE_DEPTH = 2
SCOPE_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A put as the ledger writes it down; ``value_text`` None is a delete."""

    namespace: Namespace
    key: str
    value_text: str | None
    digest: str
    version: int | None
    status: str
    index: Literal[False] | list[str] | None
    ttl_minutes: float | None

    @property
    def address(self) -> str:
        return address_of(self.namespace, self.key)

    @property
    def scope(self) -> str:
        return scope_of(self.namespace)

    @property
    def kind(self) -> str:
        return kind_of(self.namespace)

    @property
    def key_text(self) -> str:
        return key_text_of(self.key)


def draft_of(put: Put | PutOp, *, versioned_kinds: Collection[str]) -> Draft:
    """The put, checked. Raises ValueError."""
    _require_labels(put.namespace)
    if not isinstance(put.key, str):
        raise ValueError(f"A key must be a string, not {type(put.key).__name__}: {put.key!r}")
    value = None if put.value is None else dict(put.value)
    value_text = None if value is None else json_text(value)
    _require_utf8(*put.namespace, put.key)
    return Draft(
        namespace=tuple(put.namespace),
        key=put.key,
        value_text=value_text,
        digest="" if value_text is None else digest_of(json.loads(value_text)),
        version=_version_of(put) if value is not None and is_versioned(put.namespace, versioned_kinds) else None,
        status=status_of(put.namespace, value),
        index=None if value is None else put.index,
        ttl_minutes=None if value is None else put.ttl,
    )


def key_text_of(key: str) -> str:
    """The key as JSON writes it between the quotes: PostgreSQL's text cannot hold a NUL."""
    return json.dumps(key, ensure_ascii=False)[1:-1]


def labels_of(namespace: str) -> Namespace:
    return tuple(namespace.split("."))


def key_of(key_text: str) -> str:
    if "\\" not in key_text:
        return key_text
    key: str = json.loads(f'"{key_text}"')
    return key


def json_text(value: Mapping[str, Any]) -> str:
    """As people would search it; with escapes where it holds half a character, which no database takes."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"The value is not JSON: {error}") from None
    return text if _is_utf8(text) else json.dumps(value, separators=(",", ":"))


def digest_of(value: Mapping[str, Any]) -> str:
    """The same for the same JSON, whatever the order of its fields."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def address_of(namespace: Namespace, key: str) -> str:
    """What a record is found by; labels hold no NUL, so no two records share one."""
    return hashlib.sha256(f"{'.'.join(namespace)}\0{key}".encode()).hexdigest()


def scope_of(namespace: Namespace) -> str:
    """The name of the scope a namespace (or a prefix of at least two labels) belongs to."""
    name = ".".join(namespace[:SCOPE_DEPTH])
    return name if len(name) <= SCOPE_LENGTH else hashlib.sha256(name.encode()).hexdigest()


def kind_of(namespace: Namespace) -> str:
    """The label that says what the records of a namespace are."""
    depth = 2 if namespace[:1] == (ACCOUNTS,) else 1
    return "".join(namespace[depth : depth + 1])[:100]


def status_of(namespace: Namespace, value: Mapping[str, Any] | None) -> str:
    """What staff filter by: memories say it themselves, other records are there or not."""
    if value is None:
        return "deleted"
    if kind_of(namespace) != "memories":
        return "active"
    if value.get("superseded_by"):
        return "superseded"
    return value["status"] if value.get("status") in ("quarantined", "needs_review") else "active"


def is_versioned(namespace: Namespace, kinds: Collection[str]) -> bool:
    return len(namespace) == 3 and namespace[0] == ACCOUNTS and namespace[2] in kinds


def account_id_of(namespace: Namespace) -> uuid.UUID | None:
    """The account a namespace belongs to; None if it is nobody's."""
    if len(namespace) < 2 or namespace[0] != ACCOUNTS:
        return None
    try:
        return uuid.UUID(namespace[1])
    except ValueError:
        return None


def _version_of(put: Put | PutOp) -> int:
    version = (put.value or {}).get("version")
    if type(version) is not int or version < 1:
        raise ValueError(f"A record in {'/'.join(put.namespace)} needs a whole number 'version', from 1 up.")
    return version


def _require_labels(namespace: Namespace) -> None:
    """What LangGraph's ``validate_op_namespace`` asks of them, for web processes that have no LangGraph."""
    for label in namespace:
        if not isinstance(label, str) or not label or "." in label or "\0" in label:
            raise ValueError(f"A label must be a string that is not empty and holds no '.' and no NUL: {label!r}")


def _require_utf8(*names: str) -> None:
    for name in names:
        if not _is_utf8(name):
            raise ValueError(f"Half a character (a lone surrogate) cannot be stored in a name: {name!r}")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
