"""Conversations in the admin: read by whoever may, answered by whoever may. What was said, was said."""

from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.db.models import Case, Count, OuterRef, Q, QuerySet, Subquery, When
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import localtime

from support_site.accounts.models import User
from support_site.chat import desk, desk_views
from support_site.chat.filters import OpenActions, UnsupportedClaims
from support_site.chat.lineage import used_in
from support_site.chat.models import Action, Conversation, Message, Turn
from support_site.chat.rendering import in_words
from support_site.chat.sentences import MAX_LENGTH, sentence
from support_site.chat.spending_admin import SpendingAdmin  # noqa: F401  registers itself
from support_site.chat.switch_admin import AgentSwitchAdmin  # noqa: F401  registers itself
from support_site.chat.transcripts import order_links, order_of, orders_touched, transcript
from support_site.memory.admin import ReadOnly
from support_site.memory.readable import definition_list
from support_site.memory.reads import note_read


class FoundById(admin.ModelAdmin):
    """A search for an id finds what has it. (``id__exact`` compares text, and SQLite keeps UUIDs without dashes.)"""

    id_fields: tuple[str, ...] = ("pk",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            wanted = UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(Q.create([(name, wanted) for name in self.id_fields], connector=Q.OR)), False


class Actions(ReadOnly, admin.TabularInline):
    """What the agent wanted to write, and who decided."""

    model = Action
    fields = readonly_fields = ("tool", "status", "approver", "decided_by", "decided_at", "created_at")
    show_change_link = True


def customer_link(conversation: Conversation) -> SafeString:
    address = reverse("admin:accounts_account_change", args=[conversation.account_id])
    return format_html('<a href="{}">{}</a>', address, conversation.account)


def shown_time(at: datetime) -> str:
    return date_format(localtime(at), "j M, H:i")


@admin.register(Conversation)
class ConversationAdmin(ReadOnly, FoundById):
    """Those that need a person come first."""

    list_display = ("shown_title", "customer", "last_words", "open_actions", "when")
    list_filter = ("needs_person", OpenActions, "turns__status", "updated_at")
    search_fields = ("title", "messages__text", "account__name", "account__users__email")
    search_help_text = "Words of the conversation, name or e-mail address of the customer, or conversation id"
    date_hierarchy = "updated_at"
    ordering = ("-needs_person", "-updated_at")
    list_select_related = ("account", "taken_by")
    list_per_page = 50
    fields = readonly_fields = ("shown_title",)
    actions = ("hand_back",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        said = Message.objects.filter(conversation=OuterRef("pk")).order_by("-position").values("html")[:1]
        waiting = Action.objects.filter(turn__conversation=OuterRef("pk"), status=Action.Status.PROPOSED)
        counted = waiting.order_by().values("turn__conversation").annotate(count=Count("pk")).values("count")
        return super().get_queryset(request).annotate(last_html=Subquery(said), waiting=Subquery(counted))

    def get_urls(self) -> list[URLPattern]:
        verbs = (desk_views.answer, desk_views.take_over, desk_views.hand_back)
        mine = [
            path(
                f"<uuid:conversation_id>/{verb.__name__.replace('_', '-')}/",
                self.admin_site.admin_view(verb),
                name=f"chat_conversation_{verb.__name__}",
            )
            for verb in verbs
        ]
        return mine + super().get_urls()

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "account__id__exact" or super().lookup_allowed(lookup, value, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On the list only, where it is the permission to hand conversations back."""
        return obj is None and request.user.has_perm(desk_views.ANSWERS)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], add: bool = False, change: bool = False,
        form_url: str = "", obj: Any = None,
    ) -> HttpResponse:  # fmt: skip
        note_read(cast(User, request.user), "conversation", [obj.account_id])
        context |= {
            "conversation": obj,
            "passages": transcript(obj),
            "orders": orders_touched(obj),
            "form_id": uuid4(),
            "max_length": MAX_LENGTH,
            "may_answer": request.user.has_perm(desk_views.ANSWERS),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.display(description="conversation", ordering="title")
    def shown_title(self, conversation: Conversation) -> SafeString | str:
        if not conversation.needs_person:
            return str(conversation)
        who = f"{conversation.taken_by.get_short_name()} answers" if conversation.taken_by else "Needs a person"
        return format_html('{} <span class="badge person">{}</span>', conversation, who)

    @admin.display(description="customer", ordering="account__name")
    def customer(self, conversation: Conversation) -> SafeString:
        return customer_link(conversation)

    @admin.display(description="last message")
    def last_words(self, conversation: Conversation) -> str:
        return in_words(conversation.last_html, 90)  # type: ignore[attr-defined]

    @admin.display(description="open actions", ordering="waiting")
    def open_actions(self, conversation: Conversation) -> int | str:
        return conversation.waiting or ""  # type: ignore[attr-defined]

    @admin.display(description="when", ordering="updated_at")
    def when(self, conversation: Conversation) -> str:
        return shown_time(conversation.updated_at)

    @admin.action(description="Hand back to the agent", permissions=["change"])
    def hand_back(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        handed_back = [conversation for conversation in queryset if desk.hand_back(conversation)]
        for conversation in handed_back:
            self.log_change(request, conversation, "Handed back to the agent.")
        self.message_user(request, f"{len(handed_back)} handed back to the agent.", messages.SUCCESS)


@admin.register(Turn)
class TurnAdmin(ReadOnly, FoundById):
    """One answer: what it took, what it recalled, how it ended."""

    list_display = (
        "conversation",
        "status",
        "model",
        "attempt",
        "input_tokens",
        "output_tokens",
        "claims",
        "created_at",
    )
    list_filter = ("status", UnsupportedClaims, "model", "error_code", "created_at")
    search_fields = ("conversation__title", "conversation__account__name")
    id_fields = ("pk", "conversation_id")
    list_select_related = ("conversation",)
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    exclude = ("lease_owner", "lease_until", "replaced_claims", "last_seq", "stop_requested", "answer_anew")
    inlines = (Actions,)
    readonly_fields = ("explanation", "claims", "known")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], add: bool = False, change: bool = False,
        form_url: str = "", obj: Any = None,
    ) -> HttpResponse:  # fmt: skip
        note_read(cast(User, request.user), "conversation", [obj.conversation.account_id])
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.display(description="what the customer was told")
    def explanation(self, turn: Turn) -> str:
        return sentence(turn.error_code, turn.try_again_at) if turn.error_code else ""

    @admin.display(description="agent's unsupported claims")
    def claims(self, turn: Turn) -> str:
        return ", ".join(turn.replaced_claims)

    @admin.display(description="recalled")
    def known(self, turn: Turn) -> SafeString:
        return definition_list([used.said for used in used_in(turn)])


@admin.register(Action)
class ActionAdmin(ReadOnly, admin.ModelAdmin):
    """One write the agent proposed: what was shown, what was decided, what came of it."""

    list_display = ("summary", "customer", "amount", "state", "decided_by", "when")
    list_filter = ("status", "approver", "tool", "created_at")
    search_fields = ("id", "tool", "turn__conversation__account__name", "turn__conversation__account__users__email")
    list_select_related = ("turn__conversation__account", "decided_by")
    date_hierarchy = "created_at"
    fields = readonly_fields = (
        "state", "customer", "conversation", "order", "shown_preview", "shown_receipt", "reason", "confirmed_at",
        "decided_by", "decided_at", "carried_out_at", "tool", "shown_arguments", "created_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Action]:
        return super().get_queryset(request).select_related("turn__conversation__account", "decided_by")

    def get_ordering(self, request: HttpRequest) -> tuple[Any, ...]:
        """What waits for staff comes first."""
        return (Case(When(**Action.WAITING_FOR_STAFF, then=0), default=1), "-created_at")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(desk_views.decide)
        return [path("<path:action_id>/decide/", view, name="chat_action_decide"), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], add: bool = False, change: bool = False,
        form_url: str = "", obj: Any = None,
    ) -> HttpResponse:  # fmt: skip
        decide = reverse("admin:chat_action_decide", args=[quote(obj.pk)])
        may_decide = obj.waits_for_staff and request.user.has_perm(desk_views.DECIDES)
        context |= {"action": obj, "may_decide": may_decide, "decide_url": decide, "longest": desk.LONGEST_REASON}
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.display(description="what")
    def summary(self, action: Action) -> str:
        return Truncator(action.preview.get("title") or action.tool).chars(80)

    @admin.display(description="when", ordering="created_at")
    def when(self, action: Action) -> str:
        return shown_time(action.created_at)

    @admin.display(description="customer")
    def customer(self, action: Action) -> SafeString:
        return customer_link(action.turn.conversation)

    @admin.display(description="amount")
    def amount(self, action: Action) -> str:
        return f"${action.preview['amount']}" if action.preview.get("amount") else ""

    @admin.display(description="status", ordering="status")
    def state(self, action: Action) -> SafeString:
        return SafeString(render_to_string("admin/chat/_state.html", {"action": action}))

    @admin.display(description="conversation")
    def conversation(self, action: Action) -> SafeString:
        conversation = action.turn.conversation
        address = reverse("admin:chat_conversation_change", args=[conversation.pk])
        return format_html('<a href="{}">{}</a>', address, conversation)

    @admin.display(description="order")
    def order(self, action: Action) -> SafeString | str:
        links = order_links(action.turn.conversation.account, {order_of(action)} - {""})
        return SafeString(render_to_string("admin/chat/_links.html", {"links": links}))

    @admin.display(description="what the customer was shown")
    def shown_preview(self, action: Action) -> SafeString:
        return SafeString(render_to_string("admin/chat/_card.html", {"card": action.preview}))

    @admin.display(description="receipt")
    def shown_receipt(self, action: Action) -> SafeString | str:
        return SafeString(render_to_string("admin/chat/_card.html", {"card": action.receipt})) if action.receipt else ""

    @admin.display(description="arguments")
    def shown_arguments(self, action: Action) -> SafeString:
        return definition_list(action.arguments)
