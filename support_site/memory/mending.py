"""A broken Chroma is set aside and rebuilt from the ledger, values and vectors, without asking anyone."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from agents.store import ChromaStore
from support_site.memory.applying import rebuildable
from support_site.memory.models import Scope, StoreEvent

logger = logging.getLogger(__name__)

#: The scope whose row is locked while one process rebuilds. No namespace has this name.
_REBUILDING = "(rebuilding)"
_one_thread = threading.Lock()


def mend(chroma: ChromaStore, reason: str) -> None:
    """Rebuild the collection if it is still broken once it is our turn; what was written meanwhile stays pending.

    Raises StoreUnavailable when Chroma cannot be reached at all.
    """
    with _alone():
        if chroma.is_broken():
            tell(StoreEvent.Kind.BROKEN, reason)
            rebuild(chroma)


def rebuild(chroma: ChromaStore) -> int:
    """Set the collection aside and fill a new one from the ledger. Returns how many records it has."""
    started = time.monotonic()
    count = chroma.rebuild(rebuildable(chroma))
    seconds = time.monotonic() - started
    tell(StoreEvent.Kind.REBUILT, f"{count} records were written again from the ledger in {seconds:.1f} seconds.")
    return count


def tell(kind: StoreEvent.Kind, text: str) -> None:
    """Write it down for staff and into the log; ``text`` names no customer."""
    logger.warning("%s: %s", kind.label, text)
    StoreEvent.objects.create(kind=kind, text=text[:1000])


@contextmanager
def _alone() -> Iterator[None]:
    """One rebuild at a time, in this process and (with PostgreSQL, where there may be others) in all of them."""
    with _one_thread:
        if not connection.features.has_select_for_update:
            yield
            return
        Scope.objects.get_or_create(name=_REBUILDING)
        with transaction.atomic():
            Scope.objects.select_for_update().get(name=_REBUILDING)
            yield
