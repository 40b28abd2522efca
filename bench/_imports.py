"""What a command of the site imports, told by Python itself (``-X importtime``)."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
#: Packages that cost seconds and that a command which neither answers nor searches has no use for.
HEAVY = frozenset({"chromadb", "openai", "langchain_openai", "onnxruntime"})


class Imports(NamedTuple):
    """``seconds`` of wall time of the whole command; ``modules`` by their full names."""

    seconds: float
    modules: frozenset[str]

    @property
    def heavy(self) -> set[str]:
        return {module.partition(".")[0] for module in self.modules} & HEAVY


def imports_of(*command: str, environment: Mapping[str, str]) -> Imports:
    """Run ``manage.py command`` and read what it imported. Raises CalledProcessError if the command fails."""
    began = os.times().elapsed
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "manage.py", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    seconds = os.times().elapsed - began
    lines = re.findall(r"^import time:\s+\d+ \|\s+\d+ \|\s+(\S+)$", done.stderr, re.MULTILINE)
    return Imports(seconds, frozenset(lines))
