"""The page "What we remember", and what its forms do. All of it works without a script."""

import uuid
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from agents.memory import NotKept, Source
from support_site.accounts.access import account_of, of_account
from support_site.accounts.models import Account
from support_site.chat import noted, signals
from support_site.chat.models import Conversation
from support_site.chat.tasks import enqueue
from support_site.memory import customers
from support_site.memory.tasks import erase_forgotten
from support_site.privacy.remembered import noted_by, orders_of, profile_of

PAGE_SIZE = 20
READS_SHOWN = 20

FORGOTTEN = "Forgotten for good. What you wrote in conversations stays there until you delete the conversation."
NOT_THERE = "That note is not there any more: it was forgotten before."


@require_safe
@never_cache  # "Back" after signing out must not show it again
@login_required
def memory(request: HttpRequest) -> HttpResponse:
    """Everything kept about the customer's account."""
    return _page(request, request.GET)


def _page(request: HttpRequest, place: QueryDict, refused: dict[str, str] | None = None) -> HttpResponse:
    """The page at a place; with ``refused``, ``{"key", "text", "why"}`` of a correction, its form is open again."""
    account, search = account_of(request.user), place.get("q", "").strip()
    found = noted_by(account, search)
    shown = {
        "refused": refused,
        "account": account,
        "search": search,
        "page_obj": Paginator(found, PAGE_SIZE).get_page(place.get("page")),
        "is_searchable": bool(search) or len(found) > PAGE_SIZE // 2,
        "profile": profile_of(account),
        "orders": orders_of(account),
        "conversation_count": account.conversations.filter(messages__isnull=False).distinct().count(),
        "reads": account.record_reads.select_related("reader")[:READS_SHOWN],
    }
    return render(request, "privacy/memory.html", shown, status=422 if refused else 200)


@require_POST
@never_cache
@login_required
def memory_correct(request: HttpRequest, key: str) -> HttpResponse:
    """Put the customer's own words in the place of a note."""
    account, text = account_of(request.user), request.POST.get("text", "")
    try:
        new = customers.correct(account.pk, key, text, Source(request=str(uuid.uuid4())))
    except NotKept as reason:
        return _page(request, request.POST, {"key": key, "text": text, "why": f"Not changed. {reason}"})
    if new is None:
        messages.error(request, NOT_THERE)
    elif new.status == "active":
        messages.success(request, "Corrected. The earlier note stands below the new one, where you can undo this.")
    else:
        messages.warning(request, "Set aside: our team looks at it first. Until then the earlier note stays in use.")
    return _back(request, new.key if new else "")


@require_POST
@login_required
def memory_undo(request: HttpRequest, key: str) -> HttpResponse:
    """Take a correction back: what it replaced is true again."""
    account = account_of(request.user)
    is_undone = customers.take_back(account.pk, key)
    _leave_no_trace(account, [key])
    messages.success(request, "Undone: the earlier note is in use again." if is_undone else NOT_THERE)
    return _back(request)


@require_POST
@login_required
def memory_forget(request: HttpRequest, key: str) -> HttpResponse:
    """Forget a note and what it replaced, for good."""
    account = account_of(request.user)
    gone = customers.forget(account.pk, key)
    _leave_no_trace(account, [memory.key for memory in gone])
    messages.success(request, FORGOTTEN if gone else NOT_THERE)
    return _back(request)


@require_POST
@login_required
def memory_pause(request: HttpRequest) -> HttpResponse:
    """Pause memory, or let it go on."""
    account = account_of(request.user)
    account.memory_paused = request.POST.get("paused") == "yes"
    account.save(update_fields=["memory_paused"])
    signals.memory_of_account_changed(account.pk)
    paused = "Memory is paused: nothing new is noted, and nothing noted before is used."
    messages.success(request, paused if account.memory_paused else "Memory is on again.")
    return _back(request)


@require_POST
@login_required
def memory_of_conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Let a conversation leave no memory from now on, or let it."""
    found = get_object_or_404(of_account(Conversation.objects.all(), request.user), pk=conversation_id)
    found.leaves_no_memory = request.POST.get("leaves_no_memory") == "yes"
    found.save(update_fields=["leaves_no_memory"])
    signals.memory_of_conversation_changed(found.pk)
    return redirect("conversation", found.pk)


def _leave_no_trace(account: Account, keys: list[str]) -> None:
    """Of forgotten memories: not in the cards of conversations, and soon not in Chroma's files either."""
    noted.drop_words(account.pk, keys)
    enqueue(erase_forgotten, account.pk)


def _back(request: HttpRequest, key: str = "") -> HttpResponse:
    """To the part of the page the form stood on."""
    place = {name: value for name in ("q", "page") if (value := request.POST.get(name))}
    query, anchor = f"?{urlencode(place)}" if place else "", f"#note-{key}" if key else ""
    return redirect(reverse("memory") + query + anchor)
