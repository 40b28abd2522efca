"""What accounts used of the model, day by day: why somebody was told that the day is spent."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from support_site.chat.models import Spending
from support_site.memory.admin import ReadOnly


@admin.register(Spending)
class SpendingAdmin(ReadOnly, admin.ModelAdmin):
    """Rows of accounts; those of addresses say nothing to a person."""

    list_display = ("day", "account", "tokens", "money")
    list_display_links = None
    list_filter = ("day",)
    list_select_related = ("account",)
    search_fields = ("account__name", "account__users__email")
    ordering = ("-day", "-tokens")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Spending]:
        return super().get_queryset(request).exclude(account=None)
