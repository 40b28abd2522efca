"""The agent's state of conversations (LangGraph's checkpoints and writes), for callers without an event loop."""

import asyncio
from collections.abc import Iterable

from django.conf import settings

from agents.checkpoints import has_thread, leave_no_traces, open_checkpointer


def count(thread_ids: Iterable[str]) -> int:
    """How many of these threads have a checkpoint."""
    return asyncio.run(_count(list(thread_ids)))


def forget(thread_ids: Iterable[str]) -> None:
    """Delete all checkpoints and writes of these threads."""
    asyncio.run(_forget(list(thread_ids)))


def clean_file() -> None:
    """Leave nothing of what was deleted in the file (``agents.checkpoints.leave_no_traces``)."""
    asyncio.run(_clean_file())


async def _count(thread_ids: list[str]) -> int:
    async with open_checkpointer(_place()) as saver:
        return sum([await has_thread(saver, thread_id) for thread_id in thread_ids])


async def _forget(thread_ids: list[str]) -> None:
    async with open_checkpointer(_place()) as saver:
        for thread_id in thread_ids:
            await saver.adelete_thread(thread_id)


async def _clean_file() -> None:
    async with open_checkpointer(_place()) as saver:
        await leave_no_traces(saver)


def _place() -> str:
    return settings.DATABASE_URL if settings.SERVICE_MODE else str(settings.CHECKPOINT_FILE)
