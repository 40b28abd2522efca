from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "support_site.accounts"
    label = "accounts"
    verbose_name = "Customers"
    default_auto_field = "django.db.models.BigAutoField"
