"""One attempt at a turn: the agent runs, its events go into the log, what it says is kept."""

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from agents.context import RunContext
from agents.errors import ModelError
from agents.events import AgentEvent
from agents.runner import Continue, Decide, Drained, Say, TurnInput
from agents.store.errors import StoreError
from support_site.chat import endings, leases
from support_site.chat.beginnings import Beginning
from support_site.chat.leases import Held, LeaseLost
from support_site.chat.log import Fenced, turn_log
from support_site.chat.models import Turn
from support_site.chat.outages import OUTAGES
from support_site.chat.telling import Telling
from support_site.chat.writing import LogWriter
from support_site.threads import in_thread

logger = logging.getLogger(__name__)

Status = Turn.Status

#: Whoever asks to stop wakes this worker, wherever it is (``hub.py``); a look is for what got lost on the way.
LOOK_SECONDS = 2.5


class Agent(Protocol):
    """What a turn needs of ``agents.runner.SupportAgent`` (and of ``chat.agent.SiteAgent``)."""

    model_name: str

    def astream(self, turn_input: TurnInput, *, thread_id: str, context: RunContext) -> AsyncIterator[AgentEvent]: ...
    async def message_ids(self, thread_id: str) -> set[str]: ...
    async def keep_partial(self, thread_id: str, message_id: str, text: str) -> None: ...
    async def prune(self, thread_id: str) -> bool: ...
    def drain(self) -> None: ...


@dataclass(frozen=True)
class End:
    """How an attempt ended: with a status of the turn, or without one because somebody else goes on with it."""

    status: str | None
    error_code: str = ""
    try_again_at: datetime | None = None


#: Another worker has the turn: nothing more may be written.
LOST = End(None, "lost")
#: Somebody else wrote into the log: a successor, or the last word of a dead attempt that this one did not know of.
FENCED = End(None, "fenced")
#: This worker stops; the turn goes on where it is, elsewhere or later.
HANDED_OVER = End(None, "handed_over")

#: A database is away and nothing can be kept; when it is back, or the lease has run out, the next attempt goes on.
AWAY = End(None, "away")

#: The attempt came to nothing and the turn is free: it must begin anew.
ANEW = "anew"

#: How the turn is given up for it; whether it was.
_FOR_ANOTHER_ATTEMPT = {FENCED: in_thread(leases.release), AWAY: leases.release_when_back}


