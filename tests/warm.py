"""``manage.py`` in processes that start at once: each is forked off one that has imported the libraries already.

They are processes like any other, with a memory and files of their own, and die like any other by kill -9. Left out is
only what Python does before the first line of ours: two seconds of computing, and tests start more than a hundred.
"""

import os
import runpy
import subprocess
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: What the site imports and what reads neither settings nor environment: so nothing of ``support_site``.
IMPORTED = [
    "agents.offline",
    "agents.runner",
    "agents.sqlite_checkpoints",
    "agents.store",
    "celery.app.trace",
    "celery.apps.worker",
    "channels.layers",
    "channels.routing",
    "chromadb.api.rust",
    "django.core.management.commands.shell",
    "django.db.backends.sqlite3.base",
    "django.test",
    "langchain_openai",
    "limits.aio.storage",
    "markdown_it",
    "prometheus_client",
    "redis.asyncio",
    "servestatic",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
]
_forks = get_context("forkserver")
_forks.set_forkserver_preload(IMPORTED)


class Managed:
    """A process of ``manage.py`` with these words; as much of ``Popen`` as tests use. Both outputs go to one file."""

    def __init__(self, command, *, env, output):
        told = (list(command), dict(env), str(output))
        self._process = _forks.Process(target=_manage, args=told, daemon=True)
        self._process.start()
        self.pid = self._process.pid

    @property
    def returncode(self):
        return self._process.exitcode

    poll = returncode.fget

    def wait(self, timeout=None):
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
        return self.returncode

    def send_signal(self, how):
        if self.poll() is None:
            os.kill(self.pid, how)


def manage(*command, env):
    """What ``manage.py`` prints with these words."""
    with tempfile.NamedTemporaryFile() as output:
        ended = Managed(command, env=env, output=output.name).wait(120)
        printed = Path(output.name).read_text()
    assert ended == 0, printed
    return printed


def _manage(command, env, output):
    """Be that process."""
    os.environ.clear()
    os.environ.update(env)
    file = os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for standard in (1, 2):
        os.dup2(file, standard)
    sys.stdout = sys.stderr = os.fdopen(file, "w", buffering=1)
    sys.argv = ["manage.py", *command]
    os.chdir(ROOT)
    runpy.run_path("manage.py", run_name="__main__")
