"""Staff read every order and correct it with a reason; what they do is on record like everything else."""

import re

import pytest
from django.urls import reverse
from langgraph.store.base import PutOp

from agents import namespaces
from agents.attribution import attributed
from support_site.accounts.models import Account
from support_site.chat.models import Action, Conversation, Turn
from support_site.memory.models import RecordChange
from support_site.memory.stores import site_store
from support_site.orders import delivery
from support_site.orders.models import Order, ShopToken, WebhookDelivery
from tests.orders.shop_system import (
    ADDRESS,
    ShopSystem,
    account_of,
    act,
    customer,
    kept_order,
    kept_profile,
    order,
    status,
)

pytestmark = pytest.mark.django_db

LIST = "/admin/orders/order/"
PARCEL = {"tracking_id": ["770001"], "item_ids": ["i1"]}


@pytest.fixture
def desk(client, sam):
    client.force_login(sam)
    return client


def page_of(order_id="#W1"):
    return f"{LIST}{Order.objects.get(key_text=order_id).pk}/change/"


def form_of(tool, order_id="#W1"):
    return f"{LIST}{Order.objects.get(key_text=order_id).pk}/correct/{tool}/"


def shown(response):
    """The words of a page."""
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def correct(client, tool, order_id="#W1", **fields):
    """Fill in the form as it was given, look at the preview, apply it; the last response."""
    url = form_of(tool, order_id)
    form = client.get(url).context["form"]
    given = {name: field.initial for name, field in form.fields.items()} | form.initial
    data = {name: value for name, value in given.items() if value is not None} | {"reason": "rang us up"} | fields
    seen = client.post(url, data)
    if seen.context["preview"] is None:
        return seen
    return client.post(url, {**data, "apply": "Apply it"}, follow=True)


def errors(response):
    return " ".join(response.context["form"].non_field_errors())


# The list


def test_the_list_has_number_customer_status_items_and_total(desk, known):
    row = shown(desk.get(LIST))
    for text in ("#W1", "Nora Lind", "pending", "Desk Lamp", "$20.00"):
        assert text in row


def test_the_list_is_narrowed_by_status_and_by_status_only(desk, known):
    item_modified = order("#W2", status="pending (item modified)", note={"status": "pending"})
    assert status(known.order(item_modified)) == "created"
    assert status(known.order(order("#W3", status="delivered"))) == "created"
    for wanted, found in {"pending": "#W1", "pending (item modified)": "#W2", "delivered": "#W3"}.items():
        listed = desk.get(LIST, {"status": wanted}).context["cl"].result_list
        assert [each.key for each in listed] == [found]
    assert len(desk.get(LIST).context["cl"].result_list) == 3


def test_one_record_that_no_database_reads_as_json_does_not_close_the_list(desk, known):
    value = {**kept_order(), "order_id": "#W9", "note": "a\0b", "version": 1}
    site_store().keep([PutOp(namespaces.orders(account_of()), "#W9", value)])
    assert "#W9" in shown(desk.get(LIST))
    assert [each.key for each in desk.get(LIST, {"status": "pending"}).context["cl"].result_list] == ["#W1"]


@pytest.mark.parametrize("words", ["W1", "#W1", "desk lamp", "Nora", "BA1"])
def test_an_order_is_found_by_number_product_customer_or_place(desk, known, words):
    known.customer(customer("omar_2", name={"first_name": "Omar", "last_name": "Ray"}))
    chair = {"name": "Chair", "product_id": "p2", "item_id": "c1", "price": 9.0, "options": {}}
    known.order(order("#W22", "omar_2", items=[chair], address={**ADDRESS, "zip": "EH1 1AA"}))
    found = [each.key for each in desk.get(LIST, {"q": words}).context["cl"].result_list]
    assert found == ["#W1"]


def test_the_orders_of_one_account_are_one_click_away(desk, known):
    known.customer(customer("omar_2"))
    known.order(order("#W22", "omar_2"))
    account = Account.objects.get(shop_customer_id="omar_2")
    link = f"{LIST}?account__id__exact={account.pk}"
    assert link in desk.get(f"/admin/accounts/account/{account.pk}/change/").content.decode()
    assert [each.key for each in desk.get(link).context["cl"].result_list] == ["#W22"]


def test_the_list_asks_the_database_as_often_for_many_as_for_few(desk, known, django_assert_max_num_queries):
    for number in range(10, 30):
        known.order(order(f"#W{number}"))
    with django_assert_max_num_queries(10):
        assert len(desk.get(LIST).context["cl"].result_list) == 21


# The page


