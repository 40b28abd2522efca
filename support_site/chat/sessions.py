"""Sockets live longer than a page view: who is signed in behind one, at its opening and at every frame."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest, parse_cookie

from support_site.accounts.models import User
from support_site.chat import signals


def session_key_of(scope: dict[str, Any]) -> str | None:
    """The session that the cookie behind a socket names."""
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie")
    return parse_cookie(cookies.decode("latin-1")).get(settings.SESSION_COOKIE_NAME)


def signed_in(session_key: str | None) -> User | None:
    """Whose session this is; None if there is none, a new password has closed it, or the user is not active."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = get_user(cast("HttpRequest", SimpleNamespace(session=session)))
    return user if isinstance(user, User) and user.is_active else None


@receiver(user_logged_out, dispatch_uid="close_sockets")
def close_sockets(request: HttpRequest | None = None, user: User | None = None, **kwargs: Any) -> None:
    """A sign-out closes the sockets of its session, in every tab. Who has no account (staff) has no sockets."""
    key = getattr(getattr(request, "session", None), "session_key", None)
    if key and user and user.account_id:
        signals.session_revoked(key, user.account_id)
