"""The container files name only what exists. No Docker is needed to know that."""

import json
import os
import re
import shlex
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import chromadb
import httpx
import pytest
import yaml
from celery.bin.celery import celery as celery_command
from django.core.management import get_commands
from websockets.sync.client import unix_connect
from websockets.sync.server import serve

from agents.store import ChromaStore
from bench._chroma import free_port, launched_server
from support_site.celery import app
from support_site.probes import PROBES
from tests.parts import wait_until
from tests.test_docs import VARIABLES

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
IMAGE = COMPOSE["x-site"]["image"]
#: Does its work on Chroma's file, once at each start, and knows nothing of the site.
TUNE = SERVICES["tune"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == IMAGE and service is not TUNE}
WORKERS = {name: shlex.split(each["command"]) for name, each in OURS.items() if " worker " in each.get("command", "")}


def test_every_part_of_a_service_is_there():
    assert set(OURS) == {"web", "worker", "background", "beat", "migrate"}
    assert set(SERVICES) - set(OURS) == {"proxy", "postgres", "redis", "chroma", "tune"}


@pytest.mark.parametrize("name", OURS)
def test_a_process_is_given_known_settings_and_all_that_a_service_needs(name):
    given = {variable for variable in OURS[name]["environment"] if variable in VARIABLES}
    assert given == set(OURS[name]["environment"])
    assert given >= {"DATABASE_URL", "REDIS_URL", "CHROMA_URL", "TRUSTED_PROXIES"}


def test_the_example_of_the_environment_names_known_settings_and_what_compose_asks_for():
    named = set(re.findall(r"^([A-Z_]+)=", (DEPLOY / ".env.example").read_text(), re.M))
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", (DEPLOY / "compose.yaml").read_text()))
    assert named <= {*VARIABLES, *asked}
    assert named >= {*asked, "SECRET_KEY", "ALLOWED_HOSTS", "METRICS_TOKEN"}


@pytest.mark.parametrize("name", OURS)
def test_a_process_runs_a_command_that_exists(name):
    words = shlex.split(OURS[name].get("command", "")) or yaml.safe_load(
        re.findall(r"^CMD (.+)$", DOCKERFILE, re.M)[-1]
    )
    if words[0] == "python":
        assert words[1] == "manage.py"
        assert words[2] in get_commands()
    else:
        assert words[:3] == ["celery", "-A", "support_site.celery"]
        command = celery_command.commands[words[3]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words[4:] if word.startswith("--")} <= known


def test_each_queue_has_a_worker_and_none_has_two():
    taken = [queue for words in WORKERS.values() for queue in words[words.index("--queues") + 1].split(",")]
    routed = {route["queue"] for route in app.conf.task_routes.values()}
    assert sorted(taken) == sorted({app.conf.task_default_queue, *routed})


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ("migrate", "tune")])
def test_every_part_that_lasts_is_asked_for_its_health_and_comes_back_after_a_crash(name):
    service = SERVICES[name]
    asked = str(service.get("healthcheck", {}).get("test") or re.search(r"HEALTHCHECK.*?\n.*", DOCKERFILE).group())
    assert service["restart"] == "unless-stopped"
    for path in re.findall(r"https?://127\.0\.0\.1(?::\d+)?(/\w+)", asked):
        assert path in PROBES


def test_only_the_proxy_can_be_reached_from_outside():
    assert [name for name, service in SERVICES.items() if service.get("ports")] == ["proxy"]
    assert COMPOSE["networks"]["data"]["internal"] is True
    for name in ("postgres", "redis", "chroma", "tune"):
        assert SERVICES[name]["networks"] == ["data"]


def test_data_lies_in_volumes_and_redis_writes_down_what_is_on_its_way():
    named = {line.partition(":")[0] for service in SERVICES.values() for line in service.get("volumes", [])}
    assert {name for name in named if not name.startswith("./")} == set(COMPOSE["volumes"])
    assert "--appendonly yes" in SERVICES["redis"]["command"]


