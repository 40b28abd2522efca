"""Kill -9 at the one moment that breaks a collection: while Chroma writes the last file of its index.

``python -m tests.store.kills FOLDER PID`` waits for that moment in a process of its own: the files are written
within a few milliseconds, which a thread beside others sleeps through.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_KILLS = 3
_WAIT_SECONDS = 120


def killer(chroma: Path, pid: int) -> subprocess.Popen[str]:
    """Started and watching; it ends once it has killed."""
    command = [sys.executable, "-m", "tests.store.kills", str(chroma), str(pid)]
    watching = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert watching.stdout.readline() == "watching\n"
    return watching


def is_torn(chroma: Path) -> bool:
    """Whether a pickle lacks the dot that ends every pickle."""
    return any(not file.read_bytes().endswith(b".") for file in _last_files(chroma))


def tear(chroma: Path) -> None:
    """What such a kill leaves, for a machine too busy to hit the moment."""
    for file in _last_files(chroma):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _last_files(chroma: Path) -> list[Path]:
    return list(chroma.glob("*/index_metadata.pickle"))


def _watch(chroma: Path, pid: int) -> None:
    saved = _saved(chroma)
    sys.stdout.write("watching\n")
    sys.stdout.flush()
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        before, saved = saved, _saved(chroma)
        if any(at != before.get(file, at) for file, at in saved.items()):
            break
        assert time.monotonic() < until, "nothing was saved"
    os.kill(pid, signal.SIGKILL)


def _saved(chroma: Path) -> dict[Path, int]:
    """When each index was saved. One may vanish: an earlier kill broke it, and it was set aside and rebuilt."""
    found = {}
    for file in _last_files(chroma):
        with suppress(FileNotFoundError):
            found[file] = file.stat().st_mtime_ns
    return found


if __name__ == "__main__":
    _watch(Path(sys.argv[1]), int(sys.argv[2]))
