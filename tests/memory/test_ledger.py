"""What the ledger promises of every write and read."""

import pytest
from langgraph.store.base import GetOp, InvalidNamespaceError, PutOp, SearchOp, validate_op_namespace

from agents.attribution import attributed
from agents.ops import Put
from agents.store import StaleRecord, StoreUnavailable
from support_site.memory.errors import OutsideWalls, UnknownAccount
from support_site.memory.keeping import Ledger
from support_site.memory.models import Record, RecordChange, Scope

pytestmark = pytest.mark.django_db


def order(version, status="pending"):
    return {"order_id": "#W1", "status": status, "version": version, "changes": []}


def test_what_was_put_is_got_and_found(store, a):
    store.put(a.memories, "m1", {"text": "likes green tea"})
    assert store.get(a.memories, "m1").value == {"text": "likes green tea"}
    assert [item.key for item in store.search(a.account, query="green tea")] == ["m1"]
    assert store.search(a.memories)[0].key == "m1"


def test_a_write_is_on_record_with_who_why_and_what_was_there(store, a):
    store.put(a.memories, "m1", {"text": "likes tea"})
    with attributed(actor="agent", reason="corrected", turn_id="t1"):
        store.put(a.memories, "m1", {"text": "likes coffee"})
    newest, oldest = RecordChange.objects.all()
    assert (newest.kind, newest.actor, newest.reason, newest.turn_id) == ("changed", "agent", "corrected", "t1")
    assert newest.before_text == oldest.after_text == '{"text":"likes tea"}'
    assert newest.after_text == '{"text":"likes coffee"}'
    assert (oldest.kind, oldest.actor, oldest.before_text) == ("created", "system", None)


def test_old_values_are_not_kept_where_the_site_must_not(store, a, settings):
    settings.LEDGER_KEEPS_OLD_VALUES = False
    store.put(a.memories, "m1", {"text": "one"})
    store.put(a.memories, "m1", {"text": "two"})
    assert list(RecordChange.objects.values_list("before_text", "after_text")) == [(None, None), (None, None)]
    assert store.get(a.memories, "m1").value == {"text": "two"}


def test_a_put_that_changes_nothing_writes_nothing(store, a, django_assert_num_queries):
    store.put(a.memories, "m1", {"text": "tea", "kind": "fact"})
    before = (Scope.objects.get().revision, Record.objects.get().updated_at)
    with django_assert_num_queries(1):
        store.put(a.memories, "m1", {"kind": "fact", "text": "tea"})
    assert (Scope.objects.get().revision, Record.objects.get().updated_at) == before
    assert RecordChange.objects.count() == 1


def test_a_deleted_record_is_gone_for_the_agent_and_kept_as_a_card(store, a):
    store.put(a.memories, "m1", {"text": "tea"})
    store.delete(a.memories, "m1")
    assert store.get(a.memories, "m1") is None
    assert store.search(a.account) == []
    assert list(RecordChange.objects.values_list("kind", flat=True)) == ["deleted", "created"]
    card = Record.objects.get()
    assert (card.status, card.value) == ("deleted", None)
    store.put(a.memories, "m1", {"text": "again"})
    assert store.get(a.memories, "m1").value == {"text": "again"}


def test_deleting_what_is_not_there_leaves_no_trace(store, a):
    store.delete(a.memories, "nothing")
    assert not Record.objects.exists()


def test_a_version_is_written_only_over_the_one_before_it(store, a):
    store.put(a.orders, "#W1", order(1))
    store.put(a.orders, "#W1", order(2, "processed"))
    for version in (1, 2, 4):
        with pytest.raises(StaleRecord, match="version 2 is stored"):
            store.put(a.orders, "#W1", order(version, "cancelled"))
    with pytest.raises(StaleRecord, match="none is stored"):
        store.put(a.orders, "#W2", order(2))
    assert store.get(a.orders, "#W1").value["status"] == "processed"


