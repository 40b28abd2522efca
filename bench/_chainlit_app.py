"""The peer of chainlit.py: the same agent, model, store and checkpointer behind Chainlit, as its documentation has it.

Run by Chainlit itself (``chainlit run``), with BENCH_MODEL_URL and BENCH_FOLDER set.
"""

import os
import uuid
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from typing import Any

import chainlit as cl

from agents.checkpoints import open_checkpointer
from agents.context import RunContext
from agents.events import MessageDelta
from agents.llm import chat_model
from agents.runner import Say, SupportAgent
from bench._peer import shelved

FOLDER = Path(os.environ["BENCH_FOLDER"])
_open = AsyncExitStack()
_agents: list[SupportAgent] = []


@cache
def store() -> Any:
    return shelved(FOLDER / "chroma")


async def agent() -> SupportAgent:
    """One for all conversations."""
    if not _agents:
        model = chat_model(api_key="", base_url=os.environ["BENCH_MODEL_URL"], model="test-model", timeout=60)
        saver = await _open.enter_async_context(open_checkpointer(FOLDER / "checkpoints.sqlite3"))
        _agents.append(SupportAgent(model=model, store=store(), checkpointer=saver))
    return _agents[0]


@cl.on_message
async def answer(message: cl.Message) -> None:
    turn, said = str(uuid.uuid4()), str(uuid.uuid4())
    thread = cl.context.session.thread_id
    context = RunContext(account_id="bench", conversation_id=thread, turn_id=turn, message_id=said)
    reply = cl.Message(content="")
    events = (await agent()).astream(Say(text=message.content, message_id=said), thread_id=thread, context=context)
    async for event in events:
        if isinstance(event, MessageDelta):
            await reply.stream_token(event.text)
    await reply.send()
