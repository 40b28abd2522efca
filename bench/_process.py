"""What a process has used, as the kernel tells it."""

import os
import re
import subprocess
from pathlib import Path

#: Of user and system, as /proc tells them.
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Process:
    """A running process and what it has used."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._pid = process.pid

    def cpu_seconds(self) -> float:
        """User and system time since its start, of all its threads."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def resident_kilobytes(self) -> int:
        """VmRSS."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self._pid}/status").read_text())
        assert found, "the kernel tells no VmRSS"
        return int(found[1])