@pytest.mark.parametrize("version", [None, 0, "1", 1.0, True])
def test_an_order_without_a_version_is_refused(store, a, version):
    with pytest.raises(ValueError, match="version"):
        store.put(a.orders, "#W1", {"status": "pending", "version": version})


def test_puts_of_one_batch_are_kept_all_or_none(store, a):
    store.put(a.orders, "#W1", order(1))
    profile = PutOp(a.profile, "profile", {"name": "Alice", "version": 1})
    with pytest.raises(StaleRecord):
        store.batch([profile, PutOp(a.orders, "#W1", order(3))])
    assert store.get(a.profile, "profile") is None
    store.batch([profile, PutOp(a.orders, "#W1", order(2))])
    assert store.get(a.profile, "profile").value["name"] == "Alice"
    assert store.get(a.orders, "#W1").value["version"] == 2


def test_reads_of_a_batch_see_what_was_before_it_and_the_last_put_counts(store, a):
    results = store.batch(
        [
            PutOp(a.memories, "m1", {"text": "one"}),
            GetOp(a.memories, "m1"),
            PutOp(a.memories, "m1", {"text": "two"}),
            SearchOp(a.account),
        ]
    )
    assert results == [None, None, None, []]
    assert store.get(a.memories, "m1").value == {"text": "two"}
    assert RecordChange.objects.count() == 1


def test_a_foreign_account_is_never_read(store, a, b):
    store.put(a.memories, "m1", {"text": "alice keeps bees"})
    store.put(b.memories, "m1", {"text": "bob keeps bees"})
    for _ in range(2):  # from Chroma, then from memory
        assert [item.value["text"] for item in store.search(b.account, query="bees")] == ["bob keeps bees"]
        assert store.get(b.memories, "m1").value["text"] == "bob keeps bees"
        assert store.get(b.orders, "m1") is None


@pytest.mark.parametrize(
    "read",
    [
        lambda store: store.search(()),
        lambda store: store.search(("accounts",)),
        lambda store: store.search(("somewhere", "else")),
        lambda store: store.list_namespaces(),
        lambda store: store.list_namespaces(prefix=("accounts", "*")),
        lambda store: store.list_namespaces(suffix=("memories",)),
        lambda store: store.get(("accounts",), "x"),
    ],
)
def test_what_could_reach_everybody_is_for_staff_tools_only(store, a, read):
    store.put(a.memories, "m1", {"text": "tea"})
    with pytest.raises(OutsideWalls):
        read(store)
    read(store.over_all_accounts())
    with pytest.raises(OutsideWalls):
        read(store)


def test_staff_tools_see_all_accounts(store, a, b):
    store.put(a.memories, "m1", {"text": "tea"})
    store.put(b.memories, "m2", {"text": "coffee"})
    everybody = store.over_all_accounts()
    assert {item.key for item in everybody.search(("accounts",), query="tea")} == {"m1", "m2"}
    assert everybody.list_namespaces() == sorted([a.memories, b.memories])
    assert store.list_namespaces(prefix=a.account) == [a.memories]


@pytest.mark.parametrize("account", ["00000000-0000-4000-8000-000000000000", "nobody"])
def test_nothing_is_written_for_an_account_that_does_not_exist(store, db, account):
    with pytest.raises(UnknownAccount):
        store.put(("accounts", account, "memories"), "m1", {"text": "x"})
    assert not Record.objects.exists()


def test_odd_keys_and_values_survive(store, a):
    value = {
        "text": "nul \0, emoji 🍵, half \ud800",
        "big": 10**30,
        "float": 0.1,
        "none": None,
        "deep": [{"x": [1, {}]}],
    }
    for key in ["", "..", "#W1", 'quote " and \\', "nul \0", "日本語", "x" * 5000]:
        store.put(a.memories, key, value)
        assert store.get(a.memories, key).value == value
        assert Record.objects.order_by("-id")[0].key == key


