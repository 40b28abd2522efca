"""How long a word takes from the model to the turn log, where pages read it, while one core writes many answers.

    python -m bench.delays [--replies 30] [--words 150] [--rate 30]

The worker has one core to itself, the model another; each word holds the time at which it was sent.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from bench._child import child
from bench._figures import percentile, show
from bench._imports import ROOT
from bench._stamping import stamps_in


def worker_on_one_core(url: str, replies: int) -> dict[str, Any]:
    """Milliseconds of delay of every word, and the share of the core that was used."""
    from bench._streaming import worker

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    part = worker(url)
    delays = watched_log()

    async def answer_all() -> float:
        await part.one_reply(await part.asked())
        asked = [await part.asked() for _ in range(replies)]
        delays.clear()
        used, began = time.process_time(), time.perf_counter()
        await asyncio.gather(*map(part.one_reply, asked))
        share = (time.process_time() - used) / (time.perf_counter() - began)
        await part.close()
        return share

    share = part.run(answer_all())
    return {"delays": delays, "share": share}


def watched_log() -> list[float]:
    """Where the delay of every word appears when the log has it."""
    from support_site.chat.log import Append, SqlTurnLog

    delays: list[float] = []
    newest: dict[UUID, int] = defaultdict(int)
    append_all = SqlTurnLog.append_all

    def noting(log: SqlTurnLog, appends: Sequence[Append]) -> Any:
        refusals = append_all(log, appends)
        now = 1000 * time.time()
        for turn_id, _, events in appends:
            deltas = [event for event in events if event["type"] == "message.delta"]
            sent = [each for event in deltas for each in stamps_in("".join(event["blocks"])) if each > newest[turn_id]]
            delays.extend(now - each for each in sent)
            newest[turn_id] = max([newest[turn_id], *sent])
        return refusals

    SqlTurnLog.append_all = noting  # type: ignore[method-assign]
    return delays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replies", type=int, default=30)
    parser.add_argument("--words", type=int, default=150)
    parser.add_argument("--rate", type=float, default=30)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.worker:
        print(json.dumps(worker_on_one_core(told.worker, told.replies)))
        return
    with child("bench._stamping", str(1 / told.rate), str(told.words)) as url, TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bench.delays", "--worker", url, "--replies", str(told.replies)]
        environment = os.environ | {"BENCH_FOLDER": folder}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    p50, p95, p99 = (f"{percentile(found['delays'], percent):.0f} ms" for percent in (50, 95, 99))
    rows = [("answers at once on one core", "p50", "p95", "p99", "of the core")]
    rows.append((str(told.replies), p50, p95, p99, f"{100 * found['share']:.0f} %"))
    show(f"From the model to the turn log ({told.rate:.0f} words a second each; goal: p95 200 ms at 30 answers)", rows)


if __name__ == "__main__":
    main()
