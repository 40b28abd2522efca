"""A part of a bench in a process of its own, so that its CPU and its noise are not the measurer's."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench._imports import ROOT


@contextmanager
def child(module: str, *arguments: str) -> Iterator[str]:
    """The first line that ``python -m module`` prints, which says where it is; it serves until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line, f"{module} ended before it said where it is"
        yield line
        process.communicate(timeout=30)


def serve_until_input_ends(where: str) -> None:
    """The child's side."""
    print(where, flush=True)
    sys.stdin.read()
