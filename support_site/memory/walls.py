"""Which operations are bound to one account or to the shop. Everybody's records are for staff tools only."""

from agents.namespaces import ACCOUNTS, PRODUCTS, Namespace
from support_site.memory.errors import OutsideWalls

SHOP = PRODUCTS[0]


def require_walls(path: Namespace) -> None:
    """Raise OutsideWalls where what lies at or below ``path`` could be of more than one account."""
    if path[:1] == (SHOP,) or (path[:1] == (ACCOUNTS,) and len(path) >= 2):
        return
    raise OutsideWalls(
        "A namespace must begin with ('accounts', <account id>) or ('shop',), and this one could reach every "
        "account. Staff tools use LedgerStore.over_all_accounts()."
    )
