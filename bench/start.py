"""How long until the site serves, how much memory its one process needs, and what its commands import.

python -m bench.start [--rounds 5]
"""

import argparse
import asyncio
import time
from collections.abc import Mapping
from tempfile import TemporaryDirectory

from bench._figures import show, spread
from bench._imports import HEAVY, heavy, imports_of, run
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
            idle.append(running.process.resident_kilobytes() / 1024)
            asyncio.run(one_turn(running.address))
            time.sleep(SETTLE_SECONDS)
            used.append(running.process.resident_kilobytes() / 1024)
    rows.append(("`manage.py serve` to the first page", spread(starts, "s", 2)))
    rows.append(("memory of the one process before the first turn", spread(idle, "MB", 0)))
    rows.append(("memory of the one process after a turn", spread(used, "MB", 0)))
    show("Start and memory (embedded, offline model)", rows)


def command_rows(rounds: int) -> list[tuple[str, str]]:
    rows = []
    for command in COMMANDS:
        name = f"`manage.py {' '.join(command)}`"
        with TemporaryDirectory(prefix="bench-") as folder:
            environment = {"DATA_DIR": folder}
            imported = heavy(imports_of(*command, environment=environment))
            times = [seconds(*command, environment=environment) for _ in range(rounds)]
        rows.append((name, spread(times, "s", 2)))
        rows.append((f"{name} imports, of {', '.join(sorted(HEAVY))}", ", ".join(sorted(imported)) or "none"))
    return rows


def seconds(*command: str, environment: Mapping[str, str]) -> float:
    began = time.perf_counter()
    run(*command, environment=environment)
    return time.perf_counter() - began


async def one_turn(address: str) -> None:
    customer = Customer(address)
    async with customer.talk(customer.new_conversation()) as talk:
        await talk.ask("Where is my order?")


if __name__ == "__main__":
    main()
