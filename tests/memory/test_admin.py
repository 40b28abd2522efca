"""Staff see every record of the store, readable; nobody else sees any."""

import pytest
from django.urls import reverse

from agents.attribution import attributed
from support_site.memory.models import Record, StoreEvent, Tombstone

pytestmark = pytest.mark.django_db

LIST = "admin:memory_record_changelist"


@pytest.fixture
def filled(store, a, b):
    with attributed(actor="agent", turn_id="t1"):
        store.put(a.memories, "m1", {"text": "likes <b>green</b> tea", "status": "active", "superseded_by": None})
    store.put(b.memories, "m2", {"text": "keeps bees", "status": "quarantined"})
    order = {"status": "pending", "version": 1, "items": [{"name": "Rain Jacket", "price": "134.90"}]}
    store.put(a.orders, "#W1", order)
    with attributed(actor="import", reason="imported from shop.json"):
        store.put(a.orders, "#W1", {**order, "status": "processed", "version": 2})
    store.put(("shop", "help"), "returns", {"title": "Returns", "body": "Within a month."})
    return store


def page(client, user, url, **query):
    client.force_login(user)
    return client.get(url, query)


@pytest.mark.parametrize("who", ["sam", "rita"])
def test_staff_see_the_records_of_all_accounts_newest_first(client, filled, who, request):
    response = page(client, request.getfixturevalue(who), reverse(LIST))
    assert response.status_code == 200
    text = response.content.decode()
    positions = [text.index(word) for word in ("Returns", "Rain Jacket", "keeps bees", "tea")]
    assert positions == sorted(positions)
    assert "<b>green</b>" not in text
    assert "&lt;b&gt;green&lt;/b&gt;" in text


@pytest.mark.parametrize("who", ["alice", None])
@pytest.mark.parametrize("model", ["record", "storeevent", "tombstone"])
def test_customers_and_strangers_see_none_of_it(client, filled, who, model, request):
    if who:
        client.force_login(request.getfixturevalue(who))
    response = client.get(reverse(f"admin:memory_{model}_changelist"))
    assert response.status_code in (302, 403)
    assert b"tea" not in response.content


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"kind": "orders"}, {"Rain Jacket"}),
        ({"status": "quarantined"}, {"keeps bees"}),
        ({"q": "bees"}, {"keeps bees"}),
        ({"q": "#W1"}, {"Rain Jacket"}),
        ({"q": "Bob Tanaka"}, {"keeps bees"}),
    ],
)
def test_records_are_filtered_and_searched(client, sam, filled, query, found):
    text = page(client, sam, reverse(LIST), **query).content.decode()
    table = text[text.index('id="result_list"') :]
    assert {words for words in ("Rain Jacket", "keeps bees", "green", "Returns") if words in table} == found


def test_the_page_of_an_account_links_to_its_records_only(client, sam, alice, filled):
    text = page(client, sam, reverse(LIST), account__id__exact=str(alice.account_id)).content.decode()
    table = text[text.index('id="result_list"') :]
    assert "Rain Jacket" in table
    assert "keeps bees" not in table


def test_the_list_takes_a_fixed_number_of_queries(client, sam, filled, store, a, django_assert_max_num_queries):
    for number in range(40):
        store.put(a.memories, f"n{number}", {"text": f"note {number}"})
    client.force_login(sam)
    with django_assert_max_num_queries(9):
        client.get(reverse(LIST))


@pytest.mark.parametrize("who", ["sam", "rita"])
def test_a_record_is_shown_in_words_with_its_history(client, filled, who, request):
    record = Record.objects.get(kind="orders")
    response = page(client, request.getfixturevalue(who), reverse("admin:memory_record_change", args=[record.pk]))
    text = response.content.decode()
    assert "<dt>Items</dt><dd><ol><li><dl><dt>Name</dt><dd>Rain Jacket</dd>" in text
    assert "<li>Status: <del>pending</del> <ins>processed</ins></li>" in text
    assert "imported from shop.json" in text
    assert "Show as JSON" in text
    assert 'name="_save"' not in text


def test_nobody_adds_changes_or_deletes_records_past_the_store(client, sam, filled):
    client.force_login(sam)
    record = Record.objects.first()
    assert client.get(reverse("admin:memory_record_add")).status_code == 403
    assert client.post(reverse("admin:memory_record_delete", args=[record.pk]), {"post": "yes"}).status_code == 403
    assert (
        client.post(reverse("admin:memory_record_change", args=[record.pk]), {"status": "deleted"}).status_code == 403
    )
    delete = {"action": "delete_selected", "_selected_action": [record.pk], "post": "yes"}
    client.post(reverse(LIST), delete)
    assert Record.objects.filter(pk=record.pk).exists()


@pytest.mark.parametrize("model", [StoreEvent, Tombstone])
def test_what_happened_to_the_store_is_listed(client, rita, model):
    StoreEvent.objects.create(kind="broken", text="The index was torn.")
    Tombstone.objects.create(scope="accounts.x", reason="asked by mail")
    text = page(client, rita, reverse(f"admin:memory_{model.__name__.lower()}_changelist")).content.decode()
    assert ("The index was torn." in text) or ("asked by mail" in text)


def reads_of(account):
    return [(read.reader.email, read.what) for read in account.record_reads.order_by("id")]


def test_who_opens_a_record_or_a_list_that_shows_it_is_on_record_once(client, rita, alice, bob, filled):
    record = Record.objects.get(kind="orders")
    for _ in range(2):
        page(client, rita, reverse("admin:memory_record_change", args=[record.pk]))
        page(client, rita, reverse(LIST), q="tea")
    assert reads_of(alice.account) == [(rita.email, "order #W1"), (rita.email, "list of memories")]
    assert reads_of(bob.account) == []


def test_staff_see_who_looked_and_nobody_changes_it(client, sam, rita, filled):
    page(client, rita, reverse(LIST))
    text = page(client, sam, reverse("admin:memory_recordread_changelist")).content.decode()
    assert "rita@example.com" in text[text.index('id="result_list"') :]
    assert client.get(reverse("admin:memory_recordread_add")).status_code == 403


def test_the_account_that_is_chosen_is_offered_though_others_were_written_to_since(
    client, sam, bob, filled, monkeypatch
):
    monkeypatch.setattr("support_site.memory.admin.RECENT_ACCOUNTS", 1)
    text = page(client, sam, reverse(LIST), account__id__exact=str(bob.account_id)).content.decode()
    assert "Bob Tanaka</a>" in text[text.index('id="changelist-filter"') :]
    assert page(client, sam, reverse(LIST), account__id__exact="x").status_code == 302
