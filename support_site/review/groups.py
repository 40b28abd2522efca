"""Who of the staff may do what: three groups, made with the permissions that the rooms define."""

from typing import Any

from django.apps import apps as global_apps
from django.db.models import Q

#: The rooms whose records, conversations and settings staff read.
ROOMS = ("accounts", "memory", "orders", "chat", "review", "privacy")
READS = Q(codename__startswith="view_", content_type__app_label__in=ROOMS)
EDITS = Q(codename__in=("add_memory", "change_memory", "delete_memory"), content_type__app_label="review")
ERASES = Q(codename__in=("erase_account", "export_account"), content_type__app_label="privacy")

GROUPS = {"Reviewer": READS, "Editor": READS | EDITS, "Privacy officer": READS | ERASES}


def make_groups(using: str, apps: Any = global_apps, **kwargs: Any) -> None:
    """After ``migrate``: each group has at least these permissions. What a site adds to a group, it keeps."""
    groups, permissions = (apps.get_model("auth", name).objects.using(using) for name in ("Group", "Permission"))
    groups.bulk_create([groups.model(name=name) for name in GROUPS], ignore_conflicts=True)
    ids = dict(groups.filter(name__in=GROUPS).values_list("name", "pk"))
    granted = groups.model.permissions.through
    wanted = {name: permissions.filter(some).values_list("pk", flat=True) for name, some in GROUPS.items()}
    rows = [granted(group_id=ids[name], permission_id=pk) for name, some in wanted.items() for pk in some]
    granted.objects.using(using).bulk_create(rows, ignore_conflicts=True)
