from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "support_site.privacy"
    label = "privacy"
    verbose_name = "Privacy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from support_site.memory.signals import records_changed
        from support_site.privacy.late import refuse_late_memories

        records_changed.connect(refuse_late_memories, dispatch_uid="refuse_late_memories")
