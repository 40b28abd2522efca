"""The Celery app: work that outlives a request. Settings are in settings.py, under CELERY_."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "support_site.settings")

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
        "recover-turns": {
            "task": "support_site.chat.tasks.recover_turns",
            "schedule": 5.0,
            # A round that was not made in time is made by the next one.
            "options": {"expires": 5},
        },
        "sweep-logs": {"task": "support_site.chat.tasks.sweep_logs", "schedule": crontab(minute=17)},
    },
)
app.autodiscover_tasks()
