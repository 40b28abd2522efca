"""Every namespace of the store, in one place (DESIGN section 4)."""

Namespace = tuple[str, ...]

ACCOUNTS = "accounts"
PROFILE_KEY = "profile"
PRODUCTS: Namespace = ("shop", "products")
HELP: Namespace = ("shop", "help")

#: Third labels whose records carry a ``version`` and may only be written over the version before it.
VERSIONED_KINDS = frozenset({"profile", "orders"})


def account(account_id: str) -> Namespace:
    """The prefix under which everything of one account lives."""
    return (ACCOUNTS, account_id)


def profile(account_id: str) -> Namespace:
    return (ACCOUNTS, account_id, "profile")


def orders(account_id: str) -> Namespace:
    return (ACCOUNTS, account_id, "orders")


def memories(account_id: str) -> Namespace:
    return (ACCOUNTS, account_id, "memories")


def account_of(namespace: Namespace) -> str | None:
    """The account a namespace belongs to, or None for the shop's own namespaces."""
    return namespace[1] if len(namespace) >= 2 and namespace[0] == ACCOUNTS else None
