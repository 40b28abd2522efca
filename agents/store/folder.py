"""The folder of an embedded Chroma: one process at a time, fast writes, quick look-ups, vacuum.

Chroma keeps rows in ``chroma.sqlite3`` and each vector index in a folder of its own beside it.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import UUID

from .errors import StoreUnavailable

_FILE = "chroma.sqlite3"
_SCRIPT = Path(__file__).with_name("database.py")

#: The lock of each folder by the process that took it: a lock does not survive a fork.
_held: dict[tuple[int, Path], int] = {}


class Folder:
    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).resolve()

    def prepare(self) -> None:
        """Take the folder for this process and tune its database; cheap when that is done already.

        Raises StoreUnavailable if another process has the folder: PersistentClient is not process-safe, two
        of them damage the index without an error (chroma-core/chroma#3769).
        """
        self.hold()
        self._in_a_child("tune")

    def vacuum(self) -> None:
        """Give the freed pages back, so that no byte of a deleted row is left, and drop indexes nobody owns."""
        owned = set(self._in_a_child("vacuum").split())
        for folder in self.path.iterdir():
            if folder.is_dir() and _is_uuid(folder.name) and folder.name not in owned:
                shutil.rmtree(folder, ignore_errors=True)

    def hold(self) -> None:
        """Take the folder for this process until it ends, before a client is made."""
        key = (os.getpid(), self.path)
        if key in _held:
            return
        # Never closed: closing any handle of the file would give the lock away.
        handle = os.open(self.path / "one-process.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise StoreUnavailable(
                f"Another process uses the Chroma folder {self.path}. Stop it, or run a Chroma server"
                " (`chroma run --path ...`) and give every process a HttpClient."
            ) from None
        _held[key] = handle

    def _in_a_child(self, work: str) -> str:
        """What the script prints. Raises StoreUnavailable if it fails."""
        command = [sys.executable, "-I", "-S", str(_SCRIPT), work, str(self.path / _FILE)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StoreUnavailable(f"Chroma's file {self.path / _FILE} cannot be used ({work}): {done.stderr[-500:]}")
        return done.stdout


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
