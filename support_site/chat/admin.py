"""Conversations in the admin: to be read by whoever may, and to be changed by nobody. What was said, was said."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from support_site.chat.desk import hand_back
from support_site.chat.models import Action, Conversation, Message, Turn
from support_site.chat.sentences import sentence


class ReadOnly:
    """Nothing is added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


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


class Transcript(ReadOnly, admin.TabularInline):
    """What was said, in order."""

    model = Message
    fields = readonly_fields = ("position", "who", "text", "cards", "stopped", "created_at")
    ordering = ("position",)
    verbose_name_plural = "transcript"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).select_related("author")

    @admin.display(description="who")
    def who(self, message: Message) -> str:
        return f"{message.get_role_display()}: {message.author}" if message.author else message.get_role_display()


class Turns(ReadOnly, admin.TabularInline):
    """What the agent did about it."""

    model = Turn
    fields = readonly_fields = ("status", "model", "input_tokens", "output_tokens", "error_code", "created_at")
    ordering = ("created_at",)
    show_change_link = True


class Actions(ReadOnly, admin.TabularInline):
    """What the agent wanted to write, and who decided."""

    model = Action
    fields = readonly_fields = ("tool", "status", "approver", "decided_by", "decided_at", "created_at")
    show_change_link = True


@admin.register(Conversation)
class ConversationAdmin(ReadOnly, FoundById):
    """Those that need a person come first."""

    list_display = ("shown_title", "customer", "needs_person", "message_count", "last_turn", "updated_at")
    list_filter = ("needs_person", "turns__status", "updated_at")
    search_fields = ("title", "messages__text", "account__name", "account__users__email")
    search_help_text = "Words of the conversation, name or e-mail address of the customer, or conversation id"
    date_hierarchy = "updated_at"
    ordering = ("-needs_person", "-updated_at")
    list_select_related = ("account",)
    list_per_page = 50
    fields = ("shown_title", "customer", "needs_person", "id", "created_at", "updated_at")
    readonly_fields = fields
    inlines = (Transcript, Turns)
    actions = ("hand_back",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        last = Turn.objects.filter(conversation=OuterRef("pk")).order_by("-created_at").values("status")[:1]
        kept = Message.objects.filter(conversation=OuterRef("pk")).order_by().values("conversation")
        counted = kept.annotate(count=Count("pk")).values("count")
        return super().get_queryset(request).annotate(last_status=Subquery(last), messages_kept=Subquery(counted))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "account__id__exact" or super().lookup_allowed(lookup, value, request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """On the list only, where it is the permission to hand conversations back."""
        return obj is None and request.user.has_perm("chat.change_conversation")

    @admin.display(description="conversation", ordering="title")
    def shown_title(self, conversation: Conversation) -> str:
        return str(conversation)

    @admin.display(description="customer", ordering="account__name")
    def customer(self, conversation: Conversation) -> SafeString:
        address = reverse("admin:accounts_account_change", args=[conversation.account_id])
        return format_html('<a href="{}">{}</a>', address, conversation.account)

    @admin.display(description="messages", ordering="messages_kept")
    def message_count(self, conversation: Conversation) -> int:
        return conversation.messages_kept or 0  # type: ignore[attr-defined]

    @admin.display(description="last turn", ordering="last_status")
    def last_turn(self, conversation: Conversation) -> str:
        status = conversation.last_status  # type: ignore[attr-defined]
        return str(Turn.Status(status).label) if status else ""

    @admin.action(description="Hand back to the agent", permissions=["change"])
    def hand_back(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> None:
        waiting = list(queryset.filter(needs_person=True))
        for conversation in waiting:
            hand_back(conversation)
            self.log_change(request, conversation, "Handed back to the agent.")
        self.message_user(request, f"{len(waiting)} handed back to the agent.", messages.SUCCESS)


@admin.register(Turn)
class TurnAdmin(ReadOnly, FoundById):
    """One answer: what it took, what it recalled, how it ended."""

    list_display = ("conversation", "status", "model", "attempt", "input_tokens", "output_tokens", "created_at")
    list_filter = ("status", "model", "error_code", "created_at")
    search_fields = ("conversation__title", "conversation__account__name")
    id_fields = ("pk", "conversation_id")
    list_select_related = ("conversation",)
    date_hierarchy = "created_at"
    ordering = ("-created_at",)
    exclude = ("lease_owner",)
    inlines = (Actions,)
    readonly_fields = ("explanation",)

    @admin.display(description="what the customer was told")
    def explanation(self, turn: Turn) -> str:
        return sentence(turn.error_code) if turn.error_code else ""


@admin.register(Action)
class ActionAdmin(ReadOnly, admin.ModelAdmin):
    """One write the agent proposed: what was shown, what was decided, what came of it."""

    list_display = ("tool", "customer", "status", "approver", "summary", "decided_by", "created_at")
    list_filter = ("status", "approver", "tool", "created_at")
    search_fields = ("id", "tool", "turn__conversation__account__name", "turn__conversation__account__users__email")
    list_select_related = ("turn__conversation__account", "decided_by")
    date_hierarchy = "created_at"

    @admin.display(description="customer")
    def customer(self, action: Action) -> SafeString:
        account = action.turn.conversation.account
        return format_html('<a href="{}">{}</a>', reverse("admin:accounts_account_change", args=[account.pk]), account)

    @admin.display(description="what")
    def summary(self, action: Action) -> str:
        return Truncator(action.preview.get("title", "")).chars(80)
