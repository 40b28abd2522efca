"""The agent of this site: put together from the settings, one for each event loop.

Only workers import this (LangChain takes seconds and 100 MB); the model's name for pages is in ``naming``.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from weakref import WeakKeyDictionary

from django.conf import settings
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore

from agents.checkpoints import open_checkpointer
from agents.options import AgentOptions
from agents.runner import SupportAgent
from support_site.chat.naming import model_name
from support_site.memory.stores import site_store

logger = logging.getLogger(__name__)

#: Of a request that brought no reply: with a pause that doubles, or as long as the provider asks.
REPEATS = 2


class SiteAgent(SupportAgent):
    """A SupportAgent with what this site asks of it besides: its model, its store, what its threads hold."""

    def __init__(
        self,
        *,
        model: BaseChatModel,
        store: BaseStore,
        checkpointer: BaseCheckpointSaver,
        fallback: BaseChatModel | None = None,
    ) -> None:
        super().__init__(model=model, store=store, checkpointer=checkpointer, options=_options(), fallback=fallback)
        self.model = model
        self.store = store
        self.model_name = model_name()
        self.resources = AsyncExitStack()

    async def messages(self, thread_id: str) -> list[AnyMessage]:
        """The messages that the thread holds now."""
        thread = await self.graph.aget_state({"configurable": {"thread_id": thread_id}})
        return list(thread.values.get("messages", []))

    async def message_ids(self, thread_id: str) -> set[str]:
        """Ids of the messages that the thread holds now."""
        return {str(message.id) for message in await self.messages(thread_id)}

    async def understudy(self, store: BaseStore, thread_id: str, messages: Sequence[AnyMessage]) -> SupportAgent:
        """An agent like this one on another store. It knows one thread, which holds these messages and lives as long
        as it does; what it does there leaves no trace in the threads of this one."""
        agent = SupportAgent(model=self.model, store=store, options=_options())
        if messages:
            values = {"messages": list(messages)}
            await agent.graph.aupdate_state({"configurable": {"thread_id": thread_id}}, values, as_node="respond")
        return agent


_agents: WeakKeyDictionary[asyncio.AbstractEventLoop, "asyncio.Task[SiteAgent]"] = WeakKeyDictionary()


async def site_agent() -> SiteAgent:
    """The agent of the running loop, built on first use. A building that failed is tried again the next time."""
    loop = asyncio.get_running_loop()
    building = _agents.get(loop)
    if building is None or (building.done() and (building.cancelled() or building.exception())):
        building = _agents[loop] = loop.create_task(_build())
    return await asyncio.shield(building)


async def close_site_agent() -> None:
    """Close what the agent of the running loop holds open, if there is one."""
    building = _agents.pop(asyncio.get_running_loop(), None)
    if building:
        agent = await building
        await agent.resources.aclose()


async def _build() -> SiteAgent:
    async with AsyncExitStack() as resources:
        place = settings.DATABASE_URL if settings.SERVICE_MODE else settings.CHECKPOINT_FILE
        saver = await resources.enter_async_context(open_checkpointer(place))
        model, store = await asyncio.gather(asyncio.to_thread(site_model), asyncio.to_thread(site_store))
        agent = SiteAgent(model=model, store=store, checkpointer=saver, fallback=fallback_model())
        agent.resources = resources.pop_all()
    logger.info("the agent is ready: model %s", agent.model_name)
    return agent


def site_model() -> BaseChatModel:
    """The model that the settings name: behind an OpenAI-compatible address, or the offline one."""
    if settings.OFFLINE_MODEL:
        from agents.offline.model import OfflineChatModel

        return OfflineChatModel(word_delay=settings.OFFLINE_WORD_DELAY_SECONDS)
    # With another model to ask, nobody waits until this one wants to be asked again (up to a minute each time).
    repeats = 0 if settings.OPENAI_FALLBACK_MODEL else REPEATS
    return _behind(settings.OPENAI_BASE_URL, key=settings.OPENAI_API_KEY, model=settings.OPENAI_MODEL, repeats=repeats)


def fallback_model() -> BaseChatModel | None:
    """The model that answers where the first one cannot; None if the settings name none."""
    if settings.OFFLINE_MODEL or not settings.OPENAI_FALLBACK_MODEL:
        return None
    url = settings.OPENAI_FALLBACK_BASE_URL or settings.OPENAI_BASE_URL
    key = settings.OPENAI_FALLBACK_API_KEY or settings.OPENAI_API_KEY
    return _behind(url, key=key, model=settings.OPENAI_FALLBACK_MODEL)


def _behind(url: str, *, key: str, model: str, repeats: int = REPEATS) -> BaseChatModel:
    from agents.llm import chat_model

    timeout = settings.MODEL_TIMEOUT_SECONDS
    return chat_model(api_key=key, base_url=url, model=model, timeout=timeout, max_retries=repeats)


def _options() -> AgentOptions:
    cents = int(settings.STAFF_APPROVAL_ABOVE * 100)
    return AgentOptions(shop_name=settings.SITE_NAME, staff_approval_above_cents=cents)
