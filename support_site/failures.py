"""What a page answers when something failed: honestly whether a part is away for now, or something is wrong."""

import sys
from collections.abc import Iterator
from http import HTTPStatus

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from redis.exceptions import ConnectionError as RedisUnreachable
from redis.exceptions import TimeoutError as RedisTimedOut

AWAY = (OperationalError, InterfaceError, RedisUnreachable, RedisTimedOut)
RETRY_AFTER_SECONDS = 10


def server_error(request: HttpRequest) -> HttpResponse:
    """503 and when to come back where the database or Redis does not answer, else 500. Needs neither."""
    if not any(isinstance(error, AWAY) for error in _causes(sys.exc_info()[1])):
        return _page(HTTPStatus.INTERNAL_SERVER_ERROR)
    page = _page(HTTPStatus.SERVICE_UNAVAILABLE)
    page["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return page


def _page(status: HTTPStatus) -> HttpResponse:
    text = loader.get_template(f"{status.value}.html").render({"site_name": settings.SITE_NAME})
    return HttpResponse(text, status=status)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