class Answer:
    """An attempt, held by a lease. Two tasks beside the work: one writes the log, one looks after the lease."""

    def __init__(self, beginning: Beginning, find_agent: Callable[[], Awaitable[Agent]], woken: asyncio.Event) -> None:
        """``woken`` is set whenever somebody wants to stop the turn, from before it was claimed."""
        self._beginning = beginning
        self._lease = beginning.lease
        self._turn = beginning.lease.turn
        self.turn_id = self._turn.pk
        self._thread_id = str(self._turn.conversation_id)
        self._find_agent = find_agent
        self._woken = woken
        self._agent: Agent | None = None
        self._writer = LogWriter(turn_log(), self._turn.pk, beginning.last_seq)
        self._telling = Telling(self._lease, self._writer)
        self._interrupted: End | None = None
        self._is_ending = False

    async def run(self) -> str | None:
        """The status the turn has at the end of the attempt; None if this worker has no more say in it, or ANEW."""
        self._work = asyncio.create_task(self._converse())
        beside = [asyncio.create_task(self._write()), asyncio.create_task(self._look_after_lease())]
        try:
            end = await self._ended()
            return await self._close(end)
        except LeaseLost:
            return await self._close(LOST)
        except Fenced:
            return await self._close(FENCED)
        finally:
            await _cancel([self._work, *beside])

    def interrupt(self, end: End) -> None:
        """End the work now, and the attempt in this way; too late once the end is being kept."""
        if not self._is_ending and self._interrupted is None:
            self._interrupted = end
            self._work.cancel()

    def drain(self) -> None:
        if self._agent:
            self._agent.drain()

    async def _converse(self) -> End:
        self._agent = await self._find_agent()
        turn_input = await self._opening()
        while await self._stream(turn_input):
            self._writer.put(endings.done_event(Status.WAITING))
            await self._writer.written()
            decided = await self._pause()
            if not decided:
                return End(Status.WAITING)
            turn_input = self._decide(decided)
        return End(Status.DONE)

    async def _opening(self) -> TurnInput:
        """What to begin with: a customer's words, a decision, or where an earlier attempt left off."""
        beginning = self._beginning
        self._telling.begin()
        if not beginning.is_first:
            await self._go_on()
        if beginning.decided:
            return self._decide(beginning.decided)
        say = Say if beginning.is_first or self._turn.answer_anew else Continue
        return say(text=beginning.text, message_id=beginning.message_id, meanwhile=beginning.meanwhile)

    async def _go_on(self) -> None:
        """Take back what earlier attempts showed and the agent's thread does not know, or is asked to say anew."""
        assert self._agent
        known = await self._agent.message_ids(self._thread_id)
        void = [message for message in self._beginning.kept if str(message) not in known]
        void += self._beginning.stopped if self._turn.answer_anew else []
        cards = await in_thread(endings.drop_replies)(self._lease, void)
        self._telling.go_on(
            kept=self._beginning.kept,
            void=[*self._beginning.half_written, *void],
            # The log may not have been told that a reply took its cards with it.
            cards=[*cards, *(card for card in self._beginning.cards if card not in cards)],
        )

    async def _stream(self, turn_input: TurnInput) -> bool:
        """Run the agent; whether it waits for a decision."""
        assert self._agent
        context = RunContext(
            account_id=str(self._turn.conversation.account_id),
            conversation_id=self._thread_id,
            turn_id=str(self._turn.pk),
            message_id=self._beginning.message_id,
            memory_paused=self._turn.conversation.account.memory_paused,
            leaves_no_memory=self._turn.conversation.leaves_no_memory,
            situation_days=settings.RETENTION_SITUATIONS_DAYS,
        )
        self._telling.proposed.clear()
        async with aclosing(self._agent.astream(turn_input, thread_id=self._thread_id, context=context)) as events:  # type: ignore[type-var]
            async for event in events:
                await self._telling.take(event)
        return bool(self._telling.proposed)

    def _decide(self, decided: dict[str, dict[str, Any]]) -> Decide:
        self._telling.decided(decided)
        return Decide(decisions=decided)

    async def _pause(self) -> dict[str, dict[str, Any]]:
        self._is_ending = True
        decided = await in_thread(endings.pause)(self._lease, tally=self._telling.tally, last_seq=self._writer.last_seq)
        self._is_ending = not decided
        return decided

    async def _ended(self) -> End:
        """Wait for the work; every way in which it can end is an End."""
        try:
            async with asyncio.timeout(settings.TURN_TIMEOUT_SECONDS):
                return await self._work
        except TimeoutError:
            return self._interrupted or End(Status.FAILED, "turn_timed_out")
        except asyncio.CancelledError:
            if self._interrupted is None:
                raise  # the process is ending, and the lease with it
            return self._interrupted
        except LeaseLost:
            return LOST
        except Fenced:
            return FENCED
        except Drained:
            return HANDED_OVER
        except endings.StopAsked:
            return End(Status.STOPPED)
        except OUTAGES:
            return AWAY
        except Exception as error:  # noqa: BLE001  the turn fails, the worker lives; _failed logs it
            return self._failed(error)

    def _failed(self, error: Exception) -> End:
        """The error's text is not logged: it may quote what a person wrote."""
        if isinstance(error, ModelError):
            logger.warning("turn %s: %s", self._turn.pk, error)
            wait = error.retry_after
            return End(Status.FAILED, error.code, timezone.now() + timedelta(seconds=wait) if wait else None)
        trace = "".join(traceback.format_tb(error.__traceback__))
        logger.error("turn %s: %s\n%s", self._turn.pk, type(error).__name__, trace)
        return End(Status.FAILED, "store_unavailable" if isinstance(error, StoreError) else "failed")

    async def _close(self, end: End) -> str | None:
        """Keep the end of the attempt, then tell it."""
        self._say_how(end)
        if end in (HANDED_OVER, FENCED):
            await in_thread(endings.book)(self._lease, self._telling.tally)
        if end is HANDED_OVER:
            await self._telling.keep_last_reply()
            await self._writer.written()
            await in_thread(leases.release)(self._lease)
        elif end in _FOR_ANOTHER_ATTEMPT and await _FOR_ANOTHER_ATTEMPT[end](self._lease):
            return ANEW
        elif end.status in Turn.FINISHED:
            await self._tidy(end)
            await self._writer.written()
            await self._finish(end)
        return end.status

    def _say_how(self, end: End) -> None:
        logger.info("turn %s, attempt %d: %s", self._turn.pk, self._turn.attempt, end.error_code or end.status)

    async def _tidy(self, end: End) -> None:
        """Keep what was being written as stopped, or take it back; leave the agent's thread fit for the next turn."""
        if end.status == Status.STOPPED:
            reply = await self._telling.cut_short()
            await self._on_thread("keep_partial", str(reply.id) if reply else "", reply.text if reply else "")
        elif end.status == Status.DONE:
            await self._on_thread("prune")
        self._telling.take_back()
        await self._telling.keep_cards()

    async def _finish(self, end: End) -> None:
        self._is_ending = True
        await in_thread(endings.finish)(
            self._lease,
            str(end.status),
            tally=self._telling.tally,
            last_seq=self._writer.last_seq,
            model=self._agent.model_name if self._agent else "",
            error_code=end.error_code,
            try_again_at=end.try_again_at,
            handed_off=self._telling.is_handed_off,
            reply=self._telling.last_reply,
        )

    async def _on_thread(self, verb: str, *arguments: str) -> None:
        """Housekeeping in the agent's thread, which must not spoil the end of a turn."""
        if self._agent is None:
            return
        try:
            await getattr(self._agent, verb)(self._thread_id, *arguments)
        except Exception as error:  # noqa: BLE001  logged; the next turn heals the thread by itself
            logger.warning("turn %s: %s failed (%s)", self._turn.pk, verb, type(error).__name__)

    async def _write(self) -> None:
        try:
            await self._writer.run()
        except Fenced:
            self.interrupt(FENCED)

    async def _look_after_lease(self) -> None:
        """Renew the lease, and hear "stop": when woken, else at the next look."""
        expires = time.monotonic() + leases.LEASE.total_seconds()
        if self._turn.stop_requested:  # of an attempt before
            self.interrupt(End(Status.STOPPED))
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS)
            self._woken.clear()
            with suppress(DatabaseError, InterfaceError):
                held = await in_thread(leases.renew)(self._lease)
                expires = time.monotonic() + leases.RENEW_BELOW.total_seconds()
                if held is not Held.YES:
                    self.interrupt(End(Status.STOPPED) if held is Held.STOP else LOST)
            if time.monotonic() > expires:
                self.interrupt(LOST)


async def _cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
