"""A put before any store has it, in words of our own: what LangGraph's ``PutOp`` says.

The ledger keeps it as it is. So a page that changes a record does not make a web process import LangChain, which costs
seconds of start and 100 MB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from langgraph.store.base import PutOp


@dataclass(frozen=True)
class Put:
    """A value to be kept under (namespace, key); None deletes what is there."""

    namespace: tuple[str, ...]
    key: str
    value: dict[str, Any] | None
    index: Literal[False] | list[str] | None = None
    #: Minutes to live.
    ttl: float | None = None

    def op(self) -> PutOp:
        """The same for a ``BaseStore``."""
        from langgraph.store.base import PutOp

        return PutOp(self.namespace, self.key, self.value, self.index, self.ttl)