def test_chromas_server_is_of_the_version_that_its_client_is_pinned_to():
    pinned = re.search(r"^chromadb==(.+)$", (ROOT / "requirements.txt").read_text(), re.M).group(1)
    assert SERVICES["chroma"]["image"].endswith(f":{pinned}")


@pytest.mark.service
def test_chromas_file_is_tuned_as_soon_as_its_server_answers_and_again_at_each_start(tmp_path):
    port = free_port()
    server = launched_server(str(tmp_path), port)
    try:
        wait_until(lambda: is_open(port), seconds=30)  # what its health check asks
        for _ in range(2):
            tune_as_compose_does(tmp_path)
        client = chromadb.HttpClient(port=port, settings=chromadb.Settings(anonymized_telemetry=False))
        store = ChromaStore(client)
        store.put(("shop", "help"), "returns", {"title": "Returns"})
        tune_as_compose_does(tmp_path)
        assert store.search(("shop",))[0].value == {"title": "Returns"}
        client._server._session.close()  # else left to the garbage collector, which warns
    finally:
        server.terminate()
        server.wait(timeout=30)
    with closing(sqlite3.connect(tmp_path / "chroma.sqlite3")) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.execute("SELECT 1 FROM sqlite_stat1 WHERE tbl = 'embedding_metadata'").fetchone()


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tune_as_compose_does(folder):
    """Its command, in the folder that the image runs it in, with the file in the place of the volume's."""
    python, *words = shlex.split(TUNE["command"].replace("/data/", f"{folder}/"))
    assert python == "python"
    assert words[0].split("/")[0] in re.findall(r"^COPY (\S+) \S+$", DOCKERFILE, re.M)
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, timeout=60)


def test_the_site_waits_until_the_file_of_the_running_chroma_is_tuned():
    assert TUNE["depends_on"] == {"chroma": {"condition": "service_healthy"}}
    assert TUNE["volumes"] == SERVICES["chroma"]["volumes"]
    assert (TUNE["environment"], TUNE["env_file"]) == ({}, [])  # it needs no secret
    for name in set(OURS) - {"migrate"}:
        assert OURS[name]["depends_on"]["tune"] == {"condition": "service_completed_successfully"}


def test_the_image_runs_as_nobody_in_particular_and_holds_no_build_tools():
    last = DOCKERFILE.rpartition("FROM ")[2]
    assert re.search(r"^USER support$", last, re.M)
    assert "pip install" not in last
    assert "apt-get" not in DOCKERFILE


#: The site with some packages missing: its shop in an embedded Chroma and in a server's, and all that answers.
WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[2:]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from django.core.management import execute_from_command_line
for words in ("migrate -v0", "demo"):
    execute_from_command_line(["manage.py", *words.split()])
