"""Celery tasks of the review desk: ids in, nothing out. The heavy imports happen where the work is."""

from uuid import UUID

from celery import shared_task

from support_site.chat.loops import worker_loop
from support_site.review import replay as replays


@shared_task
def rehearse(replay_id: str) -> None:
    """Let the agent answer once more, with an edited memory."""
    from support_site.review.rehearsal import rehearse as run

    worker_loop().run(run(UUID(replay_id)))


@shared_task
def sweep_replays() -> int:
    """Every hour: drop replays that are a day old. Returns how many."""
    return replays.sweep()
