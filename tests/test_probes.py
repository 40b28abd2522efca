"""What machines are told: alive, ready, and the figures for those who may read them."""

import json
import os
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from bench._imports import ROOT, heavy
from support_site import health, probes
from support_site.asgi import application
from support_site.health import Parts
from tests.parts import Chroma, Redis

PATIENCE = 0.1


async def ask(path, *, address="127.0.0.1", **headers):
    transport = httpx.ASGITransport(application, client=(address, 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.7:8000") as client:
        return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def fine():
    pass


def broken():
    raise ConnectionError("redis://user:hunter2@10.1.2.3 refused")


@pytest.fixture
def site(monkeypatch):
    """The site's parts, made of these."""

    def site(**asks):
        parts = Parts(asks)
        monkeypatch.setattr(probes, "site_parts", lambda: parts)
        return parts

    return site


async def test_alive_is_told_to_whatever_name_and_without_https(settings):
    settings.SECURE_SSL_REDIRECT = True
    answer = await ask("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_ready_when_every_part_answers(site):
    site(database=fine, redis=fine)
    answer = await ask("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "parts": {"database": "up", "redis": "up"}}


async def test_the_part_that_is_down_is_named_and_nothing_more_is_told(site, caplog):
    site(database=fine, redis=broken)
    answer = await ask("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "parts": {"database": "up", "redis": "down"}}
    assert "redis does not answer (ConnectionError)" in caplog.text
    assert "hunter2" not in caplog.text
    assert "10.1.2.3" not in caplog.text


async def test_a_part_that_hangs_is_down_soon_and_is_asked_once_however_many_ask():
    asked, go_on = [], threading.Event()

    def hanging():
        asked.append(1)
        go_on.wait(10)

    parts = Parts({"database": fine, "chroma": hanging})
    try:
        for _ in range(3):
            assert await parts.states(patience=PATIENCE) == {"database": "up", "chroma": "down"}
        assert len(asked) == 1
    finally:
        go_on.set()
    while await parts.states() != {"database": "up", "chroma": "up"}:
        pass


async def test_asking_often_does_not_ask_the_parts_often():
    asked = []
    parts = Parts({"database": lambda: asked.append(1)})
    for _ in range(20):
        await parts.states()
    assert len(asked) == 1


async def test_a_part_that_comes_back_is_up_again(monkeypatch):
    monkeypatch.setattr(health, "FRESH_SECONDS", 0)
    states = iter([broken, fine])
    parts = Parts({"redis": lambda: next(states)()})
    assert await parts.states() == {"redis": "down"}
    assert await parts.states() == {"redis": "up"}


@pytest.mark.parametrize("make", [health.redis_ask, health.chroma_ask, health.broker_ask])
def test_a_service_that_is_not_there_is_noticed_at_once(settings, make):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        settings.REDIS_URL, settings.CHROMA_URL = f"redis://127.0.0.1:{port}/0", f"http://127.0.0.1:{port}"
        settings.CELERY_BROKER_URL = settings.REDIS_URL
        with pytest.raises(Exception, match=r"(?i)refused|connect"):
            make()()


@pytest.mark.parametrize(
    ("token", "address", "headers", "status"),
    [
        ("", "127.0.0.1", {}, 200),
        ("", "::1", {}, 200),
        ("", "10.0.0.9", {}, 404),
        ("", "127.0.0.1", {"x_forwarded_for": "127.0.0.1"}, 404),
        ("", "127.0.0.1", {"authorization": "Bearer "}, 200),
        ("a-token", "127.0.0.1", {}, 404),
        ("a-token", "10.0.0.9", {"authorization": "Bearer a-token", "x_forwarded_for": "10.0.0.1"}, 200),
        ("a-token", "10.0.0.9", {"authorization": "Bearer another"}, 404),
    ],
)
async def test_metrics_are_for_those_who_show_the_token_or_else_ask_from_this_machine(
    settings, token, address, headers, status
):
    settings.METRICS_TOKEN = token
    answer = await ask("/metrics", address=address, **headers)
    assert answer.status_code == status
    assert ("support_open_sockets" in answer.text) == (status == 200)


ASK_A_SERVICE = """
import asyncio, json, sys
import httpx
from support_site.asgi import application

async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://x") as client:
        return (await client.get("/readyz")).json()

print(json.dumps([asyncio.run(ask()), [name.partition(".")[0] for name in sys.modules]]))
"""


def test_a_web_process_of_a_service_asks_all_its_parts_without_chromas_client(tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{nobody.getsockname()[1]}"
        environment = {
            "DATABASE_URL": f"postgresql://{place}/support",
            "REDIS_URL": f"redis://{place}/0",
            "CHROMA_URL": f"http://{place}",
            "SECRET_KEY": "a-key-that-is-long-enough-for-the-purpose-of-this-test",
            "ALLOWED_HOSTS": "localhost",
            "DATA_DIR": str(tmp_path),
            "PYTHONWARNINGS": "ignore",
        }
        command = [sys.executable, "-c", ASK_A_SERVICE]
        told = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, check=True)
    answer, modules = json.loads(told.stdout)
    assert answer == {
        "ready": False,
        "parts": {"database": "down", "redis": "down", "chroma": "down", "broker": "down"},
    }
    assert heavy(modules) == set()


async def test_other_addresses_are_still_the_sites(settings):
    settings.ALLOWED_HOSTS = ["10.0.0.7"]
    assert (await ask("/nowhere/")).status_code == 404


@pytest.mark.service
@pytest.mark.parametrize(("kind", "make_ask"), [(Redis, health.redis_ask), (Chroma, health.chroma_ask)])
async def test_a_part_that_is_killed_is_down_and_up_again_when_it_is_back(
    settings, monkeypatch, tmp_path, kind, make_ask
):
    monkeypatch.setattr(health, "FRESH_SECONDS", 0)
    part = kind(tmp_path / "part").start()
    try:
        settings.REDIS_URL = settings.CHROMA_URL = part.wait().url
        parts = Parts({"it": make_ask()})
        assert await parts.states() == {"it": "up"}
        part.stop()
        assert await parts.states() == {"it": "down"}
        part.start().wait()
        assert await parts.states() == {"it": "up"}
    finally:
        part.stop()
