"""Kill -9 at any moment: afterwards ledger and Chroma agree, and no acknowledged write is gone."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agents.store.table import SYNC_EVERY
from tests.memory.child import STEPS
from tests.store.damages import delete, spoil_every_other_page
from tests.store.kills import MOST_KILLS, is_torn, killer, tear

pytestmark = pytest.mark.fault

#: So many that Chroma has written its index.
ENOUGH = SYNC_EVERY + 50

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """A data folder with an empty database, made once and copied."""
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0", "--skip-checks"], env=env(folder), cwd=ROOT, check=True
    )
    return folder


@pytest.fixture
def site(migrated, tmp_path):
    return shutil.copytree(migrated, tmp_path / "site")


def env(folder):
    return {**os.environ, "DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)}


_children: list[subprocess.Popen[str]] = []


@pytest.fixture(autouse=True)
def nobody_is_left():
    yield
    while _children:
        with _children.pop() as left:
            left.kill()


def child(site, *arguments):
    command = [sys.executable, "-m", "tests.memory.child", *arguments]
    _children.append(subprocess.Popen(command, env=env(site), cwd=ROOT, stdout=subprocess.PIPE, text=True))
    return _children[-1]


def kept(lines):
    return [int(line.split()[1]) for line in lines if line.startswith("kept ") and line.endswith("\n")]


def look(site):
    output, _ = child(site, "look").communicate(timeout=120)
    return json.loads(output.splitlines()[-1])


def require_nothing_lost(seen, acknowledged):
    assert {f"m{number:05}" for number in acknowledged} <= seen["texts"].keys()
    assert all(text == f"memory number {int(key[1:])}" for key, text in seen["texts"].items())
    assert len(seen["texts"]) == seen["ledger"]
    assert (seen["pending"], seen["differences"]) == (0, 0)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_of_a_put_ledger_and_chroma_agree_afterwards(site, step):
    writing = child(site, "write", step)
    output, _ = writing.communicate(timeout=120)
    assert writing.returncode == -9
    seen = look(site)
    require_nothing_lost(seen, kept(output.splitlines(keepends=True)))
    committed = step in ("before chroma", "after chroma")
    assert len(seen["texts"]) == (4 if committed else 3)


def test_killed_again_and_again_while_it_writes_nothing_acknowledged_is_lost(site):
    acknowledged = []
    for _ in range(4):
        writing = child(site, "write")
        wanted = random.Random(len(acknowledged)).randint(20, 120)
        for line in writing.stdout:
            acknowledged += kept([line])
            wanted -= 1
            if not wanted:
                break
        writing.kill()
        acknowledged += kept(writing.communicate(timeout=30)[0].splitlines(keepends=True))
    require_nothing_lost(look(site), acknowledged)


@pytest.fixture(scope="module")
def once_filled(migrated, tmp_path_factory):
    folder = shutil.copytree(migrated, tmp_path_factory.mktemp("filled") / "site")
    filling = child(folder, "fill", str(ENOUGH))
    filling.communicate(timeout=120)
    assert filling.returncode == -9
    return folder


@pytest.fixture
def filled(once_filled, tmp_path):
    """A site with so many memories that Chroma has saved its index."""
    return shutil.copytree(once_filled, tmp_path / "filled")


def test_killed_while_chroma_saves_its_index_until_it_breaks_the_site_mends_itself(filled):
    acknowledged = list(range(ENOUGH))
    for _ in range(MOST_KILLS):
        growing = child(filled, "grow")
        with killer(filled / "chroma", growing.pid):
            acknowledged += kept(growing.communicate(timeout=180)[0].splitlines(keepends=True))
        if is_torn(filled / "chroma"):
            break
    else:
        tear(filled / "chroma")
    seen = look(filled)
    require_nothing_lost(seen, acknowledged)
    assert seen["events"][:2] == ["broken", "rebuilt"]


@pytest.mark.parametrize(
    "damage",
    ["index torn", "index crashes", "index gone", "folder gone", "rows gone", "rows spoilt", "log torn"],
)
def test_a_chroma_that_was_damaged_while_the_site_was_down_mends_itself(filled, damage):
    DAMAGES[damage](filled / "chroma")
    seen = look(filled)
    require_nothing_lost(seen, range(ENOUGH))
    if damage != "log torn":
        assert seen["events"][:2] == ["broken", "rebuilt"]


def tear_fatally(chroma):
    """Whoever opens this index dies of a segmentation fault."""
    (pickle,) = chroma.rglob("index_metadata.pickle")
    header = pickle.with_name("header.bin")
    header.write_bytes(header.read_bytes()[:50])
    os.utime(pickle, (1, 1))


def tear_log(chroma):
    """The writes that SQLite had not yet taken over into its file."""
    log = chroma / "chroma.sqlite3-wal"
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])


def lose_index(chroma):
    for index in list(chroma.rglob("index_metadata.pickle")):
        shutil.rmtree(index.parent)


DAMAGES = {
    "index torn": tear,
    "index crashes": tear_fatally,
    "log torn": tear_log,
    "index gone": lose_index,
    "folder gone": shutil.rmtree,
    "rows gone": delete,
    "rows spoilt": spoil_every_other_page,
}


def test_a_second_process_keeps_its_writes_and_the_first_takes_them_over(site):
    """The ledger is open to all; only Chroma's folder belongs to one process."""
    first = child(site, "write")
    next(first.stdout)
    second = subprocess.run(
        [sys.executable, "manage.py", "demo"], env=env(site), cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    first.kill()
    first.communicate(timeout=30)
    assert second.returncode == 0, second.stderr
    assert "the running site takes it over within seconds" in second.stdout
    reading = subprocess.run(
        [sys.executable, "manage.py", "store_check"],
        env=env(site),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert reading.returncode == 0, reading.stderr
    assert "orphans: 0" in reading.stdout
