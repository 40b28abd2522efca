"""The page that lists what changes of memories make wrong, and sends corrections."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from support_site.accounts.models import User
from support_site.chat.desk_views import ANSWERS
from support_site.chat.sentences import MAX_LENGTH, Refused, sentence
from support_site.memory.reads import listed, named, note_read
from support_site.review import corrections
from support_site.review.corrections import TurningPoint
from support_site.review.models import Memory

MEANWHILE = (
    "Nothing was sent: our team wrote to the customer after you opened this page. "
    "Read below what was said, and send yours if it is still needed."
)
MAY_READ = ["review.view_memory", "chat.view_conversation"]


@require_http_methods(["GET", "POST"])
@permission_required(MAY_READ, raise_exception=True)
def correct(request: HttpRequest) -> HttpResponse:
    """The replies that the newest changes of memories make wrong; a POST sends a correction to those chosen."""
    memories = _asked_for(request)
    points = corrections.turning_points(memories)
    refused = _send(request, points) if request.method == "POST" and points else None
    if request.method == "POST" and points and not refused:
        return redirect(request.get_full_path())
    what = named(memories[0]) if len(memories) == 1 else listed(memories)
    note_read(cast(User, request.user), what, {memory.account_id for memory in memories})
    context = admin.site.each_context(request) | _page(request, memories, points)
    context["meanwhile"] = refused.meanwhile if refused else set()
    status = refused.status if refused else HTTPStatus.OK
    return TemplateResponse(request, "admin/review/corrections.html", context, status=status)


def _asked_for(request: HttpRequest) -> list[Memory]:
    ids = [int(pk) for pk in request.GET.get("ids", "").split(",") if pk.isdecimal()]
    memories = list(Memory.objects.filter(pk__in=ids, kind="memories").select_related("account").defer("vectors"))
    if not memories:
        raise Http404
    return memories


def _page(request: HttpRequest, memories: Sequence[Memory], points: Sequence[TurningPoint]) -> dict[str, Any]:
    misled = corrections.misled(points)
    concerned = {point.memory.pk for each in misled for point in each.by}
    return {
        "title": "Correct past replies",
        "memory": memories[0] if len(memories) == 1 else None,
        "points": [point for point in points if len(points) == 1 or point.memory.pk in concerned],
        "misled": misled,
        "chosen": _chosen(request) or ({each.conversation.pk for each in misled} if "all" in request.GET else set()),
        "to_choose": [each for each in misled if not each.sent],
        "text": request.POST.get("text") or corrections.suggestion(memories),
        "may_answer": request.user.has_perm(ANSWERS),
        "longest": MAX_LENGTH,
        "back": _back(request, memories),
    }


def corrections_url(memories: Sequence[Memory], *, back: str) -> str | None:
    """Where past replies are corrected, with a way back; None if what was done last makes none of them wrong."""
    points = [point for point in corrections.turning_points(memories) if point.is_newest]
    misleading = {point.memory.pk for each in corrections.misled(points) for point in each.by}
    if not misleading:
        return None
    query = urlencode({"ids": ",".join(map(str, sorted(misleading))), "next": back})
    return f"{reverse('review_corrections')}?{query}"


def _back(request: HttpRequest, memories: Sequence[Memory]) -> str:
    wanted = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    if len(memories) == 1:
        return reverse("admin:review_memory_change", args=[memories[0].pk])
    return reverse("admin:review_memory_changelist")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Nothing was sent, and the user was told why not; ``meanwhile``: in which conversations our team wrote since."""

    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY
    meanwhile: Collection[UUID] = ()


def _send(request: HttpRequest, points: Sequence[TurningPoint]) -> Refusal | None:
    """Send the correction to the chosen; None if that was done."""
    if not request.user.has_perm(ANSWERS):
        raise PermissionDenied
    user, text = cast(User, request.user), request.POST.get("text", "").replace("\r\n", "\n")
    try:
        told = corrections.send(points, to=_chosen(request), seen=_seen(request), text=text, by=user)
    except Refused as refused:
        messages.error(request, sentence(refused.code))
        return Refusal()
    except corrections.Meanwhile as meanwhile:
        messages.error(request, MEANWHILE)
        return Refusal(status=HTTPStatus.CONFLICT, meanwhile=meanwhile.conversations)
    if not told:
        messages.error(request, "Choose at least one conversation that has no correction yet.")
        return Refusal()
    LogEntry.objects.log_actions(user.pk, told, CHANGE, change_message="Sent a correction after a memory was changed.")
    messages.success(request, f"The correction was sent to {len(told)} conversation{'s' * (len(told) > 1)}.")
    return None


def _chosen(request: HttpRequest) -> set[UUID]:
    try:
        return {UUID(each) for each in request.POST.getlist("conversation")}
    except ValueError:
        return set()


def _seen(request: HttpRequest) -> dict[UUID, int]:
    """Up to which message of our team the page showed each chosen conversation."""
    told = {pk: request.POST.get(f"seen-{pk}", "") for pk in _chosen(request)}
    return {pk: int(position) for pk, position in told.items() if position.isdecimal() and len(position) < 10}
