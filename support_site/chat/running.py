"""The answers that this process is writing: each begun, watched to its end, or handed over when the process stops."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from support_site.chat.answering import ANEW, HANDED_OVER, Agent, Answer
from support_site.chat.beginnings import begin
from support_site.chat.hub import hub
from support_site.chat.leases import MAX_ATTEMPTS
from support_site.logs import about
from support_site.threads import in_thread

_running: dict[Answer, "asyncio.Future[str | None]"] = {}


async def run_turn(turn_id: UUID, *, find_agent: Callable[[], Awaitable[Agent]]) -> str | None:
    """Answer the turn. The status it has then; None if it is not to be answered now, or by somebody else."""
    with hub.watch(("turn", turn_id)) as woken:
        for _ in range(MAX_ATTEMPTS):
            beginning = await in_thread(begin)(turn_id)
            if beginning is None:
                return None
            about(turn=turn_id, conversation=beginning.lease.turn.conversation_id)
            status = await _watched(Answer(beginning, find_agent, woken))
            if status != ANEW:
                return status
    return None  # recover_turns takes it up


async def _watched(answer: Answer) -> str | None:
    _running[answer] = asyncio.ensure_future(answer.run())
    try:
        return await _running[answer]
    finally:
        del _running[answer]


async def drain(grace_seconds: float) -> list[UUID]:
    """Let the running answers come to the end of a step, then hand over those that have not. The turns that somebody
    else has to go on with; those that cannot even be handed over in time go on when their leases have run out."""
    running = dict(_running)
    for answer in running:
        answer.drain()
    if running:
        await asyncio.wait(running.values(), timeout=grace_seconds)
    for answer in running:
        answer.interrupt(HANDED_OVER)
    if running:
        await asyncio.wait(running.values(), timeout=grace_seconds)
    return [answer.turn_id for answer, future in running.items() if _is_left(future)]


def _is_left(future: "asyncio.Future[str | None]") -> bool:
    return future.done() and not future.cancelled() and not future.exception() and future.result() is None
