"""What a command of the site imports, told by Python itself (``-X importtime``)."""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Packages that cost seconds and that a command which neither answers nor searches has no use for.
HEAVY = frozenset({"chromadb", "openai", "langchain_openai", "onnxruntime"})


def imports_of(*command: str, environment: Mapping[str, str]) -> frozenset[str]:
    """Full names of the modules that ``manage.py command`` imports. Raises CalledProcessError if it fails."""
    told = run(*command, environment=environment, options=("-X", "importtime")).stderr
    return frozenset(re.findall(r"^import time:\s+\d+ \|\s+\d+ \|\s+(\S+)$", told, re.MULTILINE))


def heavy(modules: Iterable[str]) -> set[str]:
    """Which of the heavy packages are among them."""
    return {module.partition(".")[0] for module in modules} & HEAVY


def run(*command: str, environment: Mapping[str, str], options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run ``manage.py command`` to its end, with ``options`` for Python."""
    return subprocess.run(
        [sys.executable, *options, "manage.py", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
