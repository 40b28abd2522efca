"""One part of tokens.py in a process of its own: streams replies and tells what CPU that took.

python -m bench._streaming floor|agent|worker MODEL_URL REPLIES
"""

import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from uvicorn.loops.auto import auto_loop_factory

from bench._site import embedded_settings

QUESTION = "What can you do for me?"


async def new_id() -> uuid.UUID:
    """What floor and agent need before a reply."""
    return uuid.uuid4()


async def as_counted(words: int) -> int:
    """Floor and agent count as they go."""
    return words


async def nothing() -> None:
    """What floor and agent have to close."""


def on_a_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Floor and agent run on the kind of loop that the site's workers have."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        return runner.run(coroutine)


class Part(NamedTuple):
    """``one_reply`` streams a reply to what ``asked`` has prepared, and ``words`` tells how many came, from what it
    answers; ``close`` lets go of what that opened. All of it is run by ``run``."""

    one_reply: Callable[[uuid.UUID], Awaitable[Any]]
    asked: Callable[[], Awaitable[uuid.UUID]] = new_id
    words: Callable[[Any], Awaitable[int]] = as_counted
    close: Callable[[], Awaitable[None]] = nothing
    run: Callable[[Coroutine[Any, Any, Any]], Any] = on_a_loop


def floor(url: str) -> Part:
    from langchain_openai import ChatOpenAI
    from langgraph.graph import START, MessagesState, StateGraph
    from pydantic import SecretStr

    # As agents.llm.chat_model makes the site's own.
    key, no_timeout = SecretStr("none"), None
    model = ChatOpenAI(
        api_key=key, base_url=url, model="test-model", timeout=60, stream_usage=True, stream_chunk_timeout=no_timeout
    )

    async def respond(state: MessagesState) -> Any:
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node("respond", respond).add_edge(START, "respond").compile()

    async def one_reply(_: uuid.UUID) -> int:
        words = 0
        question: Any = {"messages": [("user", QUESTION)]}
        async for mode, chunk in graph.astream(question, stream_mode=["messages", "updates", "custom"]):
            words += mode == "messages" and bool(chunk[0].text)
        return words

    return Part(one_reply)


def agent(url: str) -> Part:
    from langgraph.store.memory import InMemoryStore

    from agents.context import RunContext
    from agents.events import MessageDelta
    from agents.llm import chat_model
    from agents.runner import Say, SupportAgent

    model = chat_model(api_key="", base_url=url, model="test-model", timeout=60)
    support = SupportAgent(model=model, store=InMemoryStore())

    async def one_reply(asked: uuid.UUID) -> int:
        thread = turn = message = str(asked)
        context = RunContext(account_id="bench", conversation_id=thread, turn_id=turn, message_id=message)
        events = support.astream(Say(text=QUESTION, message_id=message), thread_id=thread, context=context)
        return sum([isinstance(event, MessageDelta) async for event in events])

    return Part(one_reply)


def worker(url: str) -> Part:
    os.environ.update(
        embedded_settings(os.environ["BENCH_FOLDER"], url), DJANGO_SETTINGS_MODULE="support_site.settings"
    )
    import django

    django.setup()
    from django.core.management import call_command

    from support_site.accounts.models import User
    from support_site.chat.agent import close_site_agent, site_agent
    from support_site.chat.loops import worker_loop
    from support_site.chat.models import Conversation, Message
    from support_site.chat.running import run_turn
    from support_site.chat.turns import accept
    from support_site.chat.warming import warm_up
    from support_site.threads import in_thread

    call_command("migrate", verbosity=0)
    warm_up().join()
    user = User.objects.create_user("bench@example.com", str(uuid.uuid4()))

    def queued() -> uuid.UUID:
        conversation = Conversation.objects.create(account=user.account)
        turn = accept(conversation, client_id=uuid.uuid4(), text=QUESTION, user=user).turn
        assert turn
        return turn.pk

    def words_of(turn: uuid.UUID) -> int:
        said = Message.objects.filter(turn=turn, role=Message.Role.AGENT)
        return sum(len(message.text.split()) for message in said)

    async def one_reply(asked: uuid.UUID) -> uuid.UUID:
        await run_turn(asked, find_agent=site_agent)
        return asked

    return Part(one_reply, in_thread(queued), in_thread(words_of), close_site_agent, worker_loop().run)


async def stream(part: Part, replies: int) -> dict[str, float]:
    """CPU seconds of this process, all its threads, while ``replies`` are written at once. What a web process does
    with a question is done before. As many were written before that, so that every connection is open."""
    for _ in range(2):
        asked = [await part.asked() for _ in range(replies)]
        told, spent = await written(part, asked)
    words = sum([await part.words(each) for each in told])
    await part.close()
    return {"cpu_seconds": spent, "words": words}


async def written(part: Part, asked: list[uuid.UUID]) -> tuple[list[Any], float]:
    """What the replies answer, all written at once, and the CPU seconds that took."""
    began = time.process_time()
    told = await asyncio.gather(*map(part.one_reply, asked))
    return told, time.process_time() - began


def main(part: str, url: str, replies: int) -> None:
    with TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        os.environ["BENCH_FOLDER"] = folder
        prepared = {"floor": floor, "agent": agent, "worker": worker}[part](url)
        print(json.dumps(prepared.run(stream(prepared, replies))))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
