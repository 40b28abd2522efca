""" "Why did you say that?" as a page, and as JSON for the conversation page."""

from dataclasses import asdict
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from support_site.accounts.access import account_of
from support_site.chat.models import Message
from support_site.privacy.reasons import reasons_for


@require_safe
@never_cache
@vary_on_headers("Accept")
@login_required
def reasons(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """What went into a reply of the agent; a foreign reply is as missing as one that never was."""
    own = Message.objects.filter(conversation__account=account_of(request.user), role=Message.Role.AGENT)
    reply = get_object_or_404(own.select_related("turn__conversation"), pk=message_id)
    found = reasons_for(reply)
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse({"reasons": [asdict(reason) for reason in found]})
    return render(request, "privacy/reasons.html", {"reply": reply, "reasons": found})
