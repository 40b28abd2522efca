"""How figures are made and shown: percentiles of repeated measurements, on a machine that is named."""

import math
import os
import platform
import statistics
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that ``percent`` of the values do not exceed (nearest rank)."""
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


def spread(values: Sequence[float], unit: str = "ms", digits: int = 1) -> str:
    """ "12.3 ms (p95 20.1)": the median and the slow end."""
    return f"{statistics.median(values):.{digits}f} {unit} (p95 {percentile(values, 95):.{digits}f})"


def machine() -> str:
    """Processor, cores and Python, and the day: what a figure means nothing without."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    processor = names[0].partition(": ")[2] if names else platform.machine()
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    day = datetime.now(UTC).date()
    return f"{processor}, {cores} cores, load {load:.1f}, Python {platform.python_version()}, {day}"


def show(title: str, rows: Iterable[Sequence[str]]) -> None:
    """Print rows as the table that docs/benchmarks.md quotes."""
    print(f"\n{title}\n{machine()}\ncommand: python -m {_module()} {' '.join(sys.argv[1:])}\n")
    header, *rest = [list(row) for row in rows]
    for row in [header, ["---"] * len(header), *rest]:
        print("| " + " | ".join(row) + " |")


def _module() -> str:
    spec = sys.modules["__main__"].__spec__
    return spec.name if spec else sys.argv[0]
