"""``make service`` as the README has it: somebody signs in and talks through both web processes, Ctrl-C ends it all."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.faults.browser import Browser
from tests.parts import Chroma, Part, Postgres, Redis, free_port, wait_until

pytestmark = pytest.mark.service

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("agents", "support_site", "templates", "static", "manage.py", "Procfile", "Makefile", "requirements.txt")


@pytest.fixture
def parts():
    # Not among pytest's folders: PostgreSQL's own user must be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="parts-"))
    folder.chmod(0o755)
    parts = [Postgres(folder / "postgres"), Redis(folder / "redis"), Chroma(folder / "chroma")]
    for part in parts:
        part.start()
    for part in parts:
        part.wait()
    yield parts
    for part in parts:
        part.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(tmp_path, parts):
    """A copy of the project with an ``.env`` that names the parts, and the command that runs it."""
    for name in NEEDED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    postgres, redis, chroma = parts
    told = {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url, "CHROMA_URL": chroma.url, "SECRET_KEY": 50 * "k"}
    lines = [f"{name}={value}" for name, value in {**told, "ALLOWED_HOSTS": "localhost,127.0.0.1"}.items()]
    (tmp_path / ".env").write_text("\n".join(lines))
    site = Made(tmp_path)
    yield site
    site.stop()


class Made(Part):
    """``make service WEB=2``, as if its packages were installed; the second web process is a port higher."""

    def __init__(self, folder):
        known = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        super().__init__(folder, env=known, start_new_session=True)
        self.port = free_port()

    def command(self):
        installed = ["-o", ".venv/installed", "-o", ".venv/installed-dev"]
        return ["make", *installed, "service", "WEB=2", f"PORT={self.port}"]

    def stop(self, how=signal.SIGINT):
        """End it as a terminal does. Its processes are in groups of their own, so killing this one would leave them."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, how)
            self.process.wait(90)

    def manage(self, *command):
        run = [sys.executable, "manage.py", *command]
        subprocess.run(run, cwd=self.folder, env=self.options["env"], check=True, capture_output=True, timeout=90)


def signed_in(address):
    """A session of alice's and a conversation of hers that is new."""
    with closing(httpx.Client(base_url=address, follow_redirects=True, timeout=30)) as client:

        def post(path, page, **fields):
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]
            return client.post(path, data={"csrfmiddlewaretoken": token, **fields}, headers={"Referer": address})

        welcome = post("/accounts/login/", client.get("/"), login="alice@example.com", password="demo-password")
        page = post("/conversations/new/", welcome)
        assert client.get(re.search(r'href="(/static/[^"]+\.css)"', page.text)[1]).status_code == 200
        return client.cookies["sessionid"], page.url.path.rstrip("/").rpartition("/")[2]


def test_a_stranger_starts_it_talks_through_both_web_processes_and_ends_it(site):
    site.manage("migrate", "-v0")
    site.manage("demo")
    site.start()
    ports = (site.port, site.port + 1)
    wait_until(lambda: all(f"http://localhost:{port}/" in site.log for port in ports), 90, told="both web processes")
    session, conversation = signed_in(f"http://localhost:{site.port}")
    one, other = (Browser(f"localhost:{port}", session, conversation).open() for port in ports)
    one.until_status(one.ask("Where is my order #W2611340?"), "done", seconds=60)
    other.until(lambda frame: other.shown == one.shown)
    other.ask("And how do I send something back?")
    site.stop()
    ended = re.findall(r"(\S+) stopped \(rc=(\S+)\)", site.log)
    assert {name for name, _ in ended} == {"web.1", "web.2", "worker.1", "background.1", "beat.1"}
    assert "SIGKILL" not in site.log
    for page in (one, other):
        page.close()
