"""One tab at one conversation, from admission to the close code. It translates: frames into verbs, and signals and
log entries into frames."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, NoReturn
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied

from support_site.accounts.access import of_account
from support_site.accounts.models import User
from support_site.chat import edges, noted, ratings, shapes, signals
from support_site.chat.actions import Decision
from support_site.chat.addresses import address_of
from support_site.chat.frames import BadFrame, Frame
from support_site.chat.inbox import Inbox
from support_site.chat.lookout import lookout
from support_site.chat.models import Conversation
from support_site.chat.naming import model_name
from support_site.chat.notices import notices
from support_site.chat.outbox import Outbox
from support_site.chat.presence import Crowded, counted
from support_site.chat.ratings import Vote
from support_site.chat.sentences import MAX_LENGTH, Limited, Refused, sentence
from support_site.chat.sessions import session_key_of, signed_in
from support_site.chat.tails import Tails
from support_site.metrics import REFUSED
from support_site.threads import in_thread

logger = logging.getLogger(__name__)

#: A socket may say hello so often at once, and then every so many seconds: each costs as much as opening the page.
HELLOS_AT_ONCE = 5
HELLO_SECONDS = 1.0


class Close(Exception):
    """The socket is to be closed with this code (docs/protocol.md has the list)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Visit:
    """Works through what comes in, one after the other; the tails of running turns work beside it.

    A process has thousands that are idle: each is one task that waits, and what has to be looked at now and then is
    looked at for all of them (``lookout.py``).
    """

    def __init__(
        self,
        scope: dict[str, Any],
        send: Callable[[dict[str, Any]], Awaitable[None]],
        join: Callable[[str], Awaitable[None]],
    ) -> None:
        self.session_key = session_key_of(scope)
        self.user_id: int | None = None
        self.inbox = Inbox()
        self.outbox = Outbox(send)
        self._join = join
        self._address = address_of(scope)
        self._conversation_id: UUID = scope["url_route"]["kwargs"]["conversation_id"]
        self._has_said_hello = False
        #: The message that was last said here and shown at once.
        self._said: UUID | None = None
        self._hellos_until = 0.0

    @property
    def groups(self) -> list[str]:
        """Where what happens is signalled; that of the account is joined once it is known."""
        return [signals.conversation_group(self._conversation_id), signals.SITE_GROUP]

    async def serve(self) -> int:
        """Run until the site has a reason to end the visit: the close code."""
        code = 1011
        try:
            await self._admit()
            async with counted(self._conversation.account_id, self._address), asyncio.TaskGroup() as self._tasks:
                self._tails = Tails(self._tasks, self.outbox.put)
                with lookout.over(self):
                    await self._work_through_inbox()
        except* Close as closing:
            code = _code_of(closing)
        except* OSError:  # the reader left while something was sent
            logger.debug("a socket was gone")
        except* Crowded:
            code = 4409
        except* Exception as errors:  # noqa: BLE001  logged; the page comes back by itself
            logger.error("a socket failed: %s", ", ".join(type(error).__name__ for error in errors.exceptions))
        return code

    def end(self, code: int) -> None:
        """Close the socket, whatever it is at."""
        self._tasks.create_task(_close(code))

    async def _admit(self) -> None:
        """Find the conversation, if it is of the visitor's account. Raises Close."""
        user = await self._signed_in()
        try:
            conversation = await in_thread(_find)(user, self._conversation_id)
        except PermissionDenied as error:
            raise Close(4404) from error
        if conversation is None:
            raise Close(4404)
        self.user_id, self._conversation = user.pk, conversation
        await self._join(signals.account_group(conversation.account_id))

    async def _signed_in(self) -> User:
        """Whoever this is still. Raises Close."""
        user = await in_thread(signed_in)(self.session_key)
        if user is None or self.user_id not in (None, user.pk):
            raise Close(4401)
        return user

    async def _work_through_inbox(self) -> None:
        while True:
            await self._take(await self.inbox.get())

    async def _take(self, frame: Frame | BadFrame) -> None:
        if isinstance(frame, BadFrame):
            await self._error("bad_frame", frame.ref)
        elif frame.type in self._NEWS:
            await self._NEWS[frame.type](self, **frame.fields)
        else:
            await self._obey(frame)

    async def _obey(self, frame: Frame) -> None:
        """Do what the browser asks for; what cannot be done is answered with an error, and the socket lives."""
        ref = next(
            (str(frame.fields[name]) for name in ("id", "action", "turn", "message") if name in frame.fields), None
        )
        user = await self._signed_in()
        try:
            if not self._has_said_hello and frame.type != "hello":
                raise Refused("hello_first")
            await self._VERBS[frame.type](self, user, **frame.fields)
        except Limited as limited:
            REFUSED.labels(limited.why).inc()
            told = {"message": sentence(limited.why), "retry_after": limited.retry_after}
            await self._error("limited", ref, retryable=True, **told)
        except Refused as refused:
            await self._error(refused.code, ref)
        except Exception as error:
            logger.error("%s failed: %s", frame.type, type(error).__name__)
            if not self._has_said_hello:  # a page that is not told all would wait for ever; it comes back by itself
                raise Close(1011) from error
            await self._error("site_failed", ref, retryable=True)

    async def _error(self, code: str, ref: str | None, *, retryable: bool = False, **more: Any) -> None:
        told = {"ref": ref, "code": code, "message": sentence(code), "retryable": retryable}
        await self.outbox.put({"type": "error", **told, **more})

    # --- What the browser says, for the user who is signed in

    async def _hello(self, user: User, cursors: dict[UUID, int]) -> None:
        now = time.monotonic()
        self._hellos_until = max(now, self._hellos_until) + HELLO_SECONDS
        # Whoever says it in a loop waits, and once the inbox is full is closed; a page that asks again is answered.
        await asyncio.sleep(self._hellos_until - now - HELLOS_AT_ONCE * HELLO_SECONDS)
        await self._show_all(cursors)

    async def _show_all(self, cursors: dict[UUID, int]) -> None:
        await self._tails.begin(cursors)
        shown = await in_thread(shapes.snapshot)(self._conversation)
        model = {"name": model_name(), "offline": settings.OFFLINE_MODEL}
        ready = {"v": 1, "conversation": str(self._conversation_id), "model": model, "max_length": MAX_LENGTH}
        ready["notices"] = await in_thread(notices)()
        await self.outbox.put({"type": "ready", **ready})
        await self.outbox.put(shown)
        self._has_said_hello = True
        known = {UUID(turn["id"]) for turn in shown["turns"]} | cursors.keys()
        for state in await in_thread(shapes.turn_states)(self._conversation, known):
            if state.turn_id in cursors or not state.is_finished:  # else the snapshot has all of it
                self._tails.follow(state)

    async def _message_send(self, user: User, id: UUID, text: str) -> None:
        accepted = await in_thread(edges.send)(self._conversation, user, client_id=id, text=text, address=self._address)
        turn = accepted.turn
        ack = {"id": str(id), "turn": str(turn.pk) if turn else None, "status": accepted.status}
        await self.outbox.put({"type": "ack", **ack})
        if accepted.status != "duplicate":  # shown as it is in hand; what signals it needs to read nothing then
            self._said = accepted.message.pk
            await self._put(shapes.message_shape(accepted.message), [shapes.unbegun(turn)] if turn else [])

    async def _turn_stop(self, user: User, turn: UUID) -> None:
        await in_thread(edges.stop)(self._conversation, turn)

    async def _turn_retry(self, user: User, turn: UUID) -> None:
        await in_thread(edges.retry)(self._conversation, turn, self._address)
        await self.outbox.put({"type": "ack", "id": str(turn), "turn": str(turn), "status": "accepted"})

    async def _action_decide(self, user: User, action: str, digest: str, decision: Decision) -> None:
        decide = in_thread(edges.decide)
        await decide(self._conversation, user, action_id=action, digest=digest, decision=decision)

    async def _message_rate(self, user: User, message: UUID, vote: Vote, reason: str) -> None:
        await in_thread(ratings.rate)(self._conversation, message, vote=vote, reason=reason)

    async def _memory_decide(self, user: User, message: UUID, memory: str, decision: noted.Decision, text: str) -> None:
        decide = in_thread(edges.decide_note)
        await decide(self._conversation, message, memory=memory, decision=decision, text=text)

    async def _ping(self, user: User, t: float) -> None:
        await self.outbox.put({"type": "pong", "t": t})

    # --- What happens in the conversation

    async def _show_message(self, message: UUID, turn: UUID | None) -> None:
        is_shown, self._said = message == self._said, None
        if self._has_said_hello and not is_shown:
            await self._put(*await in_thread(shapes.news)(self._conversation, message, turn))

    async def _show_turn(self, turn: UUID) -> None:
        if self._has_said_hello:
            await self._put(None, await in_thread(shapes.turn_states)(self._conversation, {turn}))

    async def _put(self, message: shapes.Shape | None, turns: list[shapes.TurnState]) -> None:
        if message:
            await self.outbox.put({"type": "message", "message": message})
        for state in turns:
            await self.outbox.put({"type": "turn", "turn": state.shape})
            self._tails.follow(state)

    async def _show_who_answers(self) -> None:
        if self._has_said_hello:
            needs_person = await in_thread(shapes.needs_person)(self._conversation)
            await self.outbox.put({"type": "person", "needs_person": needs_person})

    async def _show_memory(self) -> None:
        memory = await in_thread(shapes.kept_memory)(self._conversation)
        if memory and self._has_said_hello:
            await self.outbox.put({"type": "memory", "memory": memory})

    async def _show_notices(self) -> None:
        if self._has_said_hello:
            await self.outbox.put({"type": "notices", "notices": await in_thread(notices)()})

    async def _tell_anew(self) -> None:
        if self._has_said_hello:
            await self._show_all(self._tails.told)

    async def _end_conversation(self) -> None:
        raise Close(4404)

    async def _end_session(self) -> None:
        raise Close(4401)

    #: What the browser may ask for, and what may happen, by the type of the frame.
    _VERBS: ClassVar[dict[str, Callable[..., Awaitable[None]]]] = {
        "hello": _hello,
        "message.send": _message_send,
        "turn.stop": _turn_stop,
        "turn.retry": _turn_retry,
        "action.decide": _action_decide,
        "message.rate": _message_rate,
        "memory.decide": _memory_decide,
        "ping": _ping,
    }
    _NEWS: ClassVar[dict[str, Callable[..., Awaitable[None]]]] = {
        "message.kept": _show_message,
        "turn.changed": _show_turn,
        "person.changed": _show_who_answers,
        "memory.changed": _show_memory,
        "signals.lost": _tell_anew,
        "site.changed": _show_notices,
        "conversation.deleted": _end_conversation,
        "session.revoked": _end_session,
    }


def _find(user: User, conversation_id: UUID) -> Conversation | None:
    return of_account(Conversation.objects.all(), user).filter(pk=conversation_id).first()


async def _close(code: int) -> NoReturn:
    raise Close(code)


def _code_of(closing: BaseExceptionGroup[Close]) -> int:
    first = closing.exceptions[0]
    return first.code if isinstance(first, Close) else _code_of(first)
