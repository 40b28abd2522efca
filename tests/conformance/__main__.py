"""``python -m tests.conformance [--shop FILE] [FILE ...]``: play golden files over a store in memory and report."""

import argparse
import asyncio
import sys
from pathlib import Path

from langgraph.store.memory import InMemoryStore
from tqdm import tqdm

from tests.conformance import GOLDEN, MANNERS, SHOP
from tests.conformance.golden import Case, Shop, cases
from tests.conformance.play import Player, Verdict, play


async def _play(shop: Shop, golden: list[Case], manner: str) -> list[Verdict]:
    player = await Player(InMemoryStore(), shop).move_in()
    return [*await play(player, golden, manner), await player.whole_shop()]


def main() -> int:
    """0 if every case agrees in every manner, else 1 with the disagreements on standard output."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--shop", type=Path, default=SHOP)
    parser.add_argument("files", nargs="*", type=Path, default=sorted(GOLDEN.glob("*.jsonl")))
    options = parser.parse_args()
    shop, faults = Shop(options.shop), 0
    for path in options.files:
        golden = list(cases(path))
        for manner in tqdm(MANNERS, desc=path.name, leave=False, disable=None):
            verdicts = asyncio.run(_play(shop, golden, manner))
            wrong = [verdict for verdict in verdicts if verdict.faults]
            staffed = sum(verdict.staffed for verdict in verdicts)
            note = f", {staffed} needed staff" if staffed else ""
            tqdm.write(f"{path.name:<24} {manner:<12} {len(golden) - len(wrong)}/{len(golden)}{note}")
            for verdict in wrong:
                tqdm.write(f"  {verdict.case}: {'; '.join(verdict.faults)[:2_000]}")
            faults += len(wrong)
    return 1 if faults else 0


sys.exit(main())
