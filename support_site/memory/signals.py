"""What the ledger tells the rooms above it."""

from django.dispatch import Signal

#: Sent inside the transaction of a write: what a receiver writes is kept with it or not at all, and an error of a
#: receiver undoes the write. ``written`` is a list of (Record as it was, or None; Record as it is now).
records_changed = Signal()
