"""A Chroma server of its own, for benches and tests."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

_START_SECONDS = 30


@contextmanager
def chroma_server(folder: str, port: int | None = None) -> Iterator[int]:
    """A Chroma server on the folder; its port. Ended by SIGTERM, which it obeys after saving its indexes."""
    port = port or free_port()
    with started_server(folder, port) as server:
        try:
            yield port
        finally:
            server.terminate()


def started_server(folder: str, port: int) -> subprocess.Popen[bytes]:
    """A Chroma server that answers, for whoever ends or kills it."""
    server = launched_server(folder, port)
    try:
        _wait_for(port)
    except TimeoutError:
        server.kill()
        server.wait()
        raise
    return server


def launched_server(folder: str, port: int) -> subprocess.Popen[bytes]:
    """A Chroma server that will answer, if it lives."""
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--path", folder, "--port", str(port)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def tune(folder: str) -> None:
    """What docs/operations.md has an operator do to a server's file, which nobody but him can reach."""
    script = Path(__file__).parents[1] / "agents" / "store" / "database.py"
    subprocess.run([sys.executable, str(script), "tune", f"{folder}/chroma.sqlite3"], check=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=1).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(f"the Chroma server did not answer within {_START_SECONDS} seconds")
