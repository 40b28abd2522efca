"""The app, and what has to be known as soon as Django is ready."""

from django.apps import AppConfig


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
