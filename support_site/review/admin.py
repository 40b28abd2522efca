"""The review desk: memories of all accounts, found, read and judged."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from agents.store import StoreUnavailable
from support_site.accounts.models import Account
from support_site.memory.admin import AccountFilter, NotesReads, ReadOnly
from support_site.memory.readable import summary
from support_site.review import filters, views
from support_site.review.models import Memory
from support_site.review.page import memory_page
from support_site.review.paging import KeysFirst
from support_site.review.searching import by_meaning, by_words
from support_site.review.verbs import ADDS, CHANGES, DELETES, VERBS

#: Verbs that are done with a selection, in the order of the menu.
BULK = ("approve", "edit", "quarantine", "expire", "merge", "delete")


def asks_why(name: str) -> Any:
    """The action of the list that leads to the page of the verb."""
    verb = VERBS[name]

    @admin.action(description=verb.label, permissions=["remove" if verb.permission == DELETES else "change"])
    def lead(model_admin: Any, request: HttpRequest, chosen: QuerySet[Memory]) -> HttpResponse:
        ids = list(chosen.values_list("pk", flat=True)[: verb.most + 1])
        return HttpResponseRedirect(views.act_url(name, ids, back=request.get_full_path()))

    lead.__name__ = name
    return lead


@admin.register(Memory)
class MemoryAdmin(ReadOnly, NotesReads):
    """Every change goes through a page that asks why (``views.act``)."""

    list_display = ("text", "about", "shown_status", "when")
    list_filter = (
        filters.QueueFilter,
        filters.StatusFilter,
        filters.KindFilter,
        filters.TrustFilter,
        filters.SourceFilter,
        "updated_at",
        AccountFilter,
        filters.SearchFilter,
    )
    search_fields = ("value_text",)
    list_select_related = ("account",)
    list_per_page = 50
    paginator = KeysFirst
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    fields = ("kind",)
    actions = tuple(asks_why(name) for name in BULK)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Memory]:
        memories = super().get_queryset(request).filter(kind="memories", account__isnull=False)
        return memories.defer("vectors").exclude(account__in=Account.objects.filter(is_synthetic=True))

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        """Newest first; of the queue what is held back before that."""
        newest = ("-updated_at", "-pk")
        return (*filters.QUEUE_ORDER, *newest) if request.GET.get("queue") else newest

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Memory], search_term: str
    ) -> tuple[QuerySet[Memory], bool]:
        if not search_term:
            return queryset, False
        if request.GET.get("by") != "meaning":
            return by_words(queryset, search_term), False
        try:
            return by_meaning(queryset, search_term, request.GET.get(AccountFilter.parameter_name)), False
        except StoreUnavailable:
            messages.error(request, "The store does not answer: search by words, or try again later.")
            return queryset.none(), False

    def get_urls(self) -> list[URLPattern]:
        wrapped = self.admin_site.admin_view
        mine = [
            path("do/<slug:verb_name>/", wrapped(views.act), name="review_memory_act"),
            path("undo/<int:change_id>/", wrapped(views.undo), name="review_memory_undo"),
        ]
        return mine + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        wide = {"title": "Memories", "is_nav_sidebar_enabled": False}
        return super().changelist_view(request, {**wide, **(extra_context or {})})

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        allowed = ("account__id__exact", "conversation_id__exact")
        return lookup in allowed or super().lookup_allowed(lookup, value, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On the list only, where it is the permission for its actions."""
        return obj is None and request.user.has_perm(CHANGES)

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(DELETES)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(ADDS)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(f"{reverse('admin:review_memory_act', args=['add'])}?{request.GET.urlencode()}")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], add: bool = False, change: bool = False,
        form_url: str = "", obj: Any = None,
    ) -> HttpResponse:  # fmt: skip
        user = request.user
        context |= {
            "memory": obj,
            "title": "Memory",
            "subtitle": None,
            "page": memory_page(obj, with_conversations=user.has_perm("chat.view_conversation")),
            "verbs": [
                (verb, views.act_url(name, [obj.pk], back=request.path))
                for name, verb in VERBS.items()
                if verb.fewest == 1 and obj.is_live and user.has_perm(verb.permission)
            ],
            "may_undo": user.has_perm(CHANGES),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.display(description="memory")
    def text(self, memory: Memory) -> str:
        return summary(memory)

    @admin.display(description="customer, kind, trust")
    def about(self, memory: Memory) -> SafeString:
        url = reverse("admin:accounts_account_change", args=[memory.account_id])
        kind, trust = filters.kind_in_words(memory.memory_kind), filters.TRUST_IN_WORDS.get(memory.trust, memory.trust)
        return format_html('<a href="{}">{}</a><br><span class="quiet">{}, {}</span>', url, memory.account, kind, trust)

    @admin.display(description="status")
    def shown_status(self, memory: Memory) -> SafeString:
        return format_html('<span class="badge {}">{}</span>', memory.status, memory.standing)

    @admin.display(description="when, where", ordering="updated_at")
    def when(self, memory: Memory) -> SafeString | str:
        at = date_format(localtime(memory.updated_at), "j M, H:i")
        if memory.conversation_id is None:
            return at
        url = reverse("admin:chat_conversation_change", args=[memory.conversation_id])
        message = (memory.value or {}).get("source", {}).get("message", "")
        return format_html('{}<br><a href="{}#message-{}">conversation</a>', at, url, message)
