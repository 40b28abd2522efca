"""What every page may show."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from support_site.chat.naming import model_name


def site(request: HttpRequest) -> dict[str, Any]:
    """``site_name``, ``model_name`` and ``model_is_offline``."""
    return {
        "site_name": settings.SITE_NAME,
        "model_name": model_name(),
        "model_is_offline": settings.OFFLINE_MODEL,
    }
