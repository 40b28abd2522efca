"""The pages on which staff do something with memories: what, with which, and why."""

from typing import cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from support_site.accounts.models import User
from support_site.memory.drafts import address_of
from support_site.memory.models import RecordChange
from support_site.memory.reads import listed, note_read
from support_site.review.changing import NotDone
from support_site.review.correction_views import corrections_url
from support_site.review.forms import ReasonForm
from support_site.review.models import Memory
from support_site.review.undoing import undo as undo_change
from support_site.review.verbs import CHANGES, VERBS, Verb

LIST = "admin:review_memory_changelist"


@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, verb_name: str) -> HttpResponse:
    """Ask why (and what the verb needs to know), then do it."""
    verb = VERBS.get(verb_name)
    if verb is None:
        raise Http404
    _require(request, verb.permission)
    memories = _chosen(request)
    if not verb.fewest <= len(memories) <= verb.most:
        messages.error(request, _how_many(verb))
        return HttpResponseRedirect(_back(request, memories))
    form = verb.form(request.POST or None, initial=_initial(request, verb, memories))
    overruled = _contradicted(memories) if verb.puts_in_force else []
    if form.is_valid() and _does(request, form, verb, memories):
        messages.success(request, verb.done)
        back = _back(request, memories)
        return HttpResponseRedirect(_to_correct(request, verb, [*memories, *overruled], back) or back)
    return _page(request, form, memories, verb=verb, title=verb.label, overruled=overruled)


@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, change_id: int) -> HttpResponse:
    """Ask why, then put back what was there before a change."""
    _require(request, CHANGES)
    change = get_object_or_404(RecordChange.objects.select_related("record"), pk=change_id, record__kind="memories")
    memories = list(Memory.objects.filter(pk=change.record_id).defer("vectors"))
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            undo_change(change, by=cast(User, request.user), **form.arguments())
        except NotDone as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Undone.")
            return HttpResponseRedirect(_back(request, memories))
    return _page(request, form, memories, change=change, title="Undo")


def act_url(verb_name: str, ids: list[int], *, back: str) -> str:
    """Where the verb is done with these memories; it leads back there."""
    path = reverse("admin:review_memory_act", args=[verb_name])
    return f"{path}?{urlencode({'ids': ','.join(map(str, ids)), 'next': back})}"


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perms([permission, "review.view_memory"]):
        raise PermissionDenied


def _chosen(request: HttpRequest) -> list[Memory]:
    ids = [int(pk) for pk in request.GET.get("ids", "").split(",") if pk.isdecimal()]
    found = Memory.objects.live().filter(pk__in=ids, kind="memories").select_related("account")
    return list(found.defer("vectors"))


def _how_many(verb: Verb) -> str:
    some = "one" if verb.most == 1 else f"{verb.fewest} to {verb.most}"
    return f"{verb.label}: choose {some} of the memories that are still there."


def _initial(request: HttpRequest, verb: Verb, memories: list[Memory]) -> dict[str, object]:
    usual = {"reason": verb.reasons[0]} if verb.is_usual else {}
    account = {"account": request.GET["account"]} if "account" in request.GET else {}
    return {**usual, **account, **verb.initial(memories)}


def _does(request: HttpRequest, form: ReasonForm, verb: Verb, memories: list[Memory]) -> bool:
    arguments = form.arguments() | ({"ids": [memory.pk for memory in memories]} if verb.takes_ids else {})
    try:
        verb.run(**arguments, by=request.user)
    except NotDone as refused:
        form.add_error(None, str(refused))
        return False
    return True


def _contradicted(memories: list[Memory]) -> list[Memory]:
    """What would be recalled no more if these were."""
    keys = [(memory.labels, key) for memory in memories if (key := (memory.value or {}).get("contradicts"))]
    found = Memory.objects.live().filter(address__in=[address_of(labels, str(key)) for labels, key in keys])
    return list(found.exclude(status=Memory.Status.SUPERSEDED).defer("vectors")) if keys else []


def _to_correct(request: HttpRequest, verb: Verb, memories: list[Memory], back: str) -> str | None:
    """Where staff see which past replies went by what they have just changed, if there are any."""
    if not verb.may_correct or not request.user.has_perm("chat.view_conversation"):
        return None
    changed = Memory.objects.filter(pk__in=[memory.pk for memory in memories]).defer("vectors")
    return corrections_url(list(changed), back=back)


def _back(request: HttpRequest, memories: list[Memory]) -> str:
    """Where the user came from; else the memory's page, or the list."""
    wanted = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    if len(memories) == 1:
        return reverse("admin:review_memory_change", args=[memories[0].pk])
    return reverse(LIST)


def _page(request: HttpRequest, form: ReasonForm, memories: list[Memory], **more: object) -> HttpResponse:
    note_read(cast(User, request.user), listed(memories), {memory.account_id for memory in memories})
    context = {**admin.site.each_context(request), "opts": Memory._meta, "form": form, "memories": memories}
    context |= {"media": form.media, "back": _back(request, memories), **more}
    return TemplateResponse(request, "admin/review/memory/act.html", context)
