"""Every record of the store for staff, from SQL. Reading only: memories are judged at the review desk."""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from support_site.accounts.models import Account, User
from support_site.memory import readable
from support_site.memory.models import Record, RecordChange, RecordRead, StoreEvent, Tombstone
from support_site.memory.reads import listed, named, note_read

#: How many accounts the filter offers: those written to last.
RECENT_ACCOUNTS = 10
#: Where those are looked for: among the newest so many records.
RECENT_RECORDS = 300


class ReadOnly:
    """Staff with the view permission look; nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class NotesReads(admin.ModelAdmin):
    """Whoever opens a record, or a list that shows some, is on record as having seen them."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if cl := (getattr(response, "context_data", None) or {}).get("cl"):
            shown = list(cl.result_list)
            note_read(cast(User, request.user), listed(shown), {record.account_id for record in shown})
        return response

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], add: bool = False, change: bool = False,
        form_url: str = "", obj: Any = None,
    ) -> HttpResponse:  # fmt: skip
        if obj is not None:
            note_read(cast(User, request.user), named(obj), {obj.account_id})
        return super().render_change_form(request, context, add, change, form_url, obj)


class AccountFilter(admin.SimpleListFilter):
    """The account that is chosen, and the few that were written to last; an account's own page links here."""

    title = "account"
    parameter_name = "account__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = (
            Record.objects.filter(account__isnull=False).order_by("-updated_at").values_list("account_id", flat=True)
        )
        written_to = [str(pk) for pk in dict.fromkeys(newest[:RECENT_RECORDS])][:RECENT_ACCOUNTS]
        shown = [*written_to, *(chosen for chosen in request.GET.getlist(self.parameter_name) if _is_id(chosen))]
        accounts = Account.objects.filter(is_synthetic=False).in_bulk(shown)
        return [(str(pk), str(account)) for pk, account in accounts.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Record]) -> QuerySet[Record]:
        chosen = self.value()
        if chosen and not _is_id(chosen):
            raise IncorrectLookupParameters
        return queryset.filter(account__id__exact=chosen) if chosen else queryset


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


class ChangeInline(ReadOnly, admin.TabularInline):
    model = RecordChange
    fields = readonly_fields = ("at", "kind", "actor", "reason", "turn_id", "what_changed")
    extra = 0

    @admin.display(description="difference")
    def what_changed(self, change: RecordChange) -> SafeString:
        return readable.difference(change)


@admin.register(Record)
class RecordAdmin(ReadOnly, NotesReads):
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Record]:
        records = super().get_queryset(request).defer("vectors")
        return records.exclude(account__in=Account.objects.filter(is_synthetic=True))

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


@admin.register(RecordRead)
class RecordReadAdmin(ReadOnly, admin.ModelAdmin):
    """Who of the staff saw what of whom."""

    list_display = ("at", "reader", "what", "account")
    list_filter = (AccountFilter, "at")
    search_fields = ("reader__email", "reader__name", "account__name")
    list_select_related = ("account", "reader")
    list_per_page = 50
    show_full_result_count = False


@admin.register(StoreEvent)
class StoreEventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "kind", "text")
    list_filter = ("kind",)


@admin.register(Tombstone)
class TombstoneAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("at", "scope", "address", "reason")
    search_fields = ("scope",)
