"""How long until the site serves, how much memory its one process needs, and what its commands import.

python -m bench.start [--rounds 5]
"""

import argparse
import asyncio
import time
from tempfile import TemporaryDirectory

from bench._figures import show, spread
from bench._imports import imports_of
from bench._site import site
from bench._talk import Customer

COMMANDS = (("check",), ("migrate", "--plan"))
#: After a turn the site learns from it in the background; the memory is read when that is over.
SETTLE_SECONDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    rows = [("figure", "median (p95)"), *command_rows(rounds)]
    starts, idle, used = [], [], []
    for _ in range(rounds):
        with site() as running:
            starts.append(running.seconds_to_first_page)
            time.sleep(SETTLE_SECONDS)
            idle.append(running.resident_megabytes())
            asyncio.run(one_turn(running.address))
            time.sleep(SETTLE_SECONDS)
            used.append(running.resident_megabytes())
    rows.append(("`manage.py serve` to the first page", spread(starts, "s", 2)))
    rows.append(("memory of the one process before the first turn", spread(idle, "MB", 0)))
    rows.append(("memory of the one process after a turn", spread(used, "MB", 0)))
    show("Start and memory (embedded, offline model)", rows)


def command_rows(rounds: int) -> list[tuple[str, str]]:
    rows = []
    for command in COMMANDS:
        with TemporaryDirectory(prefix="bench-") as folder:
            runs = [imports_of(*command, environment={"DATA_DIR": folder}) for _ in range(rounds)]
        heavy = ", ".join(sorted(runs[-1].heavy)) or "none"
        name = f"`manage.py {' '.join(command)}`"
        rows.append((name, spread([run.seconds for run in runs], "s", 2)))
        rows.append((f"{name}: of chromadb, openai, langchain_openai, onnxruntime it imports", heavy))
    return rows


async def one_turn(address: str) -> None:
    customer = Customer(address)
    async with customer.talk(customer.new_conversation()) as talk:
        await talk.ask("Where is my order?")


if __name__ == "__main__":
    main()
