"""The page that lists what a change of a memory makes wrong, and sends corrections."""

from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from support_site.accounts.models import User
from support_site.chat.desk_views import ANSWERS
from support_site.chat.sentences import MAX_LENGTH, Refused, sentence
from support_site.memory.models import RecordChange
from support_site.memory.reads import named, note_read
from support_site.review import corrections
from support_site.review.models import Memory

MAY_READ = ["review.view_memory", "chat.view_conversation"]


@require_http_methods(["GET", "POST"])
@permission_required(MAY_READ, raise_exception=True)
def correct(request: HttpRequest, memory_id: int) -> HttpResponse:
    """The replies that the newest change of a memory makes wrong; a POST sends a correction to those chosen."""
    memory = get_object_or_404(Memory.objects.filter(kind="memories").select_related("account"), pk=memory_id)
    change = corrections.turning_point(memory)
    if request.method == "POST" and change and _sends(request, memory, change):
        return redirect(request.get_full_path())
    note_read(cast(User, request.user), named(memory), {memory.account_id})
    context = admin.site.each_context(request) | _page(request, memory, change)
    return TemplateResponse(request, "admin/review/corrections.html", context)


def _page(request: HttpRequest, memory: Memory, change: RecordChange | None) -> dict[str, Any]:
    return {
        "title": "Correct past replies",
        "memory": memory,
        "change": change,
        "words_before": corrections.words_before(change) if change else "",
        "misled": corrections.misled(memory, change) if change else [],
        "text": request.POST.get("text") or corrections.suggestion(memory),
        "may_answer": request.user.has_perm(ANSWERS),
        "longest": MAX_LENGTH,
        "back": _back(request, memory),
    }


def corrections_url(memory: Memory, *, back: str) -> str | None:
    """Where past replies are corrected, with a way back; None if what was done last makes none of them wrong."""
    change = corrections.turning_point(memory)
    newest = RecordChange.objects.filter(record=memory.pk).order_by("-pk").first()
    if change is None or change != newest or not corrections.misled(memory, change):
        return None
    return f"{reverse('review_corrections', args=[memory.pk])}?{urlencode({'next': back})}"


def _back(request: HttpRequest, memory: Memory) -> str:
    wanted = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("admin:review_memory_change", args=[memory.pk])


def _sends(request: HttpRequest, memory: Memory, change: RecordChange) -> bool:
    """Whether a correction was sent; otherwise the user was told why not."""
    if not request.user.has_perm(ANSWERS):
        raise PermissionDenied
    user, text = cast(User, request.user), request.POST.get("text", "").replace("\r\n", "\n")
    try:
        told = corrections.send(memory, change, to=_chosen(request), text=text, by=user)
    except Refused as refused:
        messages.error(request, sentence(refused.code))
        return False
    if not told:
        messages.error(request, "Choose at least one conversation that has no correction yet.")
        return False
    LogEntry.objects.log_actions(user.pk, told, CHANGE, change_message="Sent a correction after a memory was changed.")
    messages.success(request, f"The correction was sent to {len(told)} conversation{'s' * (len(told) > 1)}.")
    return True


def _chosen(request: HttpRequest) -> set[UUID]:
    try:
        return {UUID(each) for each in request.POST.getlist("conversation")}
    except ValueError:
        return set()
