"""What is looked at now and then for all sockets of a process: by a few tasks, and not by a few for each socket."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from typing import Protocol
from uuid import UUID

from support_site.chat.hub import hub
from support_site.chat.inbox import SIGNALS_LOST, Inbox
from support_site.chat.outages import OUTAGES
from support_site.chat.outbox import SEND_SECONDS, Outbox
from support_site.chat.sessions import signed_in
from support_site.threads import in_thread

logger = logging.getLogger(__name__)

CHECK_SESSIONS_SECONDS = 60.0
#: By then the channel layer, too, has come back to a Redis that was away.
LAYER_SECONDS = 1.5
#: Nobody says anything under this key; who watches it is woken when the hub has lost Redis and is back.
HEARING = ("hearing", UUID(int=0))


class Watched(Protocol):
    """A visit, as far as it is looked at."""

    session_key: str | None
    user_id: int | None
    inbox: Inbox
    outbox: Outbox

    def end(self, code: int) -> None: ...


class Lookout:
    """Works as long as there is somebody to look after."""

    def __init__(self) -> None:
        self._visits: set[Watched] = set()
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def over(self, visit: Watched) -> Iterator[None]:
        """Look after the visit: it is ended with a code, or told that signals were lost."""
        self._visits.add(visit)
        if self._looking is None or self._looking.done():
            # In a context of its own: its lines in the log are not about this visit.
            self._looking = asyncio.get_running_loop().create_task(self._look(), context=Context())
        try:
            yield
        finally:
            self._visits.discard(visit)
            if not self._visits:
                self._looking.cancel()
                self._looking = None

    async def _look(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                for work in (self._end_slow_readers(), self._end_signed_out(), self._make_up_for_lost_signals()):
                    tasks.create_task(work)
        except* Exception as errors:  # noqa: BLE001  logged; the pages come back, and with them another lookout
            logger.error("the lookout failed: %s", ", ".join(type(error).__name__ for error in errors.exceptions))
            for visit in self._visits:
                visit.end(1011)

    async def _end_slow_readers(self) -> None:
        while True:
            await asyncio.sleep(SEND_SECONDS / 2)
            for visit in self._visits:
                if visit.outbox.is_stuck:
                    visit.end(4408)

    async def _end_signed_out(self) -> None:
        """Sessions end by time, and users are deactivated, without anybody who says so."""
        while True:
            await asyncio.sleep(CHECK_SESSIONS_SECONDS)
            visits = list(self._visits)
            try:
                users = {key: await in_thread(signed_in)(key) for key in {visit.session_key for visit in visits}}
            except OUTAGES as error:
                logger.warning("sessions are not checked: the database does not answer (%s)", type(error).__name__)
                continue
            for visit in self._visits.intersection(visits):
                user = users[visit.session_key]
                if user is None or user.pk != visit.user_id:
                    visit.end(4401)

    async def _make_up_for_lost_signals(self) -> None:
        """While Redis was away, what was signalled was heard by nobody."""
        with hub.watch(HEARING) as news:
            await news.wait()  # heard for the first time
            while True:
                news.clear()
                await news.wait()
                await asyncio.sleep(LAYER_SECONDS)
                for visit in self._visits:
                    visit.inbox.tell(SIGNALS_LOST)


#: The lookout of this process.
lookout = Lookout()
