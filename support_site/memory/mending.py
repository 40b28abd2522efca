"""A broken Chroma is set aside and rebuilt from the ledger, values and vectors, without asking anyone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection, transaction

from support_site.memory.applying import rebuildable
from support_site.memory.events import tell
from support_site.memory.models import Record, Scope, StoreEvent

if TYPE_CHECKING:
    from agents.store import ChromaStore

#: The scope whose row is locked while one process rebuilds. No namespace has this name.
_REBUILDING = "(rebuilding)"
_one_thread = threading.Lock()
#: Counts rebuilds: those who waited for one need not look through all of it again.
_mended = 0


def mend(chroma: ChromaStore, reason: str) -> None:
    """Rebuild the collection if it is still broken once it is our turn; what was written meanwhile stays pending.

    Raises StoreUnavailable when Chroma cannot be reached at all.
    """
    global _mended
    before = _mended
    with _alone():
        if before == _mended and chroma.is_broken():
            if not _is_told():
                tell(StoreEvent.Kind.BROKEN, reason)
            rebuild(chroma)
            _mended += 1


def _is_told() -> bool:
    """Whether it is known to be broken, and no rebuild has succeeded since."""
    told = StoreEvent.objects.filter(kind__in=(StoreEvent.Kind.BROKEN, StoreEvent.Kind.REBUILT)).order_by("-id")
    last = told.first()
    return last is not None and last.kind == StoreEvent.Kind.BROKEN


def fill_again(chroma: ChromaStore) -> None:
    """An empty Chroma in the place of the one that was told what the ledger has gets all of it again."""
    with _alone():
        if chroma.is_empty() and Record.objects.live().filter(in_store=True).exists():
            tell(StoreEvent.Kind.BROKEN, "Chroma came up empty.")
            rebuild(chroma)


def rebuild(chroma: ChromaStore) -> int:
    """Set the collection aside and fill a new one from the ledger. Returns how many records it has."""
    started = time.monotonic()
    count = chroma.rebuild(rebuildable(chroma))
    seconds = time.monotonic() - started
    tell(StoreEvent.Kind.REBUILT, f"{count} records were written again from the ledger in {seconds:.1f} seconds.")
    return count


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
