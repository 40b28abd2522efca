"""Several processes write and read one account through one Chroma server and one PostgreSQL; one of them is killed."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.memory.child import SHARED
from tests.parts import Chroma, Postgres

pytestmark = [pytest.mark.service, pytest.mark.fault]

ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 240


@pytest.fixture
def site(tmp_path):
    """The environment of processes that share a database and a Chroma server of this test."""
    folder = tempfile.mkdtemp(prefix="pg-")  # pytest's folders are closed to PostgreSQL's own user
    postgres, chroma = Postgres(folder), Chroma(tmp_path / "chroma")
    try:
        for part in (postgres, chroma):
            part.start()
        environment = {
            **os.environ,
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": postgres.wait().url,
            "CHROMA_URL": chroma.wait().url,
            "REDIS_URL": "redis://127.0.0.1:1/0",  # a site of several processes must name one; these ask nothing of it
            "SECRET_KEY": "of-this-test-" * 5,
            "ALLOWED_HOSTS": "testserver",
        }
        migrate = [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"]
        subprocess.run(migrate, env=environment, cwd=ROOT, check=True)
        yield environment
    finally:
        for part in (chroma, postgres):
            part.stop()
        shutil.rmtree(folder, ignore_errors=True)


def child(site, *arguments):
    command = [sys.executable, "-m", "tests.memory.child", *arguments]
    return subprocess.Popen(command, env=site, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_processes_share_an_account_and_one_that_is_killed_takes_nothing_along(site):
    doomed, *others = [child(site, "share", name) for name in ("doomed", "one", "two")]
    lines = [doomed.stdout.readline() for _ in range(3)]
    doomed.kill()
    lines += doomed.communicate(timeout=WAIT_SECONDS)[0].splitlines(keepends=True)
    kept = [f"doomed-{int(line.split()[1]):03}" for line in lines if line.endswith("\n")]
    assert len(kept) >= 3
    for other in others:
        other.communicate(timeout=WAIT_SECONDS)
        assert other.returncode == 0
    looking = child(site, "look")
    seen = json.loads(looking.communicate(timeout=WAIT_SECONDS)[0].splitlines()[-1])
    assert {*kept, "shared", *(f"{name}-{n:03}" for name in ("one", "two") for n in range(SHARED))} <= seen[
        "texts"
    ].keys()
    assert seen["texts"]["shared"].startswith("by ")
    assert len(seen["texts"]) == seen["ledger"]
    assert (seen["pending"], seen["differences"], seen["events"]) == (0, 0, [])
