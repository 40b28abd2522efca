"""Every record of the store for staff, from SQL. Reading only, but for the quarantine."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Max, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from support_site.accounts.models import Account
from support_site.memory import readable, services
from support_site.memory.models import Record, RecordChange, StoreEvent, Tombstone
from support_site.memory.stores import site_store

#: How many accounts the filter offers: those written to last.
RECENT_ACCOUNTS = 10


class ReadOnly:
    """Staff with the view permission look; nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class AccountFilter(admin.SimpleListFilter):
    """The account that is chosen, and the few that were written to last; an account's own page links here."""

    title = "account"
    parameter_name = "account__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        recent = Account.objects.annotate(last=Max("records__updated_at")).filter(last__isnull=False).order_by("-last")
        accounts = {account.pk: account for account in recent[:RECENT_ACCOUNTS]}
        return [(str(pk), str(account)) for pk, account in accounts.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Record]) -> QuerySet[Record]:
        chosen = self.value()
        return queryset.filter(account__id__exact=chosen) if chosen else queryset


class ChangeInline(ReadOnly, admin.TabularInline):
    model = RecordChange
    fields = readonly_fields = ("at", "kind", "actor", "reason", "turn_id", "what_changed")
    extra = 0

    @admin.display(description="difference")
    def what_changed(self, change: RecordChange) -> SafeString:
        return readable.difference(change)


@admin.register(Record)
class RecordAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("line", "kind", "account_link", "key", "status", "in_store", "updated_at")
    list_filter = (AccountFilter, "kind", "status", "in_store", "updated_at")
    search_fields = ("value_text", "key_text", "account__name")
    search_help_text = "Words of the value, a key such as #W2611340, or the account's name"
    list_select_related = ("account",)
    list_per_page = 50
    show_full_result_count = False
    fields = readonly_fields = (
        "line",
        "account_link",
        "kind",
        "key",
        "status",
        "content",
        "json",
        "version",
        "in_store",
        "expires_at",
        "created_at",
        "updated_at",
    )
    inlines = (ChangeInline,)
    actions = ("quarantine", "release")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Record]:
        return super().get_queryset(request).defer("vectors")

    @admin.display(description="record")
    def line(self, record: Record) -> str:
        return readable.summary(record)

    @admin.display(description="account", ordering="account__name")
    def account_link(self, record: Record) -> SafeString | str:
        if record.account is None:
            return "the shop"
        url = reverse("admin:accounts_account_change", args=[record.account_id])
        return format_html('<a href="{}">{}</a>', url, record.account)

    @admin.display(description="key", ordering="key_text")
    def key(self, record: Record) -> str:
        return record.key

    @admin.display(description="value")
    def content(self, record: Record) -> SafeString:
        return readable.definition_list(record.value)

    @admin.display(description="as JSON")
    def json(self, record: Record) -> SafeString:
        return readable.as_json(record.value)

    def has_quarantine_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("memory.change_record")

    @admin.action(description="Quarantine memories: keep them, recall them no more", permissions=["quarantine"])
    def quarantine(self, request: HttpRequest, records: QuerySet[Record]) -> None:
        count = services.review(site_store(), records, status="quarantined", user_id=request.user.pk)
        messages.success(request, f"{count} memories are in quarantine.")

    @admin.action(description="Release memories from quarantine", permissions=["quarantine"])
    def release(self, request: HttpRequest, records: QuerySet[Record]) -> None:
        count = services.review(site_store(), records, status="active", user_id=request.user.pk)
        messages.success(request, f"{count} memories are recalled again.")


@admin.register(StoreEvent)
class StoreEventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "kind", "text")
    list_filter = ("kind",)


@admin.register(Tombstone)
class TombstoneAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "scope", "address", "reason")
    search_fields = ("scope",)
