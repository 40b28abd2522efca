"""The benches that the documentation names can be run, and their arithmetic is right."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench._figures import percentile, spread
from bench._model import model_server
from bench.tokens import PARTS, microseconds_per_token

ROOT = Path(__file__).resolve().parent.parent
NAMED = sorted(set(re.findall(r"`(bench\.\w+)`", (ROOT / "docs/benchmarks.md").read_text())))


def test_the_page_names_every_bench():
    assert sorted(f"bench.{path.stem}" for path in ROOT.glob("bench/[a-z]*.py")) == NAMED


@pytest.mark.parametrize("module", NAMED)
def test_a_bench_says_how_it_is_run(module):
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert f"python -m {module}" in done.stdout


def test_percentiles_are_values_that_were_measured():
    values = [float(n) for n in range(1, 101)]
    assert (percentile(values, 50), percentile(values, 95), percentile(values, 100)) == (50, 95, 100)
    assert percentile([7.0], 95) == 7.0
    assert spread([1.0, 2.0, 9.0], "s") == "2.0 s (p95 9.0)"


@pytest.mark.parametrize("part", PARTS)
def test_each_part_streams_every_word_of_the_model(part):
    with model_server(words=25) as url:
        assert microseconds_per_token(part, url, replies=2, words=25) > 0
