"""The desk's pages: who may do what there, what they show, and that the customer sees it live."""

import uuid

import pytest
from asgiref.sync import sync_to_async
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.test import Client

from support_site.chat.models import Action, Conversation, Message, Turn
from tests.chat.scripted import RECEIPT, ScriptedAgent, carries_out, proposes, says
from tests.chat.sockets import Socket, session_of

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/chat/conversation/"
PREVIEW = {
    "title": "Return items of order #W1",
    "lines": [{"label": "Refund", "value": "to Visa ending in 4417"}],
    "amount": "812.00",
    "note": "",
}


@pytest.fixture
def customer(alice):
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def action(conversation):
    """A refund that waits for staff."""
    turn = Turn.objects.create(conversation=conversation, status="waiting")
    Message.objects.create(conversation=conversation, turn=turn, position=1, role="customer", text="Send it back")
    return Action.objects.create(
        id=f"{turn.pk}:call_1",
        turn=turn,
        tool="return_delivered_order_items",
        preview=PREVIEW,
        digest="d1",
        approver="staff",
        arguments={"order_id": "#W1"},
    )


def page_of(conversation):
    return f"{LIST}{conversation.pk}/change/"


def page_of_action(action):
    return f"/admin/chat/action/{quote(action.pk)}/change/"


def decide_url(action):
    return f"/admin/chat/action/{quote(action.pk)}/decide/"


def body(response):
    assert response.status_code == 200
    return response.content.decode()


def verbs(conversation, action):
    """Every form of the desk: (address, what it sends)."""
    return [
        (f"{LIST}{conversation.pk}/answer/", {"text": "Hello", "form_id": str(uuid.uuid4())}),
        (f"{LIST}{conversation.pk}/take-over/", {}),
        (f"{LIST}{conversation.pk}/hand-back/", {}),
        (decide_url(action), {"decision": "approve", "digest": "d1"}),
        (decide_url(action), {"decision": "decline", "digest": "d1", "reason": "no"}),
    ]


def state():
    """All that a form of the desk could change."""
    return (
        list(Conversation.objects.values_list("needs_person", "taken_by")),
        Message.objects.count(),
        list(Action.objects.values_list("status", "decided_by")),
        list(Turn.objects.values_list("status", flat=True)),
        LogEntry.objects.count(),
    )


@pytest.mark.parametrize(("who", "statuses"), [("reader", {403}), ("customer", {302}), ("client", {302})])
def test_who_may_not_changes_nothing_by_any_form(request, conversation, action, who, statuses):
    client = request.getfixturevalue(who)
    before = state()
    answers = [client.post(url, told) for url, told in verbs(conversation, action)]
    assert {answer.status_code for answer in answers} == statuses
    assert all("/login/?next=" in answer["Location"] for answer in answers if answer.status_code == 302)
    assert state() == before


def test_looking_changes_nothing(desk, conversation, action):
    before = state()
    assert {desk.get(url, told).status_code for url, told in verbs(conversation, action)} == {405}
    for page in ("/admin/", LIST, page_of(conversation), "/admin/chat/action/", page_of_action(action)):
        assert desk.get(page).status_code == 200
    assert state() == before


def test_a_form_from_another_site_is_refused(sam, conversation, action):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(sam)
    before = state()
    assert {strict.post(url, told).status_code for url, told in verbs(conversation, action)} == {403}
    assert state() == before


def test_read_only_staff_see_no_forms(reader, conversation, action):
    page = body(reader.get(page_of(conversation)))
    assert "Send it back" in page
    assert "<textarea" not in page
    assert "Take over" not in page
    assert "Approve" not in body(reader.get(page_of_action(action)))


def test_what_staff_write_is_on_record_once_without_its_words(desk, sam, conversation):
    told = {"text": "A secret\r\nin two lines", "form_id": str(uuid.uuid4())}
    for _ in range(2):
        answer = desk.post(f"{LIST}{conversation.pk}/answer/", told)
        assert answer["Location"] == f"{page_of(conversation)}#latest"
    assert conversation.messages.get().text == "A secret\nin two lines"
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (sam, str(conversation.pk))
    assert "secret" not in entry.change_message


def test_taking_over_and_handing_back_are_on_record_once(desk, conversation):
    for verb in ("take-over", "take-over", "hand-back", "hand-back"):
        desk.post(f"{LIST}{conversation.pk}/{verb}/")
    said = list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True))
    assert said == ["Took the conversation over from the agent.", "Handed back to the agent."]


def test_an_empty_message_is_refused_in_a_sentence(desk, conversation):
    page = desk.post(f"{LIST}{conversation.pk}/answer/", {"text": " "}, follow=True)
    assert "Write something first." in body(page)
    assert not conversation.messages.exists()


def test_a_conversation_that_is_gone_is_not_found(desk):
    assert desk.post(f"{LIST}{uuid.uuid4()}/take-over/").status_code == 404
    assert desk.post("/admin/chat/action/nothing/decide/", {"decision": "approve"}).status_code == 404


def test_an_approval_goes_on_with_the_turn_and_is_on_record(desk, action, sam, no_tasks):
    for _ in range(2):
        desk.post(decide_url(action), {"decision": "approve", "digest": "d1"})
    action.refresh_from_db()
    assert (action.status, action.decided_by) == ("confirmed", sam)
    assert no_tasks == [("answer", str(action.turn_id))]
    assert LogEntry.objects.get().change_message == "Approved."


def test_a_decline_without_a_reason_is_refused_in_a_sentence(desk, action, no_tasks):
    page = desk.post(decide_url(action), {"decision": "decline", "digest": "d1", "reason": ""}, follow=True)
    assert "Say why you decline" in body(page)
    desk.post(decide_url(action), {"decision": "decline", "digest": "d1", "reason": "Worn."})
    action.refresh_from_db()
    assert (action.status, action.reason) == ("declined", "Worn.")
    assert no_tasks == [("answer", str(action.turn_id))]


