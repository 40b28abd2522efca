"""The store's work in the background; beat calls all of these (support_site/celery.py)."""

import logging
from uuid import UUID

from celery import shared_task

from agents.store import StoreUnavailable
from support_site.memory import forgetting, services
from support_site.memory.stores import site_store

logger = logging.getLogger(__name__)


@shared_task
def reconcile() -> int:
    """Every few seconds: tell Chroma what it has not been told. Returns how many records."""
    store = site_store()
    if not store.pending_count():
        return 0
    try:
        return store.reconcile()
    except StoreUnavailable as error:
        logger.warning("%d records wait for Chroma: %s", store.pending_count(), error)
        return 0


@shared_task
def sweep() -> int:
    """Every hour: delete what has expired. Returns how many records."""
    return site_store().sweep_ttl()


@shared_task
def erase_forgotten(account_id: str = "") -> int:
    """When a customer forgot something, and every hour for all: leave no byte of it. Returns how many memories."""
    return len(forgetting.erase_forgotten(site_store(), UUID(account_id) if account_id else None))


@shared_task
def check() -> int:
    """Every night: compare Chroma with the ledger and put right what differs. Returns how many records."""
    store = site_store()
    return services.repair(store, services.check(store))
