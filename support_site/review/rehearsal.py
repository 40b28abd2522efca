"""The agent answers a turn again, with an edited memory: in a copy of its thread and before a store that keeps
nothing. Only workers import this (LangChain takes seconds and 100 MB)."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator, Sequence
from uuid import UUID

from django.conf import settings
from langchain_core.messages import AnyMessage

from agents.context import RunContext
from agents.errors import ModelError
from agents.events import ActionProposed, AgentEvent, HandedOff, MessageDone, Recalled, ToolStarted
from agents.overlay import Overlay
from agents.runner import Say
from agents.store.errors import StoreError
from support_site.chat.agent import SiteAgent, site_agent
from support_site.chat.models import Message
from support_site.chat.sentences import sentence
from support_site.review import replay as replays
from support_site.review.models import Replay
from support_site.review.services import edited
from support_site.threads import in_thread

logger = logging.getLogger(__name__)

OUTGROWN = "The agent's memory of this conversation has moved on: the turn cannot be answered again."


async def rehearse(replay_id: UUID, *, find_agent: Callable[[], Awaitable[SiteAgent]] = site_agent) -> None:
    """Run a replay that waits, and keep what came of it. Once: a second run of the same finds nothing to do."""
    replay = await in_thread(replays.claim)(replay_id)
    if replay is None:
        return
    try:
        async with asyncio.timeout(settings.TURN_TIMEOUT_SECONDS):
            await _rehearse(replay, await find_agent())
    except LookupError:
        await in_thread(replays.fail)(replay, OUTGROWN)
    except (ModelError, StoreError, TimeoutError) as error:
        await in_thread(replays.fail)(replay, sentence(_code_of(error)))
    except Exception as error:  # noqa: BLE001  its text may quote what a person wrote, so it is not logged
        trace = "".join(traceback.format_tb(error.__traceback__))
        logger.error("replay %s: %s\n%s", replay_id, type(error).__name__, trace)
        await in_thread(replays.fail)(replay, sentence("failed"))


async def _rehearse(replay: Replay, agent: SiteAgent) -> None:
    turn, memory = replay.turn, replay.memory
    thread_id = str(turn.conversation_id)
    said = await in_thread(_said)(replay)
    before = _before(await agent.messages(thread_id), said.message_id)
    value = edited(memory.value or {}, text=replay.text, kind=replay.kind)
    store = Overlay(agent.store, {(memory.labels, memory.key): value})
    understudy = await agent.understudy(store, thread_id, before)
    context = RunContext(
        account_id=str(turn.conversation.account_id),
        conversation_id=thread_id,
        turn_id=str(replay.pk),
        message_id=said.message_id,
        memory_paused=turn.conversation.account.memory_paused,
        leaves_no_memory=turn.conversation.leaves_no_memory,
        situation_days=settings.RETENTION_SITUATIONS_DAYS,
    )
    events = [event async for event in understudy.astream(said, thread_id=thread_id, context=context)]
    texts = [event.text for event in events if isinstance(event, MessageDone)]
    await in_thread(replays.finish)(replay, texts=texts, notes=[*_notes(events, store, memory.key)])


def _said(replay: Replay) -> Say:
    """The customer's words of the turn, as the agent was told them."""
    words = [each for each in replays.said_in(replay.turn) if each.role == Message.Role.CUSTOMER]
    if not words:
        raise LookupError(replay.turn_id)
    return Say(text="\n\n".join(each.text for each in words), message_id=str(words[0].pk))


def _before(messages: Sequence[AnyMessage], message_id: str) -> list[AnyMessage]:
    """What the thread held when this was said. Raises LookupError if it has let go of it."""
    ids = [message.id for message in messages]
    if message_id not in ids:
        raise LookupError(message_id)
    return list(messages[: ids.index(message_id)])


def _notes(events: list[AgentEvent], store: Overlay, key: str) -> Iterator[str]:
    """What else the agent would have done, in sentences; nothing of it was done."""
    if not any(key in event.memories for event in events if isinstance(event, Recalled)):
        yield "The edited memory was not recalled for this message."
    for event in events:
        if isinstance(event, ToolStarted):
            yield f"{event.label}."
        elif isinstance(event, ActionProposed):
            yield f"It would have asked the customer to confirm: {event.preview.get('title', event.tool)}."
        elif isinstance(event, HandedOff):
            yield "It would have handed the conversation to a person."
    for put in store.kept_aside:
        yield f"It would have noted: {put.value.get('text', '')}" if put.value else "It would have forgotten a memory."


def _code_of(error: Exception) -> str:
    if isinstance(error, ModelError):
        return error.code
    return "store_unavailable" if isinstance(error, StoreError) else "turn_timed_out"
