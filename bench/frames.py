"""What a web process pays for a frame it delivers, and for a socket that waits, beside a bare Channels consumer.

    python -m bench.frames [--watchers 500] [--conversations 50] [--frames 60] [--rate 4]

One web process of a service (PostgreSQL, Redis; both started here), its turns written by another process into the
turn log. ``--watchers`` sockets watch ``--conversations`` answers, each of ``--rate`` frames a second. The floor sends
the same frames to as many sockets from one consumer each, with no log, no session and no database behind it.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from bench._figures import percentile, show
from bench._imports import ROOT
from bench._process import Process
from bench._service import service_settings, web
from bench._talk import Customer
from bench._writer import frame

SETTLE_SECONDS = 2.0
OPENING_AT_ONCE = 20


@dataclass
class Figures:
    """Of one side: CPU of the process in seconds, and when each frame came after it was made, in seconds."""

    kilobytes_per_socket: float = 0.0
    cpu_seconds: float = 0.0
    delays: list[float] = field(default_factory=list)

    @property
    def microseconds_per_frame(self) -> float:
        return 1e6 * self.cpu_seconds / len(self.delays)


@asynccontextmanager
async def open_sockets(
    address: str, paths: list[str], headers: dict[str, str], greet: Callable[[ClientConnection], Awaitable[None]]
) -> AsyncIterator[list[ClientConnection]]:
    """A socket for each path, greeted."""
    gate = asyncio.Semaphore(OPENING_AT_ONCE)
    async with AsyncExitStack() as stack:

        async def one(path: str) -> ClientConnection:
            async with gate:
                connecting = websockets.connect(
                    address.replace("http", "ws", 1) + path, compression=None, origin=address, open_timeout=60,
                    additional_headers=headers, ping_interval=None,
                )  # type: ignore[arg-type]  # fmt: skip
                socket = await stack.enter_async_context(connecting)
                await greet(socket)
                return socket

        yield await asyncio.gather(*map(one, paths))


async def deltas(socket: ClientConnection, count: int) -> list[float]:
    """The delays of ``count`` deltas."""
    delays: list[float] = []
    while len(delays) < count:
        told = json.loads(await socket.recv())
        if told.get("event", {}).get("type") == "message.delta":
            delays.append(time.time() - told["event"]["at"])
    return delays


async def measured(
    process: Process, address: str, paths: list[str], headers: dict[str, str], count: int, *,
    greet: Callable[[ClientConnection], Awaitable[None]], go: Callable[[list[ClientConnection]], Awaitable[None]],
) -> Figures:  # fmt: skip
    """Open the sockets, let them idle, then let the frames flow."""
    figures = Figures()
    some = paths[: len(paths) // 5]
    async with open_sockets(address, some, headers, greet):  # what a process has once, it has now
        await asyncio.sleep(SETTLE_SECONDS)
        before = process.resident_kilobytes()
        async with open_sockets(address, paths, headers, greet):
            await asyncio.sleep(SETTLE_SECONDS)
            figures.kilobytes_per_socket = (process.resident_kilobytes() - before) / len(paths)
    async with open_sockets(address, paths, headers, greet) as sockets:
        await asyncio.sleep(SETTLE_SECONDS)
        began = process.cpu_seconds()
        await go(sockets)
        for delays in await asyncio.gather(*(deltas(socket, count) for socket in sockets)):
            figures.delays += delays
        figures.cpu_seconds = process.cpu_seconds() - began
    return figures


def site(watchers: int, conversations: int, count: int, rate: float) -> Figures:
    """The site's web process."""
    with service_settings() as environment:
        command = [sys.executable, "-m", "bench._writer", str(conversations), str(count), str(rate)]
        writer = subprocess.Popen(
            command, cwd=ROOT, env=environment | {"DJANGO_SETTINGS_MODULE": "support_site.settings"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert writer.stdout
        turns = list(json.loads(writer.stdout.readline()))
        with web(environment) as (process, address), writer:
            paths = [f"/ws/conversations/{turns[place % conversations]}/" for place in range(watchers)]

            async def hello(socket: ClientConnection) -> None:
                await socket.send(json.dumps({"type": "hello", "cursors": {}}))
                while json.loads(await socket.recv())["type"] != "snapshot":
                    pass

            async def go(sockets: list[ClientConnection]) -> None:
                assert writer.stdin
                writer.stdin.write("go\n")
                writer.stdin.flush()

            headers = {"Cookie": Customer(address).cookies}
            return asyncio.run(measured(process, address, paths, headers, count, greet=hello, go=go))


def floor(watchers: int, count: int, rate: float) -> Figures:
    """A bare consumer."""
    with web({**os.environ}, "bench._bare:application") as (process, address):

        async def nothing(socket: ClientConnection) -> None:
            await socket.ping()

        async def go(sockets: list[ClientConnection]) -> None:
            asked: dict[str, Any] = {
                "frame": frame("6f1c0b9e-0000-4000-8000-000000000000"),
                "count": count,
                "rate": rate,
            }
            for socket in sockets:
                await socket.send(json.dumps(asked))

        return asyncio.run(measured(process, address, ["/"] * watchers, {}, count, greet=nothing, go=go))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--watchers", type=int, default=500)
    parser.add_argument("--conversations", type=int, default=50)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rate", type=float, default=4)
    told = parser.parse_args()
    ours = site(told.watchers, told.conversations, told.frames, told.rate)
    bare = floor(told.watchers, told.frames, told.rate)
    rows = [("one web process", "CPU a frame", "p95 delay of a frame", "memory a socket")]
    for name, figures in (("the site", ours), ("a bare Channels consumer", bare)):
        delay = 1000 * percentile(figures.delays, 95)
        cpu = f"{figures.microseconds_per_frame:.0f} us"
        rows.append((name, cpu, f"{delay:.0f} ms", f"{figures.kilobytes_per_socket:.0f} KB"))
    ratio = ours.microseconds_per_frame / bare.microseconds_per_frame
    rows.append(("ratio (goal: 2)", f"{ratio:.2f}", "", ""))
    show(f"{told.watchers} people watch {told.conversations} answers", rows)


if __name__ == "__main__":
    main()