import chromadb
import agents.openai_chat, agents.runner, support_site.asgi, support_site.chat.agent
from agents.store import ChromaStore
from support_site.memory.stores import site_store
client = chromadb.HttpClient(port=int(sys.argv[1]), settings=chromadb.Settings(anonymized_telemetry=False))
store = ChromaStore(client)
store.put(("shop", "help"), "returns", {"title": "Returns"})
assert store.get(("shop", "help"), "returns")
assert site_store().search(("shop", "products"), query="lamp")
"""


@pytest.mark.service
def test_the_site_runs_without_the_packages_that_the_image_leaves_out(tmp_path):
    left_out = re.search(r"pip uninstall --yes ([a-z ]+?) &&", DOCKERFILE).group(1).split()
    port = free_port()
    server = launched_server(str(tmp_path / "server"), port)
    given = {**os.environ, "DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    given |= dict.fromkeys(("DATABASE_URL", "REDIS_URL", "CHROMA_URL", "OPENAI_API_KEY"), "")
    try:
        wait_until(lambda: is_open(port), seconds=30)
        command = [sys.executable, "-c", WITHOUT, str(port), *left_out]
        done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=120)
    finally:
        server.terminate()
        server.wait(timeout=30)
    assert done.returncode == 0, done.stderr


def test_what_the_image_copies_is_enough_to_collect_files_that_its_user_can_read(tmp_path):
    copied = re.findall(r"^COPY (?!--from)(\S+) \S+$", DOCKERFILE.rpartition("FROM ")[2], re.M)
    allowed = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), re.M)
    assert set(copied) <= set(allowed)
    for name in copied:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tmp_path)
    step = (
        re.search(r"^RUN (DATABASE_URL=.*?collectstatic.*?) &&", DOCKERFILE, re.M | re.S).group(1).replace("\\\n", " ")
    )
    words = shlex.split(step)
    environment = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    command = [sys.executable, *words[words.index("python") + 1 :]]
    given = {**os.environ, **environment, "DATA_DIR": str(tmp_path / "data")}
    subprocess.run(command, cwd=tmp_path, env=given, check=True, timeout=60)
    collected = tmp_path / "staticfiles"
    assert list(collected.glob("site*.css"))
    for path in (collected, *collected.rglob("*")):
        assert path.stat().st_mode & 0o005 == (0o005 if path.is_dir() else 0o004), path


class Behind:
    """What stands behind the proxy in a test: tells every socket which headers its request came with."""

    def __init__(self):
        self.server = serve(self._tell, "127.0.0.1", 0)
        self.port = self.server.socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def _tell(connection):
        connection.send(json.dumps({name.lower(): value for name, value in connection.request.headers.raw_items()}))


@pytest.fixture
def behind():
    behind = Behind()
    yield behind
    behind.server.shutdown()


@pytest.fixture
def nginx(tmp_path, behind):
    """nginx with our configuration, on sockets in a folder: the folder."""
    if not (shutil.which("nginx") and shutil.which("openssl")):
        pytest.skip("needs nginx and openssl")
    pair = ["-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(["openssl", "req", "-x509", *curve, "-subj", "/CN=x", *pair], check=True, capture_output=True)
    site = (DEPLOY / "nginx.conf").read_text().replace("/etc/nginx/certificates", str(tmp_path))
    site = re.sub(
        r"listen (80|443)", rf"listen unix:{tmp_path}/\1", site.replace("web:8000", f"127.0.0.1:{behind.port}")
    )
    (tmp_path / "site.conf").write_text(site)
    folders = "".join(f"{kind}_temp_path {tmp_path};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    outside = f"daemon off; pid {tmp_path}/pid; error_log stderr; events {{}}"
    (tmp_path / "nginx.conf").write_text(
        f"{outside} http {{ access_log off; {folders} include {tmp_path}/site.conf; }}"
    )
    process = subprocess.Popen(
        ["nginx", "-c", tmp_path / "nginx.conf", "-e", "stderr"], stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: (tmp_path / "pid").exists() or process.poll() is not None, seconds=10)
    assert process.poll() is None, process.stderr.read()
    yield tmp_path
    process.terminate()
    process.communicate(timeout=10)


def test_nginx_hands_a_websocket_on_and_says_who_asks(nginx):
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with unix_connect(
        str(nginx / "443"), ssl=trusting, uri="wss://shop.example/ws/", origin="https://shop.example"
    ) as socket:
        told = json.loads(socket.recv(timeout=10))
    assert told["host"] == "shop.example"
    assert told["origin"] == "https://shop.example"
    assert told["x-forwarded-proto"] == "https"
    assert "x-forwarded-for" in told


def test_nginx_sends_people_to_https_and_keeps_the_metrics_to_itself(nginx):
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(nginx / "80"))) as client:
        told = client.get("http://shop.example/orders?a=b")
        assert (told.status_code, told.headers["location"]) == (301, "https://shop.example/orders?a=b")
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(nginx / "443"), verify=False)) as client:
        assert client.get("https://shop.example/metrics").status_code == 404
