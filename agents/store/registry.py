"""Which namespaces have records: one row each, so that listing them does not read every record."""

from collections.abc import Iterable

import numpy as np
from langgraph.store.base import ListNamespacesOp, MatchCondition

from .encoding import Row, address_of, id_of, level, path_of, primary_of
from .records import Namespace
from .table import Table

_NO_VECTOR = np.zeros(1, dtype=np.float32)


class Registry:
    """Kept true without locks: a writer enters its namespace after writing, and whoever removes the last record
    takes the namespace out, looks again, and puts it back if a record appeared meanwhile."""

    def __init__(self, namespaces: Table, records: Table) -> None:
        self._namespaces = namespaces
        self._records = records

    def enter(self, namespaces: Iterable[Namespace]) -> None:
        wanted = {id_of(namespace, ""): namespace for namespace in namespaces}
        missing = wanted.keys() - self._namespaces.present(wanted)
        self._namespaces.upsert([_row(row_id, wanted[row_id]) for row_id in missing])

    def leave(self, namespaces: Iterable[Namespace]) -> None:
        """Take out those of the namespaces that have no record left."""
        empty = [namespace for namespace in set(namespaces) if not self._has_records(namespace)]
        self._namespaces.delete(id_of(namespace, "") for namespace in empty)
        self.enter([namespace for namespace in empty if self._has_records(namespace)])

    def names(self, prefix: Namespace = ()) -> list[Namespace]:
        """Every namespace at or below the prefix, sorted."""
        listed = (address_of(row_id)[0] for row_id in self._namespaces.ids_under(prefix))
        return sorted(namespace for namespace in listed if namespace[: len(prefix)] == prefix)

    def flush(self) -> None:
        self._namespaces.flush()

    def _has_records(self, namespace: Namespace) -> bool:
        rows = self._records.ids_under(namespace)
        return any(address_of(primary_of(row_id))[0] == namespace for row_id in rows)


def select(names: Iterable[Namespace], op: ListNamespacesOp) -> list[Namespace]:
    """The page of sorted, distinct namespaces that an operation asks for."""
    conditions = op.match_conditions or ()
    matching = {name[: op.max_depth] for name in names if all(_fulfils(name, condition) for condition in conditions)}
    return sorted(matching)[op.offset : op.offset + op.limit]


def plain_prefix(op: ListNamespacesOp) -> Namespace:
    """The labels before the first wildcard of the prefix condition, if there is one: what a look-up may use."""
    for condition in op.match_conditions or ():
        if condition.match_type == "prefix":
            path = tuple(condition.path)
            return path[: path.index("*")] if "*" in path else path
    return ()


def _fulfils(name: Namespace, condition: MatchCondition) -> bool:
    path = tuple(condition.path)
    if len(path) > len(name):
        return False
    if condition.match_type == "prefix":
        part = name[: len(path)]
    elif condition.match_type == "suffix":
        part = name[len(name) - len(path) :]
    else:
        raise ValueError(f"Unsupported match type: {condition.match_type!r}. Use 'prefix' or 'suffix'.")
    return all(wanted in ("*", label) for wanted, label in zip(path, part, strict=True))


def _row(row_id: str, namespace: Namespace) -> Row:
    levels = {level(depth): path_of(namespace[:depth]) for depth in range(1, len(namespace) + 1)}
    return Row(row_id, _NO_VECTOR, levels or {level(0): ""})
