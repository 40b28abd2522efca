"""Memories by meaning: the store's own search, of one account or over all of them."""

from agents import namespaces
from support_site.memory.drafts import address_of
from support_site.memory.stores import site_store

MOST_FOUND = 50


def nearest(query: str, account_id: str | None = None) -> list[str]:
    """The addresses of the memories nearest to ``query``, best first, 50 at most. Raises StoreUnavailable."""
    if account_id:
        found = site_store().search(namespaces.memories(account_id), query=query, limit=MOST_FOUND)
    else:
        # Only memories have a trust; orders and profiles stand under the same first label.
        of_memories = {"trust": {"$ne": None}}
        everywhere = site_store().over_all_accounts()
        found = everywhere.search((namespaces.ACCOUNTS,), query=query, filter=of_memories, limit=MOST_FOUND)
    return [address_of(item.namespace, item.key) for item in found if item.score]
