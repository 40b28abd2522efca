"""A page of a site whose parts are away says so; one that is broken says that."""

import pytest
from django.core.cache import InvalidCacheBackendError
from django.db import OperationalError
from django.test import Client
from django.urls import path
from redis.exceptions import ConnectionError as RedisUnreachable

ERRORS = {"database": OperationalError, "redis": RedisUnreachable, "bug": InvalidCacheBackendError}
handler500 = "support_site.failures.server_error"


def fails(request, part):
    raise ERRORS[part]("password=hunter2")


urlpatterns = [path("<part>", fails)]


@pytest.fixture
def client(settings):
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("part", ["database", "redis"])
def test_a_part_that_is_away_is_a_page_that_says_when_to_come_back(client, part):
    page = client.get(f"/{part}")
    assert (page.status_code, page["Retry-After"]) == (503, "10")
    assert "Nothing you wrote in a conversation is lost" in page.content.decode()
    assert "hunter2" not in page.content.decode()


def test_a_bug_is_not_called_an_outage(client):
    page = client.get("/bug")
    assert page.status_code == 500
    assert "hunter2" not in page.content.decode()


def test_the_site_itself_answers_like_this():
    from support_site import urls

    assert urls.handler500 == handler500
