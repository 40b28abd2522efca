"""A worker that is told to end begins no turn any more; what it has begun comes to an end or goes to another."""

import logging
import threading

from support_site.chat.loops import worker_loop

logger = logging.getLogger(__name__)

#: The time a running answer has to come to the end of a step.
GRACE_SECONDS = 5.0

_has_begun = threading.Event()


def begin() -> None:
    """Hand over from now on. Returns at once: it is called where a signal interrupted something."""
    if not _has_begun.is_set():
        _has_begun.set()
        threading.Thread(target=_hand_over, name="handover").start()


def has_begun() -> bool:
    return _has_begun.is_set()


def _hand_over() -> None:
    from support_site.chat.running import drain
    from support_site.chat.tasks import answer, enqueue

    left = worker_loop().run(drain(GRACE_SECONDS))
    for turn_id in left:
        enqueue(answer, turn_id)
    logger.info("%d turns handed over", len(left))
