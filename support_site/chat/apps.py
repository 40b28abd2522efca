from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "support_site.chat"
    label = "chat"
    verbose_name = "Conversations"
    default_auto_field = "django.db.models.BigAutoField"
