"""The site as a service, all of it the test's own: PostgreSQL, Redis, Chroma, a model, and the processes that the
Procfile names, each of which can be killed and started again."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from tests.faults.browser import Browser
from tests.parts import Chroma, Part, Postgres, Redis

ROOT = Path(__file__).parents[2]
COMMANDS = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())

SET_UP = """
import json, sys
from django.core.management import call_command
from django.test import Client
from support_site.accounts.models import Account
from support_site.chat.models import Conversation
from support_site.orders.loading import load_file
from support_site.orders.sign_ins import make_user
from pathlib import Path
call_command("migrate", verbosity=0)
load_file(Path(SHOP_FILE))
told = {}
for account in Account.objects.exclude(shop_customer_id=None):
    client = Client()
    client.force_login(make_user(account, f"{account.shop_customer_id}@example.com"))
    conversations = [str(Conversation.objects.create(account=account).pk) for _ in range(CONVERSATIONS)]
    told[account.shop_customer_id] = {"session": client.cookies["sessionid"].value, "conversations": conversations}
print(json.dumps(told))
"""


class Process(Part):
    """One process of the Procfile, started as it says."""

    def __init__(self, name, folder, environment):
        super().__init__(folder)
        self.name = name
        bin_folder = Path(sys.executable).parent
        path = f"{bin_folder}:{os.environ['PATH']}"
        self.options = {"env": environment | {"PORT": str(self.port), "PATH": path}, "start_new_session": True}

    def command(self):
        return ["sh", "-c", f"cd {ROOT} && exec {COMMANDS[self.name]}"]

    def wait(self):
        """Return when a web process answers; what is meant for the others waits for them in Redis."""
        return super().wait() if self.name == "web" else self


class Service:
    """Everything; ``parts`` by name."""

    def __init__(self, model_url):
        # Not among pytest's folders: PostgreSQL's own user must be able to reach it.
        self.folder = folder = Path(tempfile.mkdtemp(prefix="service-"))
        folder.chmod(0o755)
        self.holds = folder / "holds"
        self.holds.mkdir()
        self.postgres = Postgres(folder / "postgres").start()
        self.redis, self.chroma = Redis(folder / "redis").start(), Chroma(folder / "chroma").start()
        self.environment = self._environment(model_url)
        names = ("web", "worker", "background", "beat")
        self.processes = {name: Process(name, folder / name, self.environment) for name in names}
        self.parts = {"PostgreSQL": self.postgres, "Redis": self.redis, "Chroma": self.chroma, **self.processes}
        self.people = {}

    def start(self, shop, *, conversations):
        """Everything up, with the shop's customers: ``people`` has {shop customer id: session and conversations}."""
        for part in (self.postgres, self.redis, self.chroma):
            part.wait()
        self.people = self._set_up(shop, conversations)
        for process in self.processes.values():
            process.start()
        self.processes["web"].wait()
        return self

    def _environment(self, model_url):
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.faults.held_settings",
            "HOLDS": str(self.holds),
            "DATA_DIR": str(self.folder / "var"),
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "CHROMA_URL": self.chroma.url,
            "SECRET_KEY": "of a test and of nothing else, and long enough for Django to be content",
            "ALLOWED_HOSTS": "127.0.0.1",
            "HTTPS_ONLY": "0",
            "OPENAI_BASE_URL": model_url,
            "OPENAI_API_KEY": "key",
            "OPENAI_MODEL": "test-model",
            "EMBEDDER": "lexical",
            "MESSAGES_PER_MINUTE": "1000,1000",
            "TURNS_AT_ONCE": "100,100",
            "OPEN_SOCKETS": "100,100",
            "LOG_LEVEL": "INFO",
        }

    def _set_up(self, shop, conversations):
        file = self.folder / "shop.json"
        file.write_text(json.dumps(shop))
        return self.tell(SET_UP.replace("SHOP_FILE", repr(str(file))).replace("CONVERSATIONS", str(conversations)))

    def tell(self, script):
        """What a script prints last, as JSON; it runs in a process of its own, with the service's settings."""
        command = [sys.executable, "manage.py", "shell", "-v0", "-c", script]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def kill(self, name):
        self.parts[name].stop(signal.SIGKILL)

    def stop(self):
        for part in reversed(self.parts.values()):
            part.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_page(self, person):
        """A tab on a conversation of theirs in which nothing was said, also when a test is run once more."""
        who = self.people[person]
        return Browser(self.address(), who["session"], who["conversations"].pop())

    def query(self, statement, *values):
        with psycopg.connect(self.postgres.url) as connection:
            return connection.execute(statement, values).fetchall()

    def address(self):
        return f"127.0.0.1:{self.processes['web'].port}"

    @property
    def log(self):
        """The last lines of every process, for a test that failed."""
        return "\n".join(f"--- {name}\n{part.log[-1500:]}" for name, part in self.parts.items())
