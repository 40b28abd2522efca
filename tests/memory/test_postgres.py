"""What the ledger promises holds on PostgreSQL as it does on SQLite."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.parts import Postgres

pytestmark = [pytest.mark.service, pytest.mark.fault]

ROOT = Path(__file__).parents[2]
#: All of the contract takes minutes here, for every test empties every table: run it when the ledger's SQL changes.
FILES = ["tests/memory/test_ledger.py", "tests/memory/test_concurrency.py"]


@pytest.fixture
def postgres():
    folder = tempfile.mkdtemp(prefix="pg-")  # pytest's folders are closed to PostgreSQL's own user
    server = Postgres(folder)
    yield server.start().wait()
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_the_ledger_keeps_its_promises_on_postgresql(postgres):
    """Versions compared and swapped by many threads among them: of two writers one is told that he is late."""
    command = [sys.executable, "-m", "pytest", "-q", "--reuse-db", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-p", "tests.memory.on_postgres", *FILES],
        cwd=ROOT,
        env={**os.environ, "TEST_DATABASE_URL": postgres.url, "PYTEST_XDIST_WORKER": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
