"""The metrics of workers and beat."""

import httpx
import pytest
from celery import signals

from support_site import metrics_port
from support_site.celery import app


@pytest.fixture
def port(settings):
    settings.METRICS_TOKEN = ""
    server = metrics_port.serve(0)
    yield server.server_port
    server.shutdown()
    server.server_close()


def get(port, path, **headers):
    return httpx.get(f"http://127.0.0.1:{port}{path}", headers=headers)


def test_a_worker_is_alive_and_shows_its_metrics(port):
    assert get(port, "/healthz").text == "ok\n"
    assert "support_turns" in get(port, "/metrics").text
    assert get(port, "/").status_code == 404


def test_with_a_token_they_are_for_those_who_show_it(port, settings):
    settings.METRICS_TOKEN = "a-token"
    assert get(port, "/metrics").status_code == 404
    assert get(port, "/metrics", Authorization="Bearer a-token").status_code == 200


def test_a_request_through_a_proxy_is_not_of_this_machine(port):
    assert get(port, "/metrics", **{"X-Forwarded-For": "127.0.0.1"}).status_code == 404


def test_a_port_that_is_taken_is_said_and_the_worker_lives(port, caplog):
    assert metrics_port.serve(port) is None
    assert "no metrics" in caplog.text


@pytest.mark.parametrize("starting", [signals.worker_init, signals.beat_init])
def test_workers_and_beat_open_the_port_that_is_set(settings, monkeypatch, starting):
    opened = []
    monkeypatch.setattr(metrics_port, "serve", opened.append)
    settings.METRICS_PORT = 0
    starting.send(sender=app)
    settings.METRICS_PORT = 9100
    starting.send(sender=app)
    assert opened == [9100]
