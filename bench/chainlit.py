"""The site beside Chainlit: the same agent, model, store and checkpointer, each in one process.

    python -m bench.chainlit --python PATH [--talkers 10] [--words 150 600] [--rate 50] [--idle 100]

``--python`` is the interpreter of a virtual environment of its own with Chainlit installed (it pins other versions
than the site does); the agent's packages come from this one. Each side holds ``--idle`` silent pages, then answers
``--talkers`` people at once, in so many words and in so many more, then one person alone. What a word costs more in the
longer replies than in the shorter is what it costs by itself; the rest of a reply's cost is the turn's.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import sysconfig
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from bench._figures import show
from bench._imports import ROOT
from bench._model import model_server
from bench._process import Process
from bench._site import free_port, site, stop, wait_for_page
from bench._talk import Customer

QUESTION = "What can you do for me?"
ALONE = 8
SETTLE_SECONDS = 3.0


class Talker(Protocol):
    """One open page."""

    async def ask(self, text: str) -> float:
        """Seconds to the first words; returns when the answer is whole."""


class Side(Protocol):
    """A server of conversations."""

    process: Process

    def page(self) -> AbstractAsyncContextManager[Talker]:
        """A new page at a new conversation."""


class Ours:
    """The site, embedded."""

    def __init__(self, address: str, process: Process) -> None:
        self.process = process
        self._customer = Customer(address)

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Talker]:
        async with self._customer.talk(self._customer.new_conversation()) as talk:
            yield talk


class Theirs:
    """Chainlit."""

    def __init__(self, address: str, process: Process) -> None:
        self.process = process
        self._address = address

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Talker]:
        page = ChainlitPage()
        await page.open(self._address)
        yield page
        await page.close()


class ChainlitPage:
    """What Chainlit's own page says over Socket.IO."""

    def __init__(self) -> None:
        import socketio

        self._socket = socketio.AsyncClient()
        self._first: float | None = None
        self._over = asyncio.Event()
        self._socket.on("stream_token", self._token)
        self._socket.on("task_end", self._ended)

    async def open(self, address: str) -> None:
        who = {
            "clientType": "webapp",
            "sessionId": str(uuid.uuid4()),
            "threadId": "",
            "userEnv": "{}",
            "chatProfile": "",
        }
        await self._socket.connect(address, socketio_path="/ws/socket.io", transports=["websocket"], auth=who)
        await self._socket.emit("connection_successful")

    async def ask(self, text: str) -> float:
        self._first = None
        self._over.clear()
        began = time.perf_counter()
        said = {"id": str(uuid.uuid4()), "threadId": "", "name": "user", "type": "user_message", "output": text}
        said["createdAt"] = "2026-01-01T00:00:00.000Z"
        await self._socket.emit("client_message", {"message": said, "fileReferences": []})
        await asyncio.wait_for(self._over.wait(), 120)
        assert self._first, "the answer ended without a word"
        return self._first - began

    async def close(self) -> None:
        await self._socket.disconnect()

    def _token(self, told: dict[str, Any]) -> None:
        self._first = self._first or time.perf_counter()

    def _ended(self, *_: Any) -> None:
        if self._first:
            self._over.set()


@contextmanager
def ours(model_url: str) -> Iterator[Side]:
    with site(model_url, MESSAGES_PER_MINUTE="0,0", OPEN_SOCKETS="0,0", TURNS_AT_ONCE="0,0") as running:
        yield Ours(running.address, running.process)


@contextmanager
def theirs(model_url: str, python: str) -> Iterator[Side]:
    where = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True)
    sys.path.append(where.strip())  # for the client of Socket.IO, which comes with Chainlit
    with TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        port = free_port()
        told = {
            "BENCH_MODEL_URL": model_url,
            "BENCH_FOLDER": folder,
            "CHAINLIT_APP_ROOT": folder,
            "PYTHONPATH": os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")]),
        }
        chainlit = ["-m", "chainlit", "run", str(ROOT / "bench/_chainlit_app.py"), "--headless", "--port", str(port)]
        process = subprocess.Popen([python, *chainlit], cwd=folder, env=os.environ | told, stdout=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for_page(address, process)
            yield Theirs(address, Process(process))
        finally:
            stop(process)


@dataclass(kw_only=True)
class Figures:
    """Milliseconds of CPU of the process for each reply, by its words; milliseconds to the first word; kilobytes of a
    silent page."""

    cpu: dict[int, float]
    first: float
    page: float


async def measured(side: Side, talkers: int, lengths: Sequence[int], before: float, idle: int) -> Figures:
    page, cpu = await silent_pages(side, idle), {}
    async with AsyncExitStack() as stack:
        pages = []
        for _ in range(talkers):
            pages.append(await stack.enter_async_context(side.page()))
            await pages[-1].ask(QUESTION)  # a conversation is a new one when something was said in the last
        for words in (lengths[0], *lengths):  # the first time opens what is open from then on
            spent = side.process.cpu_seconds()
            await asyncio.gather(*(page.ask(f"{QUESTION} Say it in {words} words.") for page in pages))
            await asyncio.sleep(SETTLE_SECONDS)  # what is learned from an answer is part of it
            cpu[words] = 1000 * (side.process.cpu_seconds() - spent) / talkers
        firsts = []
        for _ in range(ALONE):
            await asyncio.sleep(1)
            firsts.append(await pages[0].ask(QUESTION))
    first = 1000 * (statistics.median(firsts) - before)
    return Figures(cpu=cpu, first=first, page=page)


def row(found: Figures, name: str) -> tuple[str, ...]:
    (short, few), (long, many) = found.cpu.items()
    token = 1000 * (many - few) / (long - short)
    replies = (f"{1000 * cpu / words:.0f} us" for words, cpu in found.cpu.items())
    turn = few - token * short / 1000
    return (name, *replies, f"{token:.0f} us", f"{turn:.0f} ms", f"{found.first:.1f} ms", f"{found.page:.0f} KB")


async def silent_pages(side: Side, count: int) -> float:
    """Kilobytes of one. First of all, so that none lies in memory that others have left."""
    async with AsyncExitStack() as stack:
        for _ in range(count // 5):  # what a process has once, it has now
            await stack.enter_async_context(side.page())
        await asyncio.sleep(SETTLE_SECONDS)
        began = side.process.resident_kilobytes()
        for _ in range(count):
            await stack.enter_async_context(side.page())
        await asyncio.sleep(SETTLE_SECONDS)
        return (side.process.resident_kilobytes() - began) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--talkers", type=int, default=10)
    parser.add_argument("--words", type=int, nargs=2, default=[150, 600])
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--before", type=float, default=0.2)
    parser.add_argument("--idle", type=int, default=100)
    told = parser.parse_args()
    head = ("one process, everything", *(f"CPU a word of {words}" for words in told.words), "of one more word")
    rows = [(*head, "of a turn beside them", "to the first word, beyond the model's", "memory of a silent page")]
    with model_server(before=told.before, between=1 / told.rate) as url:
        for name, running in (("the site, embedded", ours(url)), ("Chainlit", theirs(url, str(told.python)))):
            with running as side:
                found = asyncio.run(measured(side, told.talkers, told.words, told.before, told.idle))
            rows.append(row(found, name))
    show(f"The site beside Chainlit ({told.talkers} talk at once, {told.rate:.0f} words a second each)", rows)


if __name__ == "__main__":
    main()
