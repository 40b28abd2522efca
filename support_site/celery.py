"""The Celery app: work that outlives a request. Settings are in settings.py, under CELERY_."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "support_site.settings")


def every(seconds: float, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": float(seconds), "options": {"expires": seconds}}


app = Celery("support_site")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    # Kombu's own transport for folders lets a reader see half a message (support_site/broker.py).
    broker_transport="support_site.broker:Transport" if app.conf.broker_url == "filesystem://" else None,
    broker_connection_retry_on_startup=True,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    beat_schedule={
        # A round of these that was not made in time is made by the next one.
        "recover-turns": every(5, "support_site.chat.tasks.recover_turns"),
        "reconcile": every(5, "support_site.memory.tasks.reconcile"),
        "deliver-webhooks": every(10, "support_site.orders.tasks.deliver_webhooks"),
        "sweep-logs": {"task": "support_site.chat.tasks.sweep_logs", "schedule": crontab(minute=17)},
        "sweep-memories": {"task": "support_site.memory.tasks.sweep", "schedule": crontab(minute=27)},
        "sweep-webhooks": {"task": "support_site.orders.tasks.sweep_webhooks", "schedule": crontab(hour=3, minute=17)},
        "check-the-store": {"task": "support_site.memory.tasks.check", "schedule": crontab(hour=3, minute=37)},
    },
)
app.autodiscover_tasks()