def test_who_looks_at_an_order_is_on_record(desk, sam, known):
    desk.get(page_of())
    reads = Order.objects.get(key_text="#W1").account.record_reads.values_list("reader", "what")
    assert list(reads) == [(sam.pk, "order #W1")]


def test_the_page_shows_items_address_parcels_and_money(desk, known):
    paid = order()["payment_history"]
    back = {"transaction_type": "refund", "amount": 4.5, "payment_method_id": "credit_card_1"}
    known.order(
        order(
            "#W2", status="return requested", return_items=["i1"], fulfillments=[PARCEL], payment_history=[*paid, back]
        )
    )
    text = shown(desk.get(page_of("#W2")))
    for expected in (
        "Desk Lamp (colour red)",
        "1 Quay, Bath, SOM BA1 1AA, UK",
        "770001",
        "return requested",
        "Payment gift card 1 $20.00",
        "Refund Visa ending in 4242 $4.50",
        "Paid $20.00, refunded $4.50: left with the shop $15.50",
        "Return items",
    ):
        assert expected in text


def test_the_history_says_who_and_why_and_leads_to_the_conversation(desk, known):
    conversation = Conversation.objects.create(account_id=account_of(), title="Please cancel my lamp")
    turn = Turn.objects.create(conversation=conversation)
    action = Action.objects.create(
        id=f"{turn.pk}:call_1",
        turn=turn,
        tool="cancel_pending_order",
        arguments={"order_id": "#W1"},
        preview={"title": "Cancel order #W1"},
        digest="d",
        approver="customer",
        status="applied",
    )
    act(action.pk)
    response = desk.get(page_of())
    text = shown(response)
    assert "the agent" in text
    assert "Order #W1 is cancelled" in text
    assert "Status: pending cancelled" in text
    assert "the shop's system" in text.replace("&#x27;", "'")
    assert "Cancel order #W1 Applied" in text
    html = response.content.decode()
    links = re.findall(r'href="([^"]*/admin/chat/[^"]*|/admin/chat/[^"]*)"', html)
    assert {"Please cancel my lamp"} <= set(re.findall(r">([^<>]+)</a>", html))
    assert {desk.get(link).status_code for link in links} == {200}
    assert reverse("admin:chat_conversation_change", args=[conversation.pk]) in links


def test_conversations_of_others_about_the_same_number_are_not_shown(desk, known, bob):
    turn = Turn.objects.create(conversation=Conversation.objects.create(account=bob.account, title="Bob asks"))
    fields = {"tool": "cancel_pending_order", "digest": "d", "approver": "customer"}
    Action.objects.create(id=f"{turn.pk}:c", turn=turn, arguments={"order_id": "#W1"}, **fields)
    with attributed(actor="agent", turn_id=str(turn.pk)):
        site_store().keep([PutOp(namespaces.orders(account_of()), "#W1", {**kept_order(), "version": 2})])
    assert "Bob asks" not in shown(desk.get(page_of()))


def test_what_a_customer_wrote_is_text_and_never_markup(desk, known):
    known.order(order("#W2", address={**ADDRESS, "address1": "<script>alert(1)</script>"}))
    html = desk.get(page_of("#W2")).content.decode()
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


# Who may


def test_readers_see_the_order_and_are_offered_no_correction(client, known, rita):
    client.force_login(rita)
    assert "Cancel" not in shown(client.get(page_of()))
    for method in (client.get, client.post):
        assert method(form_of("staff_override")).status_code == 403
    assert client.post(page_of(), {"key_text": "#W2"}).status_code == 403
    assert kept_order()["version"] == 1


def test_staff_who_may_not_read_conversations_are_not_shown_their_titles(client, known, rita):
    turn = Turn.objects.create(conversation=Conversation.objects.create(account_id=account_of(), title="Private"))
    act(f"{turn.pk}:c")
    client.force_login(rita)
    assert "Private" in shown(client.get(page_of()))
    rita.user_permissions.remove(*rita.user_permissions.filter(codename="view_conversation"))
    assert "Private" not in shown(client.get(page_of()))


@pytest.mark.parametrize("who", ["alice", None])
def test_customers_and_strangers_see_and_change_nothing(client, known, who, request):
    if who:
        client.force_login(request.getfixturevalue(who))
    for url in (
        LIST,
        page_of(),
        form_of("staff_override"),
        "/admin/orders/webhookdelivery/",
        "/admin/orders/shoptoken/",
    ):
        response = client.get(url)
        assert response.status_code in (302, 403)
        assert b"Quay" not in response.content


# Corrections by the rules


