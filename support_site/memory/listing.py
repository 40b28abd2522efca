"""Which namespaces there are: from SQL, because Chroma would have to be read from end to end."""

from langgraph.store.base import ListNamespacesOp

from agents.namespaces import Namespace
from agents.store.registry import plain_prefix, select
from support_site.memory.drafts import labels_of
from support_site.memory.models import Record


def list_namespaces(op: ListNamespacesOp) -> list[Namespace]:
    """The namespaces that hold something, sorted, cut to ``max_depth`` labels, one page of them."""
    live = Record.objects.live().below(plain_prefix(op))
    names = live.order_by().values_list("namespace", flat=True).distinct()
    return select(map(labels_of, names), op)
