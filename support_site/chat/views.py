"""The pages of a customer's conversations; what happens in one goes over its socket."""

from http import HTTPStatus
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from support_site.accounts.access import account_of, of_account
from support_site.chat import edges
from support_site.chat.models import Conversation, Message
from support_site.chat.sentences import Limited, sentence
from support_site.chat.shapes import kept_messages
from support_site.chat.turns import start_conversation

PAGE_SIZE = 20


@require_safe
@never_cache  # "Back" after signing out must not show a conversation again
@login_required
def conversations(request: HttpRequest) -> HttpResponse:
    """The customer's conversations, the newest first."""
    page = Paginator(_begun(request), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "chat/conversations.html", {"conversations": page, "page_obj": page})


@require_POST
@login_required
def conversation_new(request: HttpRequest) -> HttpResponse:
    """Into a conversation in which nothing has been said yet."""
    return redirect("conversation", start_conversation(account_of(request.user)).pk)


@require_safe
@never_cache  # "Back" after signing out must not show a conversation again
@login_required
def conversation(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """One conversation; a foreign one is as missing as one that never was."""
    found = get_object_or_404(of_account(Conversation.objects.all(), request.user), pk=conversation_id)
    return render(request, "chat/conversation.html", {"conversation": found, "kept": kept_messages(found)})


@require_POST
@login_required
def conversation_person(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Ask for a person, and see the conversation with what follows from it."""
    found = get_object_or_404(of_account(Conversation.objects.all(), request.user), pk=conversation_id)
    try:
        edges.ask_for_person(found)
    except Limited as limited:
        return HttpResponse(sentence(limited.why), status=HTTPStatus.TOO_MANY_REQUESTS, content_type="text/plain")
    return redirect("conversation", found.pk)


def _begun(request: HttpRequest) -> QuerySet[Conversation]:
    last = Message.objects.filter(conversation=OuterRef("pk")).order_by("-position").values("html")[:1]
    begun = of_account(Conversation.objects.all(), request.user).exclude(messages=None)
    return begun.annotate(last_html=Subquery(last)).order_by("-updated_at")
