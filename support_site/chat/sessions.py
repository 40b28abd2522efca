"""Sockets live longer than a page view: whether the session behind one still stands."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from support_site.chat import signals


def is_signed_in(session_key: str | None, user_id: Any) -> bool:
    """Whether this session exists, has not been closed by a new password, and is of this user, who is active."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(cast("HttpRequest", SimpleNamespace(session=session)))
    return user.is_active and user.pk == user_id


@receiver(user_logged_out, dispatch_uid="close_sockets")
def close_sockets(request: HttpRequest | None = None, **kwargs: Any) -> None:
    """A sign-out closes the sockets of its session, in every tab."""
    key = getattr(getattr(request, "session", None), "session_key", None)
    if key:
        signals.session_revoked(key)
