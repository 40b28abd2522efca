"""What the forms of the admin's pages do. Each checks its permission, calls one verb of the desk, and leads back."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import quote, unquote
from django.contrib.auth.decorators import permission_required
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from support_site.accounts.models import User
from support_site.chat import desk
from support_site.chat.models import Action, Conversation
from support_site.chat.sentences import Refused, sentence
from support_site.chat.tasks import answer as answer_task
from support_site.chat.tasks import enqueue, learn_from_people

ANSWERS, DECIDES = "chat.change_conversation", "chat.decide_action"


@require_POST
@permission_required(ANSWERS, raise_exception=True)
def answer(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Write to the customer."""
    conversation = get_object_or_404(Conversation, pk=conversation_id)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    try:
        if desk.answer(conversation, form_id=_form_id(request), text=text, user=_staff(request)):
            _record(request, conversation, "Wrote to the customer.")
    except Refused as refused:
        messages.error(request, sentence(refused.code))
    return _back_to(conversation)


@require_POST
@permission_required(ANSWERS, raise_exception=True)
def take_over(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Answer instead of the agent from now on."""
    conversation = get_object_or_404(Conversation, pk=conversation_id)
    if desk.take_over(conversation, user=_staff(request)):
        _record(request, conversation, "Took the conversation over from the agent.")
    return _back_to(conversation)


@require_POST
@permission_required(ANSWERS, raise_exception=True)
def hand_back(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Let the agent answer again."""
    conversation = get_object_or_404(Conversation, pk=conversation_id)
    if desk.hand_back(conversation):
        _record(request, conversation, "Handed back to the agent.")
        enqueue(learn_from_people, conversation.pk)
    return _back_to(conversation)


@require_POST
@permission_required(DECIDES, raise_exception=True)
def decide(request: HttpRequest, action_id: str) -> HttpResponse:
    """Approve or decline an action that waits for staff; its turn goes on."""
    found = Action.objects.select_related("turn__conversation")
    action = get_object_or_404(found, pk=unquote(action_id))
    decision = "approve" if request.POST.get("decision") == "approve" else "decline"
    told = {"digest": request.POST.get("digest", ""), "reason": request.POST.get("reason", "")}
    try:
        decided = desk.decide(action, decision=decision, user=_staff(request), **told)  # type: ignore[arg-type]
    except Refused as refused:
        messages.error(request, sentence(refused.code))
        return _back_to(action)
    if decided.is_new:
        said = "Approved." if decision == "approve" else f"Declined: {decided.action.reason}"
        _record(request, action, said)
        messages.success(request, f"{said} The customer is told.")
    if decided.turn:
        enqueue(answer_task, decided.turn.pk)
    return _back_to(action)


def _staff(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the admin lets nobody else in
    return request.user


def _form_id(request: HttpRequest) -> UUID:
    """The id the page gave its form, so that sending it twice is sending it once."""
    try:
        return UUID(request.POST.get("form_id", ""))
    except ValueError:
        return uuid4()


def _record(request: HttpRequest, what: Model, said: str) -> None:
    LogEntry.objects.log_actions(_staff(request).pk, [what], CHANGE, change_message=said, single_object=True)


def _back_to(what: Conversation | Action) -> HttpResponse:
    address = reverse(f"admin:chat_{what._meta.model_name}_change", args=[quote(what.pk)])
    return redirect(f"{address}#latest" if isinstance(what, Conversation) else address)
