"""Trying an edit of a memory before it is saved: ask for it, wait for it, compare."""

from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from support_site.accounts.models import User
from support_site.chat.models import Message
from support_site.chat.tasks import enqueue
from support_site.memory.reads import named, note_read
from support_site.review import replay as replays
from support_site.review import services
from support_site.review.changing import NotDone
from support_site.review.models import Memory, Replay
from support_site.review.tasks import rehearse
from support_site.review.verbs import CHANGES
from support_site.review.views import act_url

MAY_TRY = [CHANGES, "review.view_memory", "chat.view_conversation"]


@require_POST
@permission_required(MAY_TRY, raise_exception=True)
def ask(request: HttpRequest, memory_id: int) -> HttpResponse:
    """Have an edit tried."""
    memory = get_object_or_404(Memory.objects.live().filter(kind="memories"), pk=memory_id)
    told = {"text": request.POST.get("text", ""), "kind": request.POST.get("kind", memory.memory_kind)}
    try:
        replay = replays.ask(memory, **told, by=cast(User, request.user))
    except NotDone as refused:
        messages.error(request, str(refused))
        return redirect(act_url("edit", [memory.pk], back=""))
    enqueue(rehearse, replay.pk)
    return redirect("review_replayed", replay.pk)


@require_safe
@never_cache
@permission_required(MAY_TRY, raise_exception=True)
def show(request: HttpRequest, replay_id: UUID) -> HttpResponse:
    """What was said and what would have been said, side by side; until then, how far it is."""
    found = Replay.objects.select_related("memory", "turn__conversation__account")
    replay = get_object_or_404(found, pk=replay_id)
    note_read(cast(User, request.user), named(replay.memory), {replay.memory.account_id})
    context = admin.site.each_context(request) | _page(replay, Memory.objects.get(pk=replay.memory_id))
    return TemplateResponse(request, "admin/review/replay.html", context)


def _page(replay: Replay, memory: Memory) -> dict[str, Any]:
    said = list(replays.said_in(replay.turn))
    return {
        "title": "Try an edit",
        "replay": replay,
        "memory": memory,
        "said": [each for each in said if each.role == Message.Role.CUSTOMER],
        "replies": [each for each in said if each.role == Message.Role.AGENT],
        "edit_url": act_url("edit", [memory.pk], back=""),
        "is_as_seen": memory.digest == replay.seen,
        "longest": services.LONGEST,
        "seconds": int((timezone.now() - (replay.started_at or replay.created_at)).total_seconds()),
    }