def test_a_correction_by_a_rule_is_previewed_applied_and_on_record(desk, known, sam):
    url = form_of("cancel_pending_order")
    data = {"version": 1, "reason": "rang us up", "cancel_reason": "ordered by mistake"}
    assert "Refund $20.00 to gift card 1, at once" in shown(desk.post(url, data))
    assert kept_order()["status"] == "pending", "a preview changes nothing"
    assert "Order #W1 is cancelled." in shown(desk.post(url, {**data, "apply": "1"}, follow=True))
    assert kept_order()["status"] == "cancelled"
    assert kept_profile()["payment_methods"]["gift_card_1"]["balance"] == "70.00"
    changes = RecordChange.objects.filter(actor=f"staff:{sam.pk}")
    assert {(change.record.kind, change.reason) for change in changes} == {
        ("orders", "rang us up"),
        ("profile", "rang us up"),
    }
    entry = kept_order()["changes"][0]
    assert entry["tool"] == "cancel_pending_order"
    assert entry["action"].startswith("staff:")
    assert "sam@example.com Changed rang us up" in shown(desk.get(page_of()))
    assert "rang us up" in shown(desk.get(page_of().replace("change", "history")))


@pytest.mark.parametrize(
    ("tool", "before", "fields", "expected"),
    [
        ("modify_pending_order_address", "pending", {"zip": "BA9"}, {"address": {**ADDRESS, "zip": "BA9"}}),
        ("modify_pending_order_items", "pending", {"item_0": "i2"}, {"status": "pending (item modified)"}),
        ("return_delivered_order_items", "delivered", {"items": ["0"]}, {"return_items": ["i1"]}),
        ("exchange_delivered_order_items", "delivered", {"item_0": "i2"}, {"exchange_new_items": ["i2"]}),
        ("modify_pending_order_payment", "pending", {"payment_method_id": "credit_card_1"}, {"status": "pending"}),
    ],
)
def test_every_rule_can_be_applied_by_staff(desk, known, tool, before, fields, expected):
    known.order(order("#W2", status=before))
    fields = {"payment_method_id": "gift_card_1", **fields} if "address" not in tool else fields
    response = correct(desk, tool, "#W2", **fields)
    assert response.redirect_chain, errors(response)
    now = kept_order("#W2")
    assert {name: now[name] for name in expected} == expected
    assert now["changes"][0]["tool"] == tool


def test_a_return_counts_an_item_that_is_there_twice(desk, known):
    known.order(order("#W2", status="delivered", items=order()["items"] * 2))
    correct(desk, "return_delivered_order_items", "#W2", items=["0", "1"], payment_method_id="gift_card_1")
    assert kept_order("#W2")["return_items"] == ["i1", "i1"]


def test_what_the_rules_forbid_is_refused_with_their_reason(desk, known):
    known.order(order("#W2", status="delivered"))
    response = correct(desk, "cancel_pending_order", "#W2", cancel_reason="ordered by mistake")
    assert "has been delivered, so it cannot be cancelled" in errors(response)
    assert kept_order("#W2")["version"] == 1


def test_only_corrections_that_fit_the_status_are_offered(desk, known):
    known.order(order("#W2", status="delivered"))
    offers = {
        key: set(re.findall(r"/correct/(\w+)/", desk.get(page_of(key)).content.decode())) for key in ("#W1", "#W2")
    }
    assert "cancel_pending_order" in offers["#W1"]
    assert "cancel_pending_order" not in offers["#W2"]
    assert "return_delivered_order_items" in offers["#W2"] - offers["#W1"]
    assert "staff_override" in offers["#W1"] & offers["#W2"]


def test_a_correction_needs_a_reason(desk, known):
    response = correct(desk, "cancel_pending_order", cancel_reason="ordered by mistake", reason=" ")
    assert response.context["form"].errors["reason"]
    assert kept_order()["version"] == 1


def test_an_unknown_correction_or_order_is_not_found(desk, known):
    assert desk.get(form_of("modify_profile_address")).status_code == 404
    assert desk.get(f"{LIST}999999/correct/staff_override/").status_code == 404


# The override


def test_an_override_sets_what_the_rules_would_not_and_says_so(desk, known):
    known.order(order("#W2", status="cancelled", fulfillments=[PARCEL]))
    fields = {"status": "processed", "zip": "BA7", "tracking_0": "770001, 770002"}
    response = correct(desk, "staff_override", "#W2", **fields)
    assert "was corrected by staff" in shown(response)
    now = kept_order("#W2")
    assert (now["status"], now["address"]["zip"]) == ("processed", "BA7")
    assert now["fulfillments"] == [{**PARCEL, "tracking_id": ["770001", "770002"]}]
    assert now["payment_history"] == [{**order()["payment_history"][0], "amount": "20.00"}]
    (entry,) = now["changes"]
    assert entry["tool"] == "staff_override"
    assert {line["label"] for line in entry["receipt"]["lines"]} == {"Status", "Address", "Tracking"}
    assert entry["receipt"]["lines"][0]["value"] == "cancelled → processed"
    assert "rang us up" not in str(now), "the reason is for colleagues"


