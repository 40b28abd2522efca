"""What a batch asks for, checked and sorted: LangGraph answers its reads first, then writes each key once."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from langgraph.store.base import GetOp, ListNamespacesOp, Op, PutOp, SearchOp, validate_op_namespace

from . import filters
from .encoding import id_of
from .records import Namespace
from .registry import plain_prefix

ReadOp = TypeVar("ReadOp", GetOp, SearchOp, ListNamespacesOp)


class Plan:
    """Raises ValueError (or LangGraph's InvalidNamespaceError) for an operation that cannot be carried out."""

    def __init__(self, ops: Iterable[Op]) -> None:
        self.ops = list(ops)
        latest: dict[str, PutOp] = {}
        for op in self.ops:
            _check(op)
            if isinstance(op, PutOp):
                latest[id_of(op.namespace, op.key)] = op
        self.puts = [op for op in latest.values() if op.value is not None]
        self.removals: list[tuple[Namespace, str]] = [
            (tuple(op.namespace), op.key) for op in latest.values() if op.value is None
        ]

    @property
    def queries(self) -> list[str | None]:
        return [op.query for op in self.ops if isinstance(op, SearchOp)]

    def numbered(self, kind: type[ReadOp]) -> Iterator[tuple[int, ReadOp]]:
        """The operations of a kind with their places in the batch."""
        for place, op in enumerate(self.ops):
            if isinstance(op, kind):
                yield place, op


def _check(op: Op) -> None:
    if not isinstance(op, GetOp | SearchOp | ListNamespacesOp | PutOp):
        raise ValueError(f"Unknown operation type: {type(op)}")
    validate_op_namespace(op)
    if isinstance(op, GetOp):
        id_of(op.namespace, op.key)
    elif isinstance(op, SearchOp):
        id_of(op.namespace_prefix, "")
        filters.check(op.filter)
    elif isinstance(op, ListNamespacesOp):
        id_of(plain_prefix(op), "")
