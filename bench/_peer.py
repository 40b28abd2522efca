"""The peer: the same agent, model, store and checkpointer behind a bare Starlette WebSocket, and nothing else."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench._child import child, serve_until_input_ends
from bench._imports import ROOT

if TYPE_CHECKING:
    from starlette.websockets import WebSocket


def peer(model_url: str, folder: str) -> AbstractContextManager[str]:
    """The address of its socket; its data are kept in ``folder``."""
    return child("bench._peer", model_url, folder)


class Peer:
    """Answers {"text", "thread"} frames with the text of each delta, then with an empty text."""

    def __init__(self, agent: Any) -> None:
        self._agent = agent

    async def serve(self, socket: WebSocket) -> None:
        await socket.accept()
        async for asked in socket.iter_json():
            async for text in self._answer(asked["text"], asked["thread"]):
                await socket.send_json({"text": text})
            await socket.send_json({"text": ""})

    async def _answer(self, text: str, thread: str) -> AsyncIterator[str]:
        from agents.context import RunContext
        from agents.events import MessageDelta
        from agents.runner import Say

        turn, message = str(uuid.uuid4()), str(uuid.uuid4())
        context = RunContext(account_id="bench", conversation_id=thread, turn_id=turn, message_id=message)
        said = Say(text=text, message_id=message)
        async for event in self._agent.astream(said, thread_id=thread, context=context):
            if isinstance(event, MessageDelta):
                yield event.text


def shelved(folder: Path) -> Any:
    """A store with the records of the demo customer whom the site is asked as, under the account "bench"."""
    import chromadb

    from agents import namespaces
    from agents.embeddings import LexicalEmbeddings
    from agents.shop.records import order_record, profile_record
    from agents.store import HYBRID, ChromaStore

    lexical = LexicalEmbeddings()
    client = chromadb.PersistentClient(str(folder), settings=chromadb.Settings(anonymized_telemetry=False))
    index: Any = {"embed": lexical, "dims": lexical.dims, "fields": ["text", "title", "body", "name", "items[*].name"]}
    store = ChromaStore(client, index=index, ranking=HYBRID)
    shop = json.loads((ROOT / "support_site/orders/demo_shop.json").read_text())
    customer = shop["users"]["alice_moreau_1024"]
    store.put(namespaces.profile("bench"), namespaces.PROFILE_KEY, profile_record(customer))
    for order in customer["orders"]:
        store.put(namespaces.orders("bench"), order, order_record(shop["orders"][order]))
    return store


async def main(model_url: str, folder: Path) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute

    from agents.checkpoints import open_checkpointer
    from agents.llm import chat_model
    from agents.runner import SupportAgent

    model = chat_model(api_key="", base_url=model_url, model="test-model", timeout=60)
    async with open_checkpointer(folder / "checkpoints.sqlite3") as saver:
        agent = SupportAgent(model=model, store=shelved(folder / "chroma"), checkpointer=saver)
        bare = Starlette(routes=[WebSocketRoute("/", Peer(agent).serve)])
        config = uvicorn.Config(
            bare, lifespan="off", log_level="warning", ws="websockets-sansio", ws_per_message_deflate=False
        )
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve([listener]))
            await asyncio.to_thread(serve_until_input_ends, f"ws://127.0.0.1:{listener.getsockname()[1]}/")
            server.should_exit = True
            await serving


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
