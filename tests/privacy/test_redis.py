"""With Redis as turn log and cache: after an erasure no byte of the account is in it."""

import pytest
from redis import Redis as Client

from support_site.chat.models import TurnEvent
from support_site.chat.shared_hub import SharedHub
from support_site.chat.stream_log import RedisTurnLog
from support_site.privacy import deletion, erasure, places
from tests.parts import Redis
from tests.privacy.conftest import CANARY

pytestmark = [pytest.mark.service, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def redis(tmp_path, settings, monkeypatch):
    redis = Redis(tmp_path).start().wait()
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis.url}}
    log = RedisTurnLog(redis.url, SharedHub(redis.url))
    for module in (places, deletion):
        monkeypatch.setattr(module, "turn_log", lambda: log)
    yield Client.from_url(redis.url), log
    redis.stop()


def everything(client):
    return b"\n".join(key + client.dump(key) for key in client.scan_iter())


def test_no_byte_of_an_erased_account_is_in_redis(filled, alice, bob, redis, client):
    connection, log = redis
    for event in TurnEvent.objects.select_related("turn"):
        log.append(event.turn_id, 1, event.event)
    client.post("/accounts/login/", {"login": alice.email, "password": "wrong"})
    assert CANARY.encode() in everything(connection)
    # The cache counts wrong passwords for five minutes, and names nobody: its keys are hashes.
    assert [key for key in connection.scan_iter() if b"login_failed" in key]
    assert alice.email.encode() not in everything(connection)
    begun = erasure.begin(alice.account, asked_by="customer")
    erasure.proceed(begun)
    assert begun.counts["logs"] == {"logs": 1}
    assert CANARY.encode() not in everything(connection)
    assert b"bob's own" in everything(connection)
