"""What happens to the store as a whole, told to staff and to the log. No text names a customer."""

import logging

from support_site.memory.models import StoreEvent

logger = logging.getLogger(__name__)

_LONGEST = 1000


def tell(kind: StoreEvent.Kind, text: str) -> None:
    """Write it down for staff and into the log."""
    logger.warning("%s: %s", kind.label, text)
    StoreEvent.objects.create(kind=kind, text=text[:_LONGEST])


def tell_once(kind: StoreEvent.Kind, text: str) -> None:
    """The same, unless it was told already."""
    if not StoreEvent.objects.filter(kind=kind, text=text[:_LONGEST]).exists():
        tell(kind, text)
