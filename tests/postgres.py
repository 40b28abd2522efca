"""Tests that pass on SQLite, run once more on a PostgreSQL of their own."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.parts import Postgres

ROOT = Path(__file__).parents[1]


def assert_passes_on_postgres(*tests):
    """Run these (files, or names of tests) in a process whose database is a fresh PostgreSQL."""
    folder = tempfile.mkdtemp(prefix="pg-")  # pytest's folders are closed to PostgreSQL's own user
    server = Postgres(folder)
    try:
        _assert_passes(server.start().wait().url, tests)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _assert_passes(url, tests):
    command = [sys.executable, "-m", "pytest", "-q", "--reuse-db", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-p", "tests.memory.on_postgres", *tests],
        cwd=ROOT,
        env={**os.environ, "TEST_DATABASE_URL": url, "PYTEST_XDIST_WORKER": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
