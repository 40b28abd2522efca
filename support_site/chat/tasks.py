"""Celery tasks of the chat: ids in, nothing out. The heavy imports happen where the work is."""

import logging
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from support_site.chat import budgets, handover, notices
from support_site.chat.log import turn_log
from support_site.chat.loops import worker_loop
from support_site.chat.models import Turn
from support_site.chat.recovery import recover
from support_site.chat.turns import next_turn
from support_site.threads import in_thread

logger = logging.getLogger(__name__)

RECOVER_EVERY_SECONDS = 5.0
KEEP_LOGS = timedelta(hours=1)
#: A broker that took so long to fail hangs; then it is asked again after so long, by one who may take so long.
HANGS_SECONDS, LEFT_ALONE_SECONDS, ASKED_BY_NOW_SECONDS = 1.0, 2.0, 10.0


@shared_task
def answer(turn_id: str) -> None:
    """Answer a turn, if it is to be answered now; then see to what follows it."""
    worker_loop().run(_answer(UUID(turn_id)))


async def _answer(turn_id: UUID) -> None:
    """Nothing of it touches the database on Celery's own thread: hundreds that end at once would open a connection
    each."""
    from support_site.chat.agent import site_agent
    from support_site.chat.running import run_turn

    if handover.has_begun():  # for another worker
        await in_thread(enqueue, pool="tasks")(answer, turn_id)
        return
    status = await run_turn(turn_id, find_agent=site_agent)
    if status in Turn.FINISHED:
        await in_thread(follow_up, pool="tasks")(turn_id)


@shared_task
def learn(turn_id: str) -> None:
    """Remember what the customer told in a turn. Not tried again by itself: ``recover_turns`` knows when."""
    from agents.errors import ModelError
    from agents.store.errors import StoreError
    from support_site.chat.learning import learn_from

    try:
        worker_loop().run(learn_from(UUID(turn_id)))
    except (ModelError, StoreError) as error:
        logger.warning("turn %s: not learned from yet (%s)", turn_id, type(error).__name__)


@shared_task
def learn_from_people(conversation_id: str) -> None:
    """Remember what the customer told and the team promised while no agent answered; what fails, the next look at
    quiet conversations tries again."""
    from agents.errors import ModelError
    from agents.store.errors import StoreError
    from support_site.chat import learning

    try:
        worker_loop().run(learning.learn_from_people(UUID(conversation_id)))
    except (ModelError, StoreError) as error:
        logger.warning("conversation %s: not learned from yet (%s)", conversation_id, type(error).__name__)


@shared_task
def learn_from_quiet_people() -> None:
    """Every few minutes: the same where nobody has written for a while."""
    from support_site.chat.learning import quiet_conversations

    for conversation_id in quiet_conversations():
        enqueue(learn_from_people, conversation_id)


@shared_task
def recover_turns() -> None:
    """Make the tasks that got lost; they expire, because the next round would make them again."""
    recovered = recover()
    for task, turn_ids in ((answer, recovered.to_answer), (learn, recovered.to_learn)):
        for turn_id in turn_ids:
            enqueue(task, turn_id, expires=2 * RECOVER_EVERY_SECONDS)


@shared_task
def look_after_store() -> None:
    """See whether the store is back that a turn has found down."""
    from support_site.memory.stores import store_answers

    if notices.store_is_down() and store_answers():
        notices.store_is_back()


@shared_task
def sweep_logs() -> None:
    """Drop the logs of turns that are long over, and what was used on days long past."""
    logger.info("%d events swept", turn_log().sweep(KEEP_LOGS))
    logger.info("%d days of spending swept", budgets.sweep())


def follow_up(turn_id: UUID) -> None:
    """Make the tasks that follow the end of a turn: to learn from it, and to answer what was queued behind it."""
    status, conversation_id = Turn.objects.values_list("status", "conversation_id").get(pk=turn_id)
    if status != Turn.Status.FAILED:
        enqueue(learn, turn_id)
    following = next_turn(conversation_id)
    if following:
        enqueue(answer, following.pk)


def enqueue(task: Task, turn_id: UUID, **options: Any) -> None:
    """Make a task once the transaction is kept. With the broker down it is left to ``recover_turns``."""

    def send() -> None:
        began = time.monotonic()
        if began < _hanging.until:
            return
        if _hanging.until:  # one asks, and nobody else until that has an answer or should have
            _hanging.until = began + ASKED_BY_NOW_SECONDS
        try:
            task.apply_async((str(turn_id),), **options)
            _hanging.until = 0.0
        except OperationalError as error:
            logger.warning("turn %s: the broker does not answer (%s)", turn_id, type(error).__name__)
            now = time.monotonic()
            _hanging.until = now + LEFT_ALONE_SECONDS if now - began >= HANGS_SECONDS else 0.0

    transaction.on_commit(send)


class _Hanging:
    """A broker that hangs, and not one that is gone, holds whoever asks it for seconds: the threads that keep messages.
    So it is left alone ``until`` then (``time.monotonic``, 0 for a broker that is well)."""

    until = 0.0


_hanging = _Hanging()
