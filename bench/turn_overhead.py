"""What the site adds to a turn: from the customer's frame to the first delta, beside the same agent on a bare socket.

    python -m bench.turn_overhead [--turns 40] [--before 0.2] [--service]

With ``--service`` the site is a web process and two workers beside PostgreSQL, Redis and a Chroma server of its own.

Turns of the site and of the peer alternate, so that both meet the same noise. The model's own time to the first
token (``--before``) is taken off both. Everything in between is counted: the database, the queue, recall, the log.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import websockets

from bench._figures import percentile, show
from bench._model import model_server
from bench._peer import peer
from bench._service import service
from bench._site import site
from bench._talk import Customer, Talk

QUESTION = "What can you do for me?"
WARM_UP = 3
#: What a turn reserves and looks up is part of what the site adds.
BUDGETS = {"TURNS_AT_ONCE": "5,25", "TOKENS_PER_DAY": "2000000,10000000"}
#: Nobody writes the next message at once, and what was learned from the last one is then out of the way.
PAUSE_SECONDS = 1.0


async def peer_turn(socket: websockets.ClientConnection) -> float:
    """Seconds from the frame sent to the first delta; returns when the answer is whole."""
    began = time.perf_counter()
    await socket.send(json.dumps({"text": QUESTION, "thread": "peer"}))
    await socket.recv()
    first = time.perf_counter() - began
    while json.loads(await socket.recv())["text"]:
        pass
    return first


async def alternate(talk: Talk, socket: websockets.ClientConnection, turns: int) -> tuple[list[float], list[float]]:
    ours, peers = [], []
    for _ in range(turns + WARM_UP):
        ours.append(await talk.ask(QUESTION))
        await asyncio.sleep(PAUSE_SECONDS)
        peers.append(await peer_turn(socket))
    return ours[WARM_UP:], peers[WARM_UP:]


async def talk_to_both(site_address: str, peer_address: str, turns: int) -> tuple[list[float], list[float]]:
    customer = Customer(site_address)
    async with (
        customer.talk(customer.new_conversation()) as talk,
        websockets.connect(peer_address, compression=None) as socket,
    ):
        return await alternate(talk, socket, turns)


@contextmanager
def embedded(model_url: str) -> Iterator[str]:
    """The address of the site as one process."""
    with site(model_url, **BUDGETS) as running:
        yield running.address


def measure(turns: int, before: float, *, as_service: bool) -> tuple[list[float], list[float]]:
    """Milliseconds beyond the model's own: of the site, of the peer."""
    with (
        TemporaryDirectory(prefix="bench-peer-", ignore_cleanup_errors=True) as folder,
        model_server(before=before) as url,
        peer(url, folder) as peer_address,
        (service if as_service else embedded)(url) as address,
    ):
        ours, peers = asyncio.run(talk_to_both(address, peer_address, turns))
    return [1000 * (t - before) for t in ours], [1000 * (t - before) for t in peers]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--before", type=float, default=0.2)
    parser.add_argument("--service", action="store_true")
    told = parser.parse_args()
    ours, peers = measure(told.turns, told.before, as_service=told.service)
    rows = [("to the first delta, beyond the model's own time", "p50", "p95")]
    for name, values in (("the site", ours), ("the same agent on a bare WebSocket", peers)):
        rows.append((name, f"{percentile(values, 50):.1f} ms", f"{percentile(values, 95):.1f} ms"))
    more = [percentile(ours, p) - percentile(peers, p) for p in (50, 95)]
    rows.append(
        (
            f"what the site adds (goal: p50 under {40 if told.service else 25} ms)",
            f"{more[0]:.1f} ms",
            f"{more[1]:.1f} ms",
        )
    )
    ratios = [percentile(ours, p) / percentile(peers, p) for p in (50, 95)]
    rows.append(("ratio", f"{ratios[0]:.2f}", f"{ratios[1]:.2f}"))
    show(f"Overhead of a turn ({'service' if told.service else 'embedded'})", rows)


if __name__ == "__main__":
    main()
