"""What the ledger refuses, beyond the errors of the store itself. Every message says what to do."""

from agents.store.errors import RecordErased, StoreError

__all__ = ["OutsideWalls", "RecordErased", "UnknownAccount"]


class UnknownAccount(StoreError):
    """There is no account of this id. Nothing was written."""


class OutsideWalls(StoreError):
    """A read or write that is not bound to one account or to the shop; only staff tools may."""
