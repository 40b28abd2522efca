"""One tab at one conversation, from admission to the close code. It translates: frames into verbs, and signals and
log entries into frames."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied

from support_site.accounts.access import of_account
from support_site.accounts.models import User
from support_site.chat import edges, noted, ratings, shapes, signals
from support_site.chat.actions import Decision
from support_site.chat.addresses import address_of
from support_site.chat.frames import BadFrame, Frame
from support_site.chat.hub import hub
from support_site.chat.models import Conversation
from support_site.chat.naming import model_name
from support_site.chat.notices import notices
from support_site.chat.outbox import Outbox, TooSlow
from support_site.chat.presence import Crowded, counted
from support_site.chat.ratings import Vote
from support_site.chat.sentences import MAX_LENGTH, Limited, Refused, sentence
from support_site.chat.sessions import is_signed_in
from support_site.chat.tails import Tails
from support_site.metrics import REFUSED
from support_site.threads import in_thread

logger = logging.getLogger(__name__)

CHECK_SESSION_SECONDS = 60.0
#: By then the channel layer, too, has come back to a Redis that was away.
LAYER_SECONDS = 1.5


class Close(Exception):
    """The socket is to be closed with this code (docs/protocol.md has the list)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Groups(Protocol):
    """The groups of the channel layer, for one socket."""

    async def join(self, group: str) -> None: ...
    async def leave(self, group: str) -> None: ...


