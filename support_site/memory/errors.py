"""What the ledger refuses, beyond the errors of the store itself. Every message says what to do."""

from agents.store import StoreError


class RecordErased(StoreError):
    """The account or the record was erased, and a late write wanted it back. Nothing was written."""


class UnknownAccount(StoreError):
    """There is no account of this id. Nothing was written."""


class OutsideWalls(StoreError):
    """A read or write that is not bound to one account or to the shop; only staff tools may."""
