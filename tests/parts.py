"""Copies of the services the site stands on, for one test or module: each on a free port, with nothing in it."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

START_SECONDS = 40
_given = set()


def free_port():
    """A port that nobody has, and that was not given out before."""
    while True:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def answers(port):
    """Whether something listens there."""
    with socket.socket() as asking:
        asking.settimeout(1)
        return asking.connect_ex(("127.0.0.1", port)) == 0


def wait_until(fact, seconds=START_SECONDS, told=""):
    """The fact, as soon as it is one. ``told`` is what to say if it never is, or gives it."""
    until = time.monotonic() + seconds
    while not (known := fact()):
        assert time.monotonic() < until, f"it did not come: {told() if callable(told) else told or fact}"
        time.sleep(0.02)
    return known


def program(name):
    """Where a program is; skips the test if it is nowhere."""
    beside = Path(sys.executable).parent / name
    others = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = next((str(path) for path in [beside, *others] if path.exists()), None) or shutil.which(name)
    return found or pytest.skip(f"{name} is not installed")


def end(process, how):
    """End a process, if one was started and still runs, with this signal, and wait until it is gone."""
    if process and process.poll() is None:
        process.send_signal(how)
        process.wait(30)


class Part:
    """A process that is started, killed and started again at the same address."""

    def __init__(self, folder, **options):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.port = free_port()
        self.options = options
        self.process = None

    def command(self):
        raise NotImplementedError

    def start(self):
        with (self.folder / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.options
            )
        return self

    def wait(self):
        """Return when it answers."""
        wait_until(lambda: answers(self.port), told=lambda: f"{self.command()[0]}: {self.log[-2000:]}")
        return self

    def stop(self, how=signal.SIGKILL):
        """End it with this signal, and wait until it is gone."""
        end(self.process, how)

    @property
    def log(self):
        return (self.folder / "log.txt").read_text(errors="replace")


class Redis(Part):
    """Keeps nothing on disk: started again, it is empty."""

    def command(self):
        return [program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"


class Postgres(Part):
    """Its data outlives it. It refuses to run as root; then its own user runs it."""

    def __init__(self, folder):
        user = "postgres" if os.geteuid() == 0 else None
        super().__init__(folder, user=user, start_new_session=True)
        if user:
            os.chown(self.folder, pwd.getpwnam(user).pw_uid, -1)
            self.folder.chmod(0o755)
        made = [program("initdb"), "-D", self.data, "-U", "site", "--auth=trust", "--no-sync"]
        subprocess.run(made, check=True, user=user, cwd=self.folder, stdout=subprocess.DEVNULL)

    def stop(self, how=signal.SIGKILL):
        """As if the machine lost its power: the server and its children at once."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, how)
            self.process.wait(30)

    @property
    def data(self):
        return self.folder / "data"

    def command(self):
        options = ["-p", str(self.port), "-k", self.folder, "-h", "127.0.0.1", "-c", "max_connections=200"]
        return [program("postgres"), "-D", self.data, *options]

    def wait(self):
        import psycopg

        def is_up():
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                return False
            return True

        wait_until(is_up, told="PostgreSQL")
        return self

    @property
    def url(self):
        return f"postgresql://site@127.0.0.1:{self.port}/postgres"


class Chroma(Part):
    """Its data outlives it."""

    def command(self):
        place = ["--path", str(self.folder / "data"), "--host", "127.0.0.1", "--port", str(self.port)]
        return [program("chroma"), "run", *place]

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"