@pytest.mark.parametrize(("key", "value"), [("\udfff", {}), ("k", {"x": object()}), ("k", {"x": {1, 2}})])
def test_what_cannot_be_stored_is_refused_before_anything_is_written(store, a, key, value):
    with pytest.raises(ValueError, match=r"surrogate|not JSON"):
        store.put(a.memories, key, value)
    assert not Record.objects.exists()


def test_times_are_the_ledgers_and_created_at_stays(store, a):
    store.put(a.memories, "m1", {"text": "one"})
    first = store.get(a.memories, "m1")
    store.put(a.memories, "m1", {"text": "two"})
    second = store.get(a.memories, "m1")
    assert second.created_at == first.created_at < second.updated_at
    assert Record.objects.get().updated_at == second.updated_at


def test_values_handed_out_are_copies(store, a):
    store.put(a.memories, "m1", {"text": "tea", "tags": ["x"]})
    for _ in range(2):
        store.search(a.account)[0].value["tags"].append("spoiled")
        assert store.get(a.memories, "m1").value["tags"] == ["x"]


def test_the_embedder_is_asked_once_for_a_value(store, a, letters):
    store.put(a.memories, "m1", {"text": "tea"})
    assert store.search(a.account, query="tea")
    asked = letters.asked
    store.put(a.memories, "m1", {"text": "tea"})
    store.search(a.account)
    assert letters.asked == asked


def test_later_reads_of_an_unchanged_account_do_not_ask_chroma(store, a, chroma):
    store.put(a.memories, "m1", {"text": "tea"})
    store.search(a.account)
    chroma.fails = "before"
    assert store.search(a.account, query="tea")[0].key == "m1"
    assert store.get(a.memories, "m1").value == {"text": "tea"}
    store.put(a.memories, "m1", {"text": "coffee"})
    with pytest.raises(StoreUnavailable):
        store.get(a.memories, "m1")
    chroma.fails = ""
    assert store.get(a.memories, "m1").value == {"text": "coffee"}


def test_a_memory_is_found_by_what_its_value_says(store, a):
    conversation = "6f1c0b9e-0000-4000-8000-000000000001"
    value = {"text": "likes tea", "kind": "preference", "trust": "customer", "status": "needs_review"}
    value |= {"source": {"conversation": conversation}, "expires": "2026-12-01T00:00:00.000+00:00"}
    store.put(a.memories, "m1", value)
    card = Record.objects.get(key_text="m1")
    assert (card.memory_kind, card.trust, card.status) == ("preference", "customer", "needs_review")
    assert str(card.conversation_id) == conversation
    assert card.recalled_until.isoformat() == "2026-12-01T00:00:00+00:00"
    store.delete(a.memories, "m1")
    assert (Record.objects.get(key_text="m1").trust, Record.objects.get(key_text="m1").conversation_id) == ("", None)


@pytest.mark.parametrize(
    "odd", [{"kind": ["x"], "trust": 7}, {"source": "staff", "expires": "soon"}, {"source": {"conversation": 5}}]
)
def test_a_value_of_another_shape_is_kept_all_the_same(store, a, odd):
    store.put(a.memories, "m1", odd)
    card = Record.objects.get(key_text="m1")
    assert (card.memory_kind, card.trust, card.conversation_id, card.recalled_until) == ("", "", None, None)


@pytest.mark.parametrize("label", ["fine", "", "two.labels", "with\0nul", 7, None, b"bytes"])
def test_the_ledger_alone_refuses_the_labels_that_langgraph_refuses(a, label):
    """It has its own check, because a web process that keeps a record has no LangGraph."""
    put = Put((*a.account, label), "k", {"text": "tea"})
    try:
        validate_op_namespace(put.op())
    except InvalidNamespaceError:
        with pytest.raises(ValueError, match="label"):
            Ledger().keep([put])
    else:
        assert Ledger().keep([put]) == 1
