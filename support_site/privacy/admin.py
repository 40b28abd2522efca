"""For privacy officers: erase and export accounts, delete conversations, each with a reason, and what came of it."""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from support_site.accounts.models import Account, User
from support_site.chat.models import Conversation
from support_site.memory.admin import ReadOnly
from support_site.memory.reads import note_read
from support_site.privacy import erasure, exporting, retention, tasks
from support_site.privacy.forms import ReasonForm
from support_site.privacy.models import Deletion, Erasure, Export
from support_site.privacy.views import delete_conversation, file_of


class WithReason(ReadOnly, admin.ModelAdmin):
    """A record of what was done, and the page that asks why before it is done."""

    permission = ""
    url_name = ""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.reason_view)
        return [path("of/<uuid:pk>/", view, name=self.url_name), *super().get_urls()]

    def reason_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        self.require_permission(request)
        form = ReasonForm(request.POST or None)
        asked = self.asked_about(pk)
        if form.is_valid():
            return self.do(request, asked["subject"], form.cleaned_data["reason"])
        context = {**self.admin_site.each_context(request), "opts": self.opts, "form": form, **asked}
        return TemplateResponse(request, "admin/privacy/reason.html", context)

    def require_permission(self, request: HttpRequest) -> None:
        if not request.user.has_perm(self.permission):
            raise PermissionDenied

    def asked_about(self, pk: UUID) -> dict[str, Any]:
        """``subject``, ``title``, ``warning``, ``verb`` (on the button) and ``back`` of the page. Raises Http404."""
        raise NotImplementedError

    def do(self, request: HttpRequest, subject: Any, reason: str) -> HttpResponse:
        raise NotImplementedError


def asker(request: HttpRequest) -> str:
    return f"staff:{cast(User, request.user).pk}"


@admin.register(Erasure)
class ErasureAdmin(WithReason):
    """Receipts of erased accounts."""

    permission, url_name = "privacy.erase_account", "privacy_erase_account"
    list_display = ("id", "asked_by", "reason", "started_at", "finished_at")
    list_filter = ("started_at", ("finished_at", admin.EmptyFieldListFilter))
    search_fields = ("id", "account_id")
    fields = readonly_fields = ("id", "asked_by", "reason", "started_at", "finished_at", "removed")

    @admin.display(description="removed")
    def removed(self, receipt: Erasure) -> SafeString:
        return format_html_join("", "<p><strong>{}</strong><br>{}</p>", map(_line, erasure.steps_of(receipt)))

    def asked_about(self, pk: UUID) -> dict[str, Any]:
        account = get_object_or_404(Account, pk=pk)
        return {
            "subject": account,
            "title": f"Erase the account of {account}",
            "warning": "Everything kept about this customer is removed for good, everywhere. Nobody can undo it. "
            "The customer is signed out at once and gets the receipt by mail.",
            "verb": "Erase for good",
            "back": reverse("admin:accounts_account_change", args=[pk]),
        }

    def do(self, request: HttpRequest, subject: Account, reason: str) -> HttpResponse:
        first = subject.users.order_by("pk").first()
        begun = erasure.begin(subject, asked_by=asker(request), reason=reason, notify=first.email if first else "")
        tasks.enqueue(tasks.erase, begun.pk)
        messages.success(request, "The account is being erased. This page is its receipt; reload it to see how far.")
        return HttpResponseRedirect(reverse("admin:privacy_erasure_change", args=[begun.pk]))


@admin.register(Deletion)
class DeletionAdmin(WithReason):
    """What is known of conversations that were deleted."""

    permission, url_name = "privacy.erase_account", "privacy_delete_conversation"
    list_display = ("conversation_id", "account", "asked_by", "reason", "deleted_at", "finished_at")
    list_filter = ("deleted_at",)
    list_select_related = ("account",)
    fields = readonly_fields = (*list_display, "removed")

    def get_urls(self) -> list[URLPattern]:
        sweep = self.admin_site.admin_view(self.sweep_view)
        return [path("sweep/", sweep, name="privacy_sweep"), *super().get_urls()]

    def sweep_view(self, request: HttpRequest) -> HttpResponse:
        """What the sweep of tonight removes."""
        self.require_permission(request)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "What the next sweep removes"}
        return TemplateResponse(request, "admin/privacy/sweep.html", context | {"found": retention.preview()})

    @admin.display(description="removed")
    def removed(self, deletion: Deletion) -> str:
        return _counted(deletion.counts)

    def asked_about(self, pk: UUID) -> dict[str, Any]:
        conversation = get_object_or_404(Conversation.objects.select_related("account"), pk=pk)
        return {
            "subject": conversation,
            "title": f"Delete the conversation “{conversation}” of {conversation.account}",
            "warning": "What was said in it and what was noted only from it is removed for good. Nobody can undo it.",
            "verb": "Delete for good",
            "back": reverse("admin:chat_conversation_change", args=[pk]),
        }

    def do(self, request: HttpRequest, subject: Conversation, reason: str) -> HttpResponse:
        messages.success(request, delete_conversation(subject, asked_by=asker(request), reason=reason))
        return HttpResponseRedirect(reverse("admin:chat_conversation_changelist"))


@admin.register(Export)
class ExportAdmin(WithReason):
    """Archives of customers' data."""

    permission, url_name = "privacy.export_account", "privacy_export_account"
    list_display = ("account", "fetch", "status", "asked_by", "reason", "created_at", "expires_at")
    list_filter = ("status", "created_at")
    list_select_related = ("account",)
    fields = readonly_fields = (*list_display, "size")

    def get_urls(self) -> list[URLPattern]:
        fetch = self.admin_site.admin_view(self.fetch_view)
        return [path("<uuid:pk>/file/", fetch, name="privacy_fetch_export"), *super().get_urls()]

    @admin.display(description="archive")
    def fetch(self, export: Export) -> SafeString | str:
        if not export.is_fetchable:
            return "-"
        return format_html('<a href="{}">Download</a>', reverse("admin:privacy_fetch_export", args=[export.pk]))

    def fetch_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        self.require_permission(request)
        export = get_object_or_404(Export, pk=pk)
        note_read(cast(User, request.user), "an archive of everything", [export.account_id])
        return cast(HttpResponse, file_of(export))

    def asked_about(self, pk: UUID) -> dict[str, Any]:
        account = get_object_or_404(Account, pk=pk)
        return {
            "subject": account,
            "title": f"Export all data of {account}",
            "warning": "The archive holds everything this customer told. The customer can see that it was made.",
            "verb": "Make the archive",
            "back": reverse("admin:accounts_account_change", args=[pk]),
        }

    def do(self, request: HttpRequest, subject: Account, reason: str) -> HttpResponse:
        export = exporting.order(subject, asked_by=asker(request), reason=reason)
        tasks.enqueue(tasks.make_export, export.pk)
        messages.success(request, "The archive is being made. Reload this page in a moment to download it.")
        return HttpResponseRedirect(reverse("admin:privacy_export_changelist"))


def _line(step: dict[str, Any]) -> tuple[str, str]:
    return step["title"], _counted(step["counts"]) or ("nothing was there" if step["done"] else "to come")


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{what}: {number}" for what, number in counts.items() if number)