class Visit:
    """Works through what comes in, one after the other; the outbox and the tails work beside it."""

    def __init__(
        self,
        *,
        scope: dict[str, Any],
        inbox: "asyncio.Queue[Frame | BadFrame]",
        send: Callable[[dict[str, Any]], Awaitable[None]],
        groups: Groups,
    ) -> None:
        self._user: User = scope["user"]
        self._session_key: str | None = scope["session"].session_key
        self._address = address_of(scope)
        self._conversation_id: UUID = scope["url_route"]["kwargs"]["conversation_id"]
        self._inbox = inbox
        self._outbox = Outbox(send)
        self._groups = groups
        self._has_said_hello = False
        self._verbs: dict[str, Callable[..., Awaitable[None]]] = {
            "hello": self._hello,
            "message.send": self._message_send,
            "turn.stop": self._turn_stop,
            "turn.retry": self._turn_retry,
            "action.decide": self._action_decide,
            "message.rate": self._message_rate,
            "memory.decide": self._memory_decide,
            "ping": self._ping,
        }
        self._news: dict[str, Callable[..., Awaitable[None]]] = {
            "message.kept": self._show_message,
            "turn.changed": self._show_turn,
            "person.changed": self._show_who_answers,
            "signals.lost": self._tell_anew,
            "site.changed": self._show_notices,
            "conversation.deleted": self._end_conversation,
            "session.revoked": self._end_session,
        }

    async def serve(self) -> int:
        """Run until the site has a reason to end the visit: the close code."""
        code = 1011
        try:
            self._conversation = await self._admit()
            async with self._present(), asyncio.TaskGroup() as tasks:
                self._tails = Tails(tasks, self._outbox.put)
                for work in (self._outbox.watch(), self._work_through_inbox(), self._watch_session(), self._miss()):
                    tasks.create_task(work)
        except* Close as closing:
            code = _code_of(closing)
        except* TooSlow:
            code = 4408
        except* OSError:  # the reader left while something was sent
            logger.debug("a socket was gone")
        except* Crowded:
            code = 4409
        except* Exception as errors:  # noqa: BLE001  logged; the page comes back by itself
            logger.error("a socket failed: %s", ", ".join(type(error).__name__ for error in errors.exceptions))
        return code

    async def _admit(self) -> Conversation:
        """The conversation, if it is of the visitor's account. Raises Close."""
        if not self._user.is_authenticated:
            raise Close(4401)
        try:
            conversation = await in_thread(_find)(self._user, self._conversation_id)
        except PermissionDenied as error:
            raise Close(4404) from error
        if conversation is None:
            raise Close(4404)
        return conversation

    @asynccontextmanager
    async def _present(self) -> AsyncIterator[None]:
        """Counted, and within reach of signals."""
        groups = [signals.conversation_group(self._conversation.pk), signals.session_group(str(self._session_key))]
        groups.append(signals.SITE_GROUP)
        async with counted(self._conversation.account_id, self._address):
            try:
                for group in groups:
                    await self._groups.join(group)
                yield
            finally:
                for group in groups:
                    await self._groups.leave(group)

    async def _watch_session(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SESSION_SECONDS)
            await self._check_session()

    async def _check_session(self) -> None:
        if not await in_thread(is_signed_in)(self._session_key, self._user.pk):
            raise Close(4401)

    async def _work_through_inbox(self) -> None:
        while True:
            frame = await self._inbox.get()
            if isinstance(frame, BadFrame):
                await self._error("bad_frame", frame.ref)
            elif frame.type in self._news:
                await self._news[frame.type](**frame.fields)
            else:
                await self._obey(frame)

    async def _obey(self, frame: Frame) -> None:
        """Do what the browser asks for; what cannot be done is answered with an error, and the socket lives."""
        ref = next(
            (str(frame.fields[name]) for name in ("id", "action", "turn", "message") if name in frame.fields), None
        )
        await self._check_session()
        try:
            if not self._has_said_hello and frame.type != "hello":
                raise Refused("hello_first")
            await self._verbs[frame.type](**frame.fields)
        except Limited as limited:
            REFUSED.labels(limited.why).inc()
            told = {"message": sentence(limited.why), "retry_after": limited.retry_after}
            await self._error("limited", ref, retryable=True, **told)
        except Refused as refused:
            await self._error(refused.code, ref)
        except Exception as error:  # noqa: BLE001  told to the person and logged, without what they wrote
            logger.error("%s failed: %s", frame.type, type(error).__name__)
            await self._error("site_failed", ref, retryable=True)

    async def _error(self, code: str, ref: str | None, *, retryable: bool = False, **more: Any) -> None:
        told = {"ref": ref, "code": code, "message": sentence(code), "retryable": retryable}
        await self._outbox.put({"type": "error", **told, **more})

    # --- What the browser says

    async def _hello(self, cursors: dict[UUID, int]) -> None:
        await self._tails.begin(cursors)
        shown = await in_thread(shapes.snapshot)(self._conversation)
        model = {"name": model_name(), "offline": settings.OFFLINE_MODEL}
        ready = {"v": 1, "conversation": str(self._conversation_id), "model": model, "max_length": MAX_LENGTH}
        ready["notices"] = await in_thread(notices)()
        await self._outbox.put({"type": "ready", **ready})
        await self._outbox.put(shown)
        self._has_said_hello = True
        known = {UUID(turn["id"]) for turn in shown["turns"]} | cursors.keys()
        for state in await in_thread(shapes.turn_states)(self._conversation, known):
            if state.turn_id in cursors or not state.is_finished:  # else the snapshot has all of it
                self._tails.follow(state)

    async def _message_send(self, id: UUID, text: str) -> None:
        accepted = await in_thread(edges.send)(
            self._conversation, self._user, client_id=id, text=text, address=self._address
        )
        turn = str(accepted.turn.pk) if accepted.turn else None
        await self._outbox.put({"type": "ack", "id": str(id), "turn": turn, "status": accepted.status})

    async def _turn_stop(self, turn: UUID) -> None:
        await in_thread(edges.stop)(self._conversation, turn)

    async def _turn_retry(self, turn: UUID) -> None:
        await in_thread(edges.retry)(self._conversation, turn, self._address)
        await self._outbox.put({"type": "ack", "id": str(turn), "turn": str(turn), "status": "accepted"})

    async def _action_decide(self, action: str, digest: str, decision: Decision) -> None:
        decide = in_thread(edges.decide)
        await decide(self._conversation, self._user, action_id=action, digest=digest, decision=decision)

    async def _message_rate(self, message: UUID, vote: Vote, reason: str) -> None:
        await in_thread(ratings.rate)(self._conversation, message, vote=vote, reason=reason)

    async def _memory_decide(self, message: UUID, memory: str, decision: noted.Decision, text: str) -> None:
        decide = in_thread(edges.decide_note)
        await decide(self._conversation, message, memory=memory, decision=decision, text=text)

    async def _ping(self, t: float) -> None:
        await self._outbox.put({"type": "pong", "t": t})

    # --- What happens in the conversation

    async def _show_message(self, message: UUID) -> None:
        shown = await in_thread(shapes.kept_message)(self._conversation, message)
        if shown and self._has_said_hello:
            await self._outbox.put({"type": "message", "message": shown})

    async def _show_turn(self, turn: UUID) -> None:
        if not self._has_said_hello:
            return
        for state in await in_thread(shapes.turn_states)(self._conversation, {turn}):
            await self._outbox.put({"type": "turn", "turn": state.shape})
            self._tails.follow(state)

    async def _show_who_answers(self) -> None:
        if self._has_said_hello:
            needs_person = await in_thread(shapes.needs_person)(self._conversation)
            await self._outbox.put({"type": "person", "needs_person": needs_person})

    async def _show_notices(self) -> None:
        if self._has_said_hello:
            await self._outbox.put({"type": "notices", "notices": await in_thread(notices)()})

    async def _miss(self) -> None:
        """Notice when Redis was away: what was signalled meanwhile was heard by nobody."""
        with hub.watch(("conversation", self._conversation.pk)) as news:
            await news.wait()  # heard for the first time
            while True:
                news.clear()
                await news.wait()
                await asyncio.sleep(LAYER_SECONDS)
                await self._inbox.put(Frame("signals.lost", {}))

    async def _tell_anew(self) -> None:
        if self._has_said_hello:
            await self._hello(self._tails.told)

    async def _end_conversation(self) -> None:
        raise Close(4404)

    async def _end_session(self) -> None:
        raise Close(4401)


def _find(user: User, conversation_id: UUID) -> Conversation | None:
    return of_account(Conversation.objects.all(), user).filter(pk=conversation_id).first()


def _code_of(closing: BaseExceptionGroup[Close]) -> int:
    first = closing.exceptions[0]
    return first.code if isinstance(first, Close) else _code_of(first)
