"""What a worker's CPU pays for one streamed token, beside LangGraph's own astream with the same model and server.

    python -m bench.tokens [--rounds 5] [--replies 10] [--words 150] [--rate 50]

Each part runs in a process of its own: "floor" is a graph of one node that calls ChatOpenAI, streamed with
astream; "agent" is the support agent on stores in memory; "worker" is the site's whole answer to a turn (lease,
agent, ledger, checkpoints in SQLite, rendering, turn log). ``--replies`` are written at once, each at ``--rate``
words a second. Parts take turns, so that all meet the same noise.
"""

import argparse
import json
import statistics
import subprocess
import sys

from bench._figures import percentile, show
from bench._imports import ROOT
from bench._model import model_server

PARTS = ("floor", "agent", "worker")


def microseconds_per_token(part: str, url: str, replies: int, words: int) -> float:
    command = [sys.executable, "-m", "bench._streaming", part, url, str(replies)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["words"] == replies * words, f"{part} streamed {told['words']} words instead of {replies * words}"
    return 1e6 * told["cpu_seconds"] / told["words"]


def measure(rounds: int, replies: int, words: int, rate: float) -> dict[str, list[float]]:
    """Microseconds of CPU a token, of each part in each round."""
    found: dict[str, list[float]] = {part: [] for part in PARTS}
    with model_server(between=1 / rate, words=words) as url:
        for _ in range(rounds):
            for part in PARTS:
                found[part].append(microseconds_per_token(part, url, replies, words))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--replies", type=int, default=10)
    parser.add_argument("--words", type=int, default=150)
    parser.add_argument("--rate", type=float, default=50)
    told = parser.parse_args()
    found = measure(told.rounds, told.replies, told.words, told.rate)
    names = {
        "floor": "LangGraph's astream, one node with ChatOpenAI",
        "agent": "the support agent, stores in memory",
        "worker": "the site's worker, everything",
    }
    rows = [("CPU a streamed token", "median", "p95", "ratio to LangGraph's astream")]
    floor = statistics.median(found["floor"])
    for part in PARTS:
        median = statistics.median(found[part])
        slow = percentile(found[part], 95)
        rows.append((names[part], f"{median:.0f} us", f"{slow:.0f} us", f"{median / floor:.2f}"))
    show(f"CPU of a token ({told.replies} replies at once, {told.rate:.0f} words a second each; goal 1.3)", rows)


if __name__ == "__main__":
    main()