def test_what_changed_since_the_page_was_opened_is_not_approved(desk, action):
    page = desk.post(decide_url(action), {"decision": "approve", "digest": "d0"}, follow=True)
    assert "have changed since you saw them" in body(page)
    action.refresh_from_db()
    assert action.status == "proposed"


def test_what_waits_for_approval_comes_first_and_is_announced(desk, action):
    newer = Turn.objects.create(conversation=action.turn.conversation, status="done")
    Action.objects.create(
        id=f"{newer.pk}:c", turn=newer, tool="cancel", preview={"title": "Newer"}, digest="d", approver="customer"
    )
    page = body(desk.get("/admin/chat/action/"))
    assert page.index("Return items of order #W1") < page.index("Newer")
    assert "Waits for approval" in page
    assert "$812.00" in page
    assert "Actions that wait for approval" in body(desk.get("/admin/"))


def test_the_front_page_announces_nothing_when_nothing_waits(desk, action):
    Action.objects.update(status="applied")
    assert "Actions that wait for approval" not in body(desk.get("/admin/"))
    Conversation.objects.update(needs_person=True)
    assert "Conversations that need a person" in body(desk.get("/admin/"))


def test_an_action_is_shown_as_lists_and_not_as_json(desk, action):
    Action.objects.update(receipt=RECEIPT, status="applied")
    page = body(desk.get(page_of_action(action)))
    assert "to Visa ending in 4417" in page
    assert "Order #W1 cancelled" in page
    assert page_of(action.turn.conversation) in page
    assert "{&#x27;" not in page
    assert "{&quot;" not in page


def test_the_transcript_shows_who_said_what_with_cards_actions_and_errors(desk, conversation, action, sam, alice):
    Turn.objects.update(status="failed", error_code="turn_timed_out", replaced_claims=["amount"])
    place = {"conversation": conversation, "turn": action.turn}
    Message.objects.create(
        position=2, role="agent", text="**Done**", html="<p><strong>Done</strong></p>", cards=[RECEIPT], **place
    )
    Message.objects.create(conversation=conversation, position=3, role="staff", text="I help.", author=sam)
    page = body(desk.get(page_of(conversation)))
    in_order = (
        "Send it back",
        "<strong>Done</strong>",
        "Order #W1 cancelled",
        "Waits for approval",
        "The answer took too long",
        "Unsupported claims replaced: amount",
        "Sam Okafor (staff)",
        "I help.",
    )
    places = [page.index(words) for words in in_order]
    assert places == sorted(places)
    assert page_of_action(action) in page
    assert "{&#x27;" not in page


def test_the_list_shows_the_last_words_without_marks_and_who_is_needed(desk, conversation, action, sam):
    Message.objects.create(
        conversation=conversation,
        position=2,
        role="agent",
        text="**Bold** words",
        html="<p><strong>Bold</strong> words</p>",
    )
    page = body(desk.get(LIST))
    assert "Bold words" in page
    assert "**" not in page
    assert "Needs a person" not in page
    Conversation.objects.update(needs_person=True)
    assert "Needs a person" in body(desk.get(LIST))
    Conversation.objects.update(taken_by=sam)
    assert "Sam answers" in body(desk.get(LIST, {"needs_person__exact": "1", "waits_for": "staff"}))
    assert "Sam answers" not in body(desk.get(LIST, {"waits_for": "customer"}))


def test_turns_are_narrowed_to_those_with_unsupported_claims(desk, conversation):
    Turn.objects.create(conversation=conversation, status="done", model="honest model")
    Turn.objects.create(conversation=conversation, status="done", model="lying model", replaced_claims=["status"])
    for chosen, model in (("yes", "lying model"), ("no", "honest model")):
        shown = desk.get("/admin/chat/turn/", {"unsupported": chosen}).context["cl"].result_list
        assert [turn.model for turn in shown] == [model]


async def test_the_customer_sees_live_what_staff_do(conversation, desk, alice):
    socket = Socket(conversation, await sync_to_async(session_of)(alice))
    assert await socket.connect()
    await socket.hello()
    post = sync_to_async(desk.post)
    await post(f"{LIST}{conversation.pk}/take-over/")
    assert (await socket.until("person"))["needs_person"] is True
    await post(f"{LIST}{conversation.pk}/answer/", {"text": "Hello Alice", "form_id": str(uuid.uuid4())})
    shown = (await socket.until("message"))["message"]
    while shown["role"] != "staff":
        shown = (await socket.until("message"))["message"]
    assert (shown["text"], shown["author"]) == ("Hello Alice", "Sam")
    await post(f"{LIST}{conversation.pk}/hand-back/")
    assert (await socket.until("person"))["needs_person"] is False
    await socket.disconnect()


async def test_the_customer_sees_that_staff_must_approve_and_that_they_did(conversation, desk, alice, say, answer):
    socket = Socket(conversation, await sync_to_async(session_of)(alice))
    assert await socket.connect()
    await socket.hello()
    turn = await sync_to_async(say)("Send it back")
    await sync_to_async(answer)(turn, ScriptedAgent(proposes(turn, approver="staff")))
    assert (await socket.until("action.proposed"))["approver"] == "staff"
    action = await Action.objects.select_related("turn").aget()
    await sync_to_async(desk.post)(decide_url(action), {"decision": "approve", "digest": "d1"})
    await sync_to_async(answer)(turn, ScriptedAgent([*carries_out(), *says("Approved.")]))
    assert (await socket.until("action.decided", status="applied"))["receipt"] == RECEIPT
    await socket.disconnect()
