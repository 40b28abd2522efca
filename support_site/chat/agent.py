"""The agent of this site: put together from the settings, one for each event loop.

Only workers import this (LangChain takes seconds and 100 MB); the model's name for pages is in ``naming``.
"""

import asyncio
import logging
from contextlib import AsyncExitStack
from weakref import WeakKeyDictionary

from django.conf import settings
from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore

from agents.checkpoints import open_checkpointer
from agents.options import AgentOptions
from agents.runner import SupportAgent
from support_site.chat.naming import model_name
from support_site.memory.stores import site_store

logger = logging.getLogger(__name__)


class SiteAgent(SupportAgent):
    """A SupportAgent with what this site asks of it besides: its model, its store, what its threads hold."""

    def __init__(self, *, model: BaseChatModel, store: BaseStore, checkpointer: BaseCheckpointSaver) -> None:
        super().__init__(model=model, store=store, checkpointer=checkpointer, options=_options())
        self.model = model
        self.store = store
        self.model_name = model_name()
        self.resources = AsyncExitStack()

    async def message_ids(self, thread_id: str) -> set[str]:
        """Ids of the messages that the thread holds now."""
        thread = await self.graph.aget_state({"configurable": {"thread_id": thread_id}})
        return {str(message.id) for message in thread.values.get("messages", [])}


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
        agent = SiteAgent(model=model, store=store, checkpointer=saver)
        agent.resources = resources.pop_all()
    logger.info("the agent is ready: model %s", agent.model_name)
    return agent


def site_model() -> BaseChatModel:
    """The model that the settings name: behind an OpenAI-compatible address, or the offline one."""
    if settings.OFFLINE_MODEL:
        from agents.offline.model import OfflineChatModel

        return OfflineChatModel(word_delay=settings.OFFLINE_WORD_DELAY_SECONDS)
    from agents.llm import chat_model

    return chat_model(
        api_key=settings.OPENAI_API_KEY,
        base_url=settings.OPENAI_BASE_URL,
        model=settings.OPENAI_MODEL,
        timeout=settings.MODEL_TIMEOUT_SECONDS,
    )


def _options() -> AgentOptions:
    cents = int(settings.STAFF_APPROVAL_ABOVE * 100)
    return AgentOptions(shop_name=settings.SITE_NAME, staff_approval_above_cents=cents)
