"""Which operations are bound to one account or to the shop. Everybody's records are for staff tools only."""

from langgraph.store.base import GetOp, Op, PutOp, SearchOp

from agents.namespaces import ACCOUNTS, PRODUCTS, Namespace
from agents.store.registry import plain_prefix
from support_site.memory.errors import OutsideWalls

SHOP = PRODUCTS[0]


def require_walls(op: Op) -> None:
    """Raise OutsideWalls for an operation that could see or touch more than one account."""
    path = _path_of(op)
    if path[:1] == (SHOP,) or (path[:1] == (ACCOUNTS,) and len(path) >= 2):
        return
    raise OutsideWalls(
        "A namespace must begin with ('accounts', <account id>) or ('shop',), and this one could reach every "
        "account. Staff tools use LedgerStore.over_all_accounts()."
    )


def _path_of(op: Op) -> Namespace:
    if isinstance(op, GetOp | PutOp):
        return tuple(op.namespace)
    if isinstance(op, SearchOp):
        return tuple(op.namespace_prefix)
    return plain_prefix(op)
