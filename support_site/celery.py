"""The Celery app: work that outlives a request. Where its broker is, settings.py says."""

import os
from typing import Any
from urllib.parse import urlsplit

from celery import Celery, bootsteps, signals
from celery.schedules import crontab

from support_site import outage_lines

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "support_site.settings")


#: Kombu's own would let a reader of a folder see half a message, and end a worker whose Redis goes away.
TRANSPORTS = {
    "filesystem": "support_site.broker:Transport",
    "redis": "support_site.redis_broker:Transport",
    "rediss": "support_site.redis_broker:Transport",
}
#: Turns are apart from all other work, so that a flood of it keeps no customer waiting: not for an answer, and not for
#: one that has to be taken up again. What asks the model and follows every turn is apart from the short rounds of beat.
QUEUES = {"turns": ("answer", "recover_turns"), "learning": ("learn", "learn_from_people")}


def every(seconds: float, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": float(seconds), "options": {"expires": seconds}}


@signals.setup_logging.connect
def keep_logging(**_: Any) -> None:
    """Django has set logging up; Celery would change the level, and add lines of its own form."""


@signals.worker_init.connect
@signals.beat_init.connect
def show_metrics(**_: Any) -> None:
    from django.conf import settings

    if settings.METRICS_PORT:
        from support_site import metrics_port

        metrics_port.serve(settings.METRICS_PORT)


@signals.worker_ready.connect
def warm_up(**_: Any) -> None:
    from support_site.chat import warming

    warming.warm_up()


@signals.after_task_publish.connect
def broker_took_a_task(**_: Any) -> None:
    outage_lines.answers("the broker")


class BrokerAnswers(bootsteps.StartStopStep):
    """What a worker does whenever it has a connection to the broker."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, parent: Any) -> None:
        outage_lines.answers("the broker")


@signals.worker_shutting_down.connect
def hand_over(**_: Any) -> None:
    from support_site.chat import handover

    handover.begin()


app = Celery("support_site", amqp="support_site.redis_broker:Queues")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    broker_transport=TRANSPORTS.get(urlsplit(app.conf.broker_url).scheme),
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_default_queue="background",
    task_routes={
        f"support_site.chat.tasks.{task}": {"queue": queue} for queue, tasks in QUEUES.items() for task in tasks
    },
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # Once more at once: a connection does not outlive its broker. What is not made now is made by a later round.
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_max": 0},
    worker_prefetch_multiplier=1,
    worker_enable_remote_control=False,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    beat_schedule={
        # A round of these that was not made in time is made by the next one.
        "recover-turns": every(5, "support_site.chat.tasks.recover_turns"),
        "look-after-store": every(5, "support_site.chat.tasks.look_after_store"),
        "reconcile": every(5, "support_site.memory.tasks.reconcile"),
        "deliver-webhooks": every(10, "support_site.orders.tasks.deliver_webhooks"),
        "sweep": {"task": "support_site.privacy.tasks.sweep", "schedule": crontab(hour=2, minute=17)},
        "watch-for-leaks": every(600, "support_site.privacy.tasks.watch_for_leaks"),
        "resume-privacy": every(60, "support_site.privacy.tasks.resume"),
        "learn-from-quiet-people": every(300, "support_site.chat.tasks.learn_from_quiet_people"),
        "sweep-logs": {"task": "support_site.chat.tasks.sweep_logs", "schedule": crontab(minute=17)},
        "sweep-memories": {"task": "support_site.memory.tasks.sweep", "schedule": crontab(minute=27)},
        "erase-forgotten": {"task": "support_site.memory.tasks.erase_forgotten", "schedule": crontab(minute=47)},
        "sweep-replays": {"task": "support_site.review.tasks.sweep_replays", "schedule": crontab(minute=57)},
        "sweep-webhooks": {"task": "support_site.orders.tasks.sweep_webhooks", "schedule": crontab(hour=3, minute=17)},
        "check-the-store": {"task": "support_site.memory.tasks.check", "schedule": crontab(hour=3, minute=37)},
    },
)
app.steps["consumer"].add(BrokerAnswers)
app.autodiscover_tasks()
