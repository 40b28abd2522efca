"""What a web process pays for a frame it delivers, and for a socket that waits, beside a bare Channels consumer.

    python -m bench.frames [--watchers 500] [--conversations 50] [--frames 60] [--rate 4]

One web process of a service (PostgreSQL, Redis; both started here), its turns written by another process into the
turn log. ``--watchers`` sockets watch ``--conversations`` answers, each of ``--rate`` frames a second; before that,
in a process of its own, as many are open at conversations in which nothing happens. The floor sends the same frames to
as many sockets from one consumer each, with no log, no session and no database behind it.
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
from dataclasses import dataclass

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


Greet = Callable[[ClientConnection], Awaitable[None]]


@dataclass
class Side:
    """A web process and the sockets that are opened at it."""

    process: Process
    address: str
    paths: list[str]
    headers: dict[str, str]
    greet: Greet


@dataclass
class Flow:
    """CPU of the process in seconds, and when each frame came after it was made, in seconds."""

    cpu_seconds: float
    delays: list[float]

    @property
    def microseconds_per_frame(self) -> float:
        return 1e6 * self.cpu_seconds / len(self.delays)


@dataclass
class Figures:
    """Kilobytes of a socket that is idle and of one that follows an answer, and what the answers cost."""

    idle: float
    following: float
    flow: Flow


@asynccontextmanager
async def open_sockets(side: Side, paths: list[str]) -> AsyncIterator[list[ClientConnection]]:
    """A socket for each path, greeted."""
    gate = asyncio.Semaphore(OPENING_AT_ONCE)
    async with AsyncExitStack() as stack:

        async def one(path: str) -> ClientConnection:
            async with gate:
                connecting = websockets.connect(
                    side.address.replace("http", "ws", 1) + path, origin=side.address, open_timeout=60,
                    additional_headers=side.headers, ping_interval=None,
                )  # type: ignore[arg-type]  # fmt: skip
                socket = await stack.enter_async_context(connecting)
                await side.greet(socket)
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


async def kilobytes_of_a_socket(side: Side) -> float:
    """What the process grows by for each that is open. Of a fresh process: what others left would be used again."""
    async with open_sockets(side, side.paths[: len(side.paths) // 5]):  # what a process has once, it has now
        await asyncio.sleep(SETTLE_SECONDS)
        before = side.process.resident_kilobytes()
        async with open_sockets(side, side.paths):
            await asyncio.sleep(SETTLE_SECONDS)
            return (side.process.resident_kilobytes() - before) / len(side.paths)


async def flowing(side: Side, count: int, go: Callable[[list[ClientConnection]], Awaitable[None]]) -> Flow:
    """Open the sockets, let them idle, then let ``count`` frames flow to each."""
    async with open_sockets(side, side.paths) as sockets:
        await asyncio.sleep(SETTLE_SECONDS)
        began = side.process.cpu_seconds()
        await go(sockets)
        delays = await asyncio.gather(*(deltas(socket, count) for socket in sockets))
        return Flow(side.process.cpu_seconds() - began, [delay for each in delays for delay in each])


async def hello(socket: ClientConnection) -> None:
    await socket.send(json.dumps({"type": "hello", "cursors": {}}))
    while json.loads(await socket.recv())["type"] != "snapshot":
        pass


def site(watchers: int, conversations: int, count: int, rate: float) -> Figures:
    """The site's web process."""
    with service_settings() as environment:
        command = [sys.executable, "-m", "bench._writer", str(conversations), str(count), str(rate)]
        writer = subprocess.Popen(
            command, cwd=ROOT, env=environment | {"DJANGO_SETTINGS_MODULE": "support_site.settings"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

        async def go(sockets: list[ClientConnection]) -> None:
            assert writer.stdin
            writer.stdin.write("go\n")
            writer.stdin.flush()

        def opened(process: Process, address: str, places: list[str]) -> Side:
            paths = [f"/ws/conversations/{places[number % conversations]}/" for number in range(watchers)]
            return Side(process, address, paths, {"Cookie": Customer(address).cookies}, hello)

        with writer:
            assert writer.stdout
            silent, answered = json.loads(writer.stdout.readline())
            with web(environment) as here:
                idle = asyncio.run(kilobytes_of_a_socket(opened(*here, silent)))
            with web(environment) as here:
                side = opened(*here, answered)
                following = asyncio.run(kilobytes_of_a_socket(side))
                return Figures(idle, following, asyncio.run(flowing(side, count, go)))


def floor(watchers: int, count: int, rate: float) -> Figures:
    """A bare consumer, which knows no difference between the two kinds of sockets."""

    async def nothing(socket: ClientConnection) -> None:
        await socket.ping()

    async def go(sockets: list[ClientConnection]) -> None:
        sent = frame("6f1c0b9e-0000-4000-8000-000000000000")
        for socket in sockets:
            await socket.send(json.dumps({"frame": sent, "count": count, "rate": rate}))

    with web({**os.environ}, "bench._bare:application") as (process, address):
        side = Side(process, address, ["/"] * watchers, {}, nothing)
        size = asyncio.run(kilobytes_of_a_socket(side))
        return Figures(size, size, asyncio.run(flowing(side, count, go)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--watchers", type=int, default=500)
    parser.add_argument("--conversations", type=int, default=50)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rate", type=float, default=4)
    told = parser.parse_args()
    ours = site(told.watchers, told.conversations, told.frames, told.rate)
    bare = floor(told.watchers, told.frames, told.rate)
    rows = [
        ("one web process", "CPU a frame", "p95 delay of a frame", "memory of an idle socket", "of one that follows")
    ]
    for name, figures in (("the site", ours), ("a bare Channels consumer", bare)):
        cpu, delay = figures.flow.microseconds_per_frame, 1000 * percentile(figures.flow.delays, 95)
        rows.append((name, f"{cpu:.0f} us", f"{delay:.0f} ms", f"{figures.idle:.0f} KB", f"{figures.following:.0f} KB"))
    ratio = ours.flow.microseconds_per_frame / bare.flow.microseconds_per_frame
    rows.append(("goal", f"2 times (is {ratio:.2f})", "", "40 KB", ""))
    show(f"{told.watchers} people watch {told.conversations} answers", rows)


if __name__ == "__main__":
    main()
