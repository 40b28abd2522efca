"""Tests that share something expensive run in one process."""

import os
import re
from contextlib import suppress
from pathlib import Path

import pytest

from tests.sharing import LONG, TOGETHER, rank, unit_of

ROOT = Path(__file__).resolve().parent.parent


def test_every_file_that_is_named_is_there():
    files = {*TOGETHER, *(unit.partition("::")[0] for unit in LONG if unit not in TOGETHER.values())}
    assert [file for file in sorted(files) if not (ROOT / file).exists()] == []


def test_whoever_uses_the_service_runs_where_it_runs():
    users = {
        str(path.relative_to(ROOT))
        for path in ROOT.glob("tests/faults/test_*.py")
        if re.search(r"^def \w+\(.*\bservice\b", path.read_text(), re.M)
    }
    assert users == {file for file, unit in TOGETHER.items() if unit == "the service"}


@pytest.mark.parametrize(
    ("test", "unit"),
    [
        ("tests/faults/test_chaos.py::test_nothing_is_lost[web-queued]", "the service"),
        ("tests/chat/test_frames.py::test_a_frame[a::b]", "tests/chat/test_frames.py"),
        ("tests/store/test_contract.py::TestIt::test_a_put[x::y]", "tests/store/test_contract.py::TestIt"),
    ],
)
def test_what_runs_together_is_a_class_a_file_or_what_shares_more(test, unit):
    assert unit_of(test) == unit


def test_long_ones_are_begun_first():
    assert rank("tests/faults/test_service.py::test_a_deploy") == 0
    assert rank("tests/chat/test_frames.py::test_a_frame") == len(LONG)


@pytest.mark.parametrize("number", range(6))
def test_tests_of_one_file_run_in_one_process(run_folder, number):
    whose = run_folder / "tests-of-one-file"
    with suppress(FileExistsError), whose.open("x") as file:
        file.write(str(os.getpid()))
    assert whose.read_text() == str(os.getpid())
