"""LangGraph's store operations (``ops.PutOp`` and its kin), imported when the first one is made.

Most pages and all sockets only read SQL. A process that makes no operation never pays for LangChain: seconds of start
and 100 MB.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langgraph.store.base import GetOp, ListNamespacesOp, Op, PutOp, SearchOp

__all__ = ["GetOp", "ListNamespacesOp", "Op", "PutOp", "SearchOp"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    from langgraph.store import base

    return getattr(base, name)
