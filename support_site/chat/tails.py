"""The turns that one socket follows."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from support_site.chat.log import turn_log
from support_site.chat.retelling import retell_waiting
from support_site.chat.shapes import TurnState
from support_site.chat.tailing import follow
from support_site.threads import in_thread


class Tails:
    """One task for each turn that is followed, and how far the browser has been told of each."""

    def __init__(self, tasks: asyncio.TaskGroup, put: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._tasks = tasks
        self._put = put
        self._told: dict[UUID, int] = {}
        self._following: dict[UUID, asyncio.Task[None]] = {}

    @property
    def told(self) -> dict[UUID, int]:
        """The last number that the browser was told of each turn."""
        return dict(self._told)

    async def begin(self, cursors: Mapping[UUID, int]) -> None:
        """Forget what was followed and told; the browser has this much of each turn."""
        following = list(self._following.values())
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        self._told = dict(cursors)

    def follow(self, state: TurnState) -> None:
        """Tell what there is of a turn and what comes, unless that is being done or there is nothing to tell."""
        turn_id = state.turn_id
        is_told = state.is_finished and state.last_seq <= self._told.get(turn_id, 0)
        if turn_id not in self._following and not is_told:
            self._following[turn_id] = self._tasks.create_task(self._tell(turn_id, is_lost=state.is_lost))

    async def _tell(self, turn_id: UUID, *, is_lost: bool) -> None:
        try:
            if is_lost:
                await in_thread(retell_waiting)(turn_id)
            async for seq, event in follow(turn_log(), turn_id, self._told.get(turn_id, 0)):
                await self._put({"type": "event", "turn": str(turn_id), "seq": seq, "event": event})
                self._told[turn_id] = seq
        finally:
            self._following.pop(turn_id, None)
