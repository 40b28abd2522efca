"""The app, and what has to be known as soon as Django is ready."""

import asyncio
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connection
from django.db.models.signals import post_migrate


class ChatConfig(AppConfig):
    name = "support_site.chat"
    label = "chat"
    verbose_name = "Conversations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from support_site import celery  # noqa: F401  shared tasks belong to this app, also where they are only sent
        from support_site.chat import sessions  # noqa: F401  hears sign-outs
        from support_site.chat.origins import find_origins
        from support_site.orders import origins

        origins.register(find_origins)
        post_migrate.connect(_set_up_threads, sender=self)


def _set_up_threads(**_: Any) -> None:
    """Whoever migrates the site's PostgreSQL also makes the tables of LangGraph's saver; SQLite's makes its own."""
    if connection.vendor == "postgresql":
        from agents.checkpoints import set_up_checkpoints

        asyncio.run(set_up_checkpoints(settings.DATABASE_URL))
