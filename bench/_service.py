"""The parts of a service for a bench: PostgreSQL, Redis and web processes of its own, on free ports."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench._imports import ROOT
from bench._process import Process
from bench._site import free_port, stop, wait_for_page
from tests.parts import Chroma, Postgres, Redis


@contextmanager
def service_settings(model_url: str = "", *, with_chroma: bool = False) -> Iterator[dict[str, str]]:
    """The environment of a service on fresh PostgreSQL and Redis (and Chroma, where workers run), migrated."""
    with TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL's own user must get to its data
        parts = [Postgres(folder / "postgres"), Redis(folder / "redis")]
        parts += [Chroma(folder / "chroma")] if with_chroma else []
        try:
            for part in parts:
                part.start().wait()
            told = {
                "DATABASE_URL": parts[0].url,
                "REDIS_URL": parts[1].url,
                "CHROMA_URL": parts[2].url if with_chroma else "http://127.0.0.1:9",
                "SECRET_KEY": secrets.token_urlsafe(50),
                "ALLOWED_HOSTS": "127.0.0.1",
                "HTTPS_ONLY": "false",
                "DATA_DIR": str(folder / "var"),
                "OPENAI_BASE_URL": model_url,
                "OPENAI_MODEL": "test-model",
                "EMBEDDER": "lexical",
                "LOG_LEVEL": "WARNING",
                "OPEN_SOCKETS": "0,0",
                "MESSAGES_PER_MINUTE": "0,0",
            }
            environment = {**os.environ, **dict.fromkeys(("CELERY_BROKER_URL", "OPENAI_API_KEY"), ""), **told}
            migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
            yield environment
        finally:
            for part in parts:
                part.stop()


@contextmanager
def web(
    environment: dict[str, str], application: str = "support_site.asgi:application"
) -> Iterator[tuple[Process, str]]:
    """One uvicorn process with the options of ``manage.py serve``, and its address."""
    port = free_port()
    command = ["-m", "uvicorn", application, "--ws", "support_site.chat.wire:Wire", "--ws-per-message-deflate", "false"]
    command += ["--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for_page(f"{address}/accounts/login/", process)
        yield Process(process), address
    finally:
        stop(process)


@contextmanager
def service(model_url: str) -> Iterator[str]:
    """A whole service with the demo customers: one web process and one worker for each queue. The address."""
    with service_settings(model_url, with_chroma=True) as environment:
        subprocess.run(
            [sys.executable, "manage.py", "demo"], cwd=ROOT, env=environment, check=True, capture_output=True
        )
        with worker(environment, "turns"), worker(environment, "background"), web(environment) as (_, address):
            yield address


@contextmanager
def worker(environment: dict[str, str], queue: str) -> Iterator[Process]:
    """A worker, as README starts it; what is meant for it waits in Redis until it is there."""
    command = ["-m", "celery", "-A", "support_site.celery", "worker", "--pool", "threads", "--concurrency", "16"]
    command += ["--queues", queue, "--hostname", queue, "--loglevel", "WARNING"]
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield Process(process)
    finally:
        stop(process)