def test_an_override_can_add_a_parcel(desk, known):
    correct(desk, "staff_override", tracking_0="770009")
    assert kept_order()["fulfillments"] == [{"tracking_id": ["770009"], "item_ids": ["i1"]}]


def test_an_override_that_changes_nothing_or_breaks_the_order_is_refused(desk, known):
    assert "Nothing would be different" in errors(correct(desk, "staff_override"))
    assert correct(desk, "staff_override", status="lost").context["form"].errors["status"]
    assert correct(desk, "staff_override", city="").context["form"].errors["city"]
    assert kept_order()["version"] == 1


def test_the_shop_is_told_of_a_correction(desk, known, receiver):
    correct(desk, "staff_override", status="processed")
    assert delivery.deliver_due() == 1
    assert b'"staff_override"' in receiver.requests[0][2]
    assert b"rang us up" not in receiver.requests[0][2]


# At the same time


@pytest.mark.parametrize("moment", ["before the preview", "before it is applied"])
def test_what_somebody_else_changed_meanwhile_is_not_written_over(desk, known, moment):
    url = form_of("staff_override")
    data = {**desk.get(url).context["form"].initial, "reason": "rang us up", "status": "delivered", "tracking_0": ""}
    if moment == "before it is applied":
        assert desk.post(url, data).context["preview"]
        data["apply"] = "1"
    act()
    response = desk.post(url, data)
    assert "Somebody changed this order while you were at it (last: the agent," in errors(response)
    assert kept_order()["status"] == "cancelled"
    assert kept_order()["version"] == 2


def test_a_click_that_comes_twice_corrects_once(desk, known):
    url = form_of("cancel_pending_order")
    data = {"version": 1, "reason": "rang us up", "cancel_reason": "ordered by mistake", "apply": "1"}
    assert desk.post(url, data).status_code == 302
    assert "Somebody changed this order" in errors(desk.post(url, data))
    assert kept_profile()["payment_methods"]["gift_card_1"]["balance"] == "70.00"


# Tokens and deliveries


def test_a_token_is_shown_once_and_lets_the_shop_in(desk, shop):
    made = desk.post("/admin/orders/shoptoken/add/", {"name": "warehouse", "is_active": "on"})
    assert "no-store" in made["Cache-Control"]
    (token,) = re.findall(r"<code>(shop_[\w-]{43})</code>", made.content.decode())
    assert ShopSystem(token).product().status_code == 200
    row = ShopToken.objects.get(name="warehouse")
    again = desk.get(f"/admin/orders/shoptoken/{row.pk}/change/").content.decode()
    assert token not in again
    assert row.digest not in again
    assert token not in str(desk.cookies)
    desk.post(f"/admin/orders/shoptoken/{row.pk}/change/", {"name": "warehouse"})
    assert ShopSystem(token).product().status_code == 403


def test_readers_can_neither_make_tokens_nor_send_again(client, known, receiver, rita):
    act()
    WebhookDelivery.objects.update(status="dead")
    client.force_login(rita)
    assert client.post("/admin/orders/shoptoken/add/", {"name": "mine"}).status_code == 403
    chosen = {"action": "resend", "_selected_action": [WebhookDelivery.objects.get().pk]}
    client.post("/admin/orders/webhookdelivery/", chosen)
    assert WebhookDelivery.objects.get().status == "dead"


def test_staff_see_what_was_given_up_and_send_it_again(desk, known, receiver):
    act()
    WebhookDelivery.objects.update(status="dead", last_error="answered 500")
    listed = shown(desk.get("/admin/orders/webhookdelivery/", {"status__exact": "dead"}))
    assert "cancel_pending_order #W1" in listed
    assert "answered 500" in listed
    row = WebhookDelivery.objects.get()
    assert "gift_card_1" in shown(desk.get(f"/admin/orders/webhookdelivery/{row.pk}/change/"))
    chosen = {"action": "resend", "_selected_action": [row.pk]}
    assert "1 will be sent within seconds" in shown(desk.post("/admin/orders/webhookdelivery/", chosen, follow=True))
    assert delivery.deliver_due() == 1
    assert WebhookDelivery.objects.get().status == "delivered"
