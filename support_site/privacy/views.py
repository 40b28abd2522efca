"""The customer's pages about their data as a whole: take it away, have it erased, delete one conversation."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from support_site.accounts.access import account_of, of_account
from support_site.accounts.models import User
from support_site.chat.models import Conversation
from support_site.privacy import archives, deletion, erasure, exporting, tasks
from support_site.privacy.forms import DeleteAccountForm
from support_site.privacy.models import Erasure, Export
from support_site.privacy.places import StillRunning

DELETED = "The conversation is deleted, and so is what we had noted only from it."
SOON_DELETED = "An answer was still being written: it is being stopped, and the conversation is gone in a few seconds."


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def export_page(request: HttpRequest) -> HttpResponse:
    """The customer's archives, the newest first; posting orders another one."""
    if request.method == "POST":
        export = exporting.order(account_of(request.user), asked_by="customer")
        tasks.enqueue(tasks.make_export, export.pk)
        return redirect("privacy_export")
    exports = of_account(Export.objects.all(), request.user)[:10]
    return render(request, "privacy/export.html", {"exports": exports, "live": exporting.any_unfinished(exports)})


@require_safe
@never_cache
@login_required
def export_file(request: HttpRequest, export_id: UUID) -> FileResponse:
    """The archive, as long as its time has not run out; a foreign one is as missing as one that never was."""
    export = get_object_or_404(of_account(Export.objects.all(), request.user), pk=export_id)
    return file_of(export)


def file_of(export: Export) -> FileResponse:
    """The archive as a download. Raises Http404 when there is none to fetch."""
    if not export.is_fetchable:
        raise Http404
    try:
        content = archives.fetch(export)
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(content, as_attachment=True, filename=exporting.file_name(export))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def delete_page(request: HttpRequest) -> HttpResponse:
    """What deleting the account means; with the password and the typed word, it begins."""
    account, user = account_of(request.user), cast(User, request.user)
    form = DeleteAccountForm(request.POST or None, request=request, user=user)
    if form.is_valid():
        begun = erasure.begin(account, asked_by="customer", notify=user.email)
        tasks.enqueue(tasks.erase, begun.pk)
        logout(request)
        return redirect("privacy_receipt", begun.pk)
    return render(request, "privacy/delete.html", {"account": account, "form": form})


@require_safe
@never_cache
def receipt(request: HttpRequest, erasure_id: UUID) -> HttpResponse:
    """How far an erasure is, and what it removed. For whoever knows the number: by now nobody can sign in."""
    found = get_object_or_404(Erasure, pk=erasure_id)
    context = {"erasure": found, "steps": erasure.steps_of(found), "live": found.finished_at is None}
    return render(request, "privacy/receipt.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def conversation_delete(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Asks; and then the conversation is gone."""
    found = get_object_or_404(of_account(Conversation.objects.all(), request.user), pk=conversation_id)
    if request.method != "POST":
        return render(request, "privacy/delete_conversation.html", {"conversation": found})
    messages.success(request, delete_conversation(found, asked_by="customer"))
    return redirect("conversations")


def delete_conversation(conversation: Conversation, *, asked_by: str, reason: str = "") -> str:
    """Delete at once, or as soon as a running answer has stopped. The sentence that says which."""
    try:
        deleted = deletion.delete(conversation, asked_by=asked_by, reason=reason)
    except StillRunning:
        tasks.delete_conversation.delay(str(conversation.pk), asked_by, reason)
        return SOON_DELETED
    tasks.enqueue(tasks.finish_deletion, deleted.pk)
    return DELETED
