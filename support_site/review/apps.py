from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class ReviewConfig(AppConfig):
    name = "support_site.review"
    label = "review"
    verbose_name = "Review"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from support_site.review.groups import make_groups

        # Its turn comes after that of every room (INSTALLED_APPS), so that their permissions are there.
        post_migrate.connect(make_groups, sender=apps.get_app_config("auth"))
