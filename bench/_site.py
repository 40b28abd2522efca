"""A site of its own for a bench: fresh data, a free port, demo customers."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory

import httpx

from bench._imports import ROOT
from bench._process import Process

START_SECONDS = 120
STOP_SECONDS = 30


class Site:
    """A running site. ``seconds_to_first_page`` is from the start of ``manage.py serve`` to the sign-in page."""

    def __init__(self, process: subprocess.Popen[bytes], address: str, seconds_to_first_page: float) -> None:
        self.process = Process(process)
        self.address = address
        self.seconds_to_first_page = seconds_to_first_page


@contextmanager
def site(model_url: str = "", **told: str) -> Iterator[Site]:
    """A site on fresh data, embedded; with a model at ``model_url``, else with the offline model. ``told``: settings.

    It ends with the bench, also when the bench is told to end (SIGTERM).
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))
    with TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        port = free_port()
        settings = embedded_settings(folder, model_url) | {"PORT": str(port), **told}
        for command in (["migrate", "--verbosity", "0"], ["demo"]):
            done = subprocess.run(
                _manage(*command), cwd=ROOT, env=settings, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
        address = f"http://127.0.0.1:{port}"
        began = time.perf_counter()
        process = subprocess.Popen(_manage("serve"), cwd=ROOT, env=settings, stdout=subprocess.DEVNULL)
        try:
            wait_for_page(f"{address}/accounts/login/", process)
            yield Site(process, address, time.perf_counter() - began)
        finally:
            stop(process)


def embedded_settings(folder: str, model_url: str = "") -> dict[str, str]:
    """The environment of an embedded site whose data are in ``folder``."""
    told: Mapping[str, str] = {
        **dict.fromkeys(("DATABASE_URL", "REDIS_URL", "CHROMA_URL", "CELERY_BROKER_URL", "OPENAI_API_KEY"), ""),
        **dict.fromkeys(("MESSAGES_PER_MINUTE", "OPEN_SOCKETS", "TURNS_AT_ONCE", "TOKENS_PER_DAY"), "0,0"),
        "DATA_DIR": folder,
        "OPENAI_BASE_URL": model_url,
        "OPENAI_MODEL": "test-model",
        "EMBEDDER": "lexical",
        "LOG_LEVEL": "WARNING",
    }
    return {**os.environ, **told}


def _manage(*command: str) -> list[str]:
    return [sys.executable, "manage.py", *command]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_page(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, f"the site ended with {process.returncode}"
        try:
            httpx.get(address).raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.02)
    raise TimeoutError(f"no page within {START_SECONDS} s")


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
