"""Celery tasks of the orders, all made by beat."""

from celery import shared_task

from support_site.orders import delivery


@shared_task
def deliver_webhooks() -> int:
    """Every few seconds: tell the shop's system what it has not been told. Returns how many actions it took."""
    return delivery.deliver_due()


@shared_task
def sweep_webhooks() -> int:
    """Every night: drop deliveries that were taken long ago. Returns how many."""
    return delivery.sweep()
