"""How the admin's lists of conversations and turns are narrowed."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from support_site.chat.models import Action


class OpenActions(admin.SimpleListFilter):
    """Conversations in which an action waits."""

    title = "open actions"
    parameter_name = "waits_for"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("staff", "Wait for approval"), ("customer", "Wait for the customer")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        waiting = Action.objects.filter(status=Action.Status.PROPOSED, approver=self.value())
        return queryset.filter(Exists(waiting.filter(turn__conversation=OuterRef("pk"))))


class UnsupportedClaims(admin.SimpleListFilter):
    """Turns in which the agent claimed what nothing supported."""

    title = "agent's unsupported claims"
    parameter_name = "unsupported"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Replaced in the reply"), ("no", "None")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return queryset.exclude(replaced_claims=[])
        return queryset.filter(replaced_claims=[]) if self.value() == "no" else queryset
