"""The app, and what it listens to."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "support_site.orders"
    label = "orders"
    verbose_name = "Orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from support_site.memory.signals import records_changed
        from support_site.orders.webhooks import note_applied

        records_changed.connect(note_applied, dispatch_uid="orders.webhooks")
