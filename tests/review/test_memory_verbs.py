"""What staff do with memories: for a reason, on record, to be undone."""

import uuid
from datetime import UTC, datetime

import pytest

from support_site.memory.models import RecordChange
from support_site.review import services
from support_site.review.changing import NotDone
from support_site.review.models import Memory
from support_site.review.undoing import undo
from tests.review.memories import found, remembered

pytestmark = pytest.mark.django_db


def newest_change(memory):
    return RecordChange.objects.filter(record=memory.pk).first()


def undone(memory, sam):
    undo(newest_change(memory), by=sam, reason="a slip")
    return Memory.objects.get(pk=memory.pk)


@pytest.fixture
def memory(alice):
    return remembered(alice, "likes green tea", status="needs_review")


VERBS = {
    "approve": (services.approve, {}, {"status": "active"}),
    "quarantine": (services.quarantine, {}, {"status": "quarantined"}),
    "expire": (
        services.expire,
        {"until": datetime(2031, 1, 1, tzinfo=UTC)},
        {"expires": "2031-01-01T00:00:00.000+00:00"},
    ),
}


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_changes_the_memory_on_record_and_is_undone(memory, sam, name):
    verb, arguments, expected = VERBS[name]
    before = memory.value
    assert verb([memory.pk], by=sam, reason="looked at it", **arguments) == 1
    changed = Memory.objects.get(pk=memory.pk)
    assert expected.items() <= changed.value.items()
    assert changed.reviewed_at is not None
    change = newest_change(memory)
    assert (change.actor, change.reason) == (f"staff:{sam.pk}", "looked at it")
    assert undone(memory, sam).value == before
    assert newest_change(memory).reason == "a slip"


def test_an_edit_makes_staff_vouch_for_the_words_and_is_undone(memory, sam):
    edit = {"kind": "preference", "by": sam, "reason": "misheard"}
    services.edit(memory.pk, text=" likes  black tea ", seen=memory.digest, **edit)
    value = Memory.objects.get(pk=memory.pk).value
    assert (value["text"], value["kind"], value["trust"], value["status"]) == (
        "likes black tea",
        "preference",
        "staff",
        "active",
    )
    assert undone(memory, sam).value["text"] == "likes green tea"


def test_nobody_writes_over_what_they_have_not_read(memory, sam):
    edit = {"kind": "fact", "by": sam, "reason": "misheard"}
    services.edit(memory.pk, text="likes black tea", seen=memory.digest, **edit)
    with pytest.raises(NotDone, match="changed meanwhile"):
        services.edit(memory.pk, text="likes white tea", seen=memory.digest, **edit)
    assert Memory.objects.get(pk=memory.pk).value["text"] == "likes black tea"


def test_a_deleted_memory_gives_back_what_it_had_superseded_and_undoing_takes_it_again(alice, sam):
    new = remembered(alice, "lives in Lyon", key="new")
    old = remembered(alice, "lives in Paris", key="old", superseded_by="new")
    services.delete([new.pk], by=sam, reason="never said")
    assert (found(alice, "new").status, found(alice, "old").status) == ("deleted", "active")
    undo(newest_change(new), by=sam, reason="it was said")
    assert (found(alice, "new").status, found(alice, "old").status) == ("active", "superseded")
    assert found(alice, "old").value == old.value


def test_a_merge_has_the_least_trust_and_time_of_its_parts_and_is_undone_as_one(alice, sam):
    first = remembered(alice, "has a dog", trust="staff", about="pet", expires="2031-01-01T00:00:00.000+00:00")
    second = remembered(alice, "the dog is called Rex", trust="inferred", about="pet", confidence=0.5)
    seen = {each.pk: each.digest for each in (first, second)}
    key = services.merge(seen, text="has a dog called Rex", by=sam, reason="the same dog")
    merged = found(alice, key)
    assert (merged.trust, merged.value["confidence"], merged.value["about"]) == ("inferred", 0.5, "pet")
    assert merged.value["expires"] == "2031-01-01T00:00:00.000+00:00"
    assert {found(alice, each.key).value["superseded_by"] for each in (first, second)} == {key}
    undo(newest_change(first), by=sam, reason="two dogs")
    assert found(alice, key).status == "deleted"
    assert {found(alice, each.key).status for each in (first, second)} == {"active"}


@pytest.mark.parametrize("whose", ["bob", "nobody"])
def test_memories_of_two_customers_are_never_merged(alice, bob, sam, whose):
    parts = [remembered(alice, "has a dog"), *([remembered(bob, "has a cat")] if whose == "bob" else [])]
    with pytest.raises(NotDone, match="two or more memories of one account"):
        services.merge({each.pk: each.digest for each in parts}, text="has pets", by=sam, reason="pets")
    assert Memory.objects.count() == len(parts)


def test_staff_add_a_memory_once_a_form_and_it_supersedes_what_it_contradicts(alice, sam):
    old = remembered(alice, "The customer's name is Al.", kind="name", about="name")
    added = {"kind": "name", "until": None, "form_id": uuid.uuid4(), "by": sam, "reason": "by telephone"}
    keys = {services.add(alice.account_id, text="The customer's name is Alice.", **added) for _ in range(2)}
    memory = found(alice, keys.pop())
    assert (memory.trust, memory.status, keys) == ("staff", "active", set())
    assert memory.value["source"] == {"staff": str(sam.pk)}
    assert found(alice, old.key).value["superseded_by"] == memory.key
    undo(newest_change(memory), by=sam, reason="wrong customer")
    assert (found(alice, memory.key).status, found(alice, old.key).status) == ("deleted", "active")


WORD = {"kind": "name", "about": "name", "status": "needs_review", "contradicts": "staffs"}


@pytest.fixture
def doubted(alice):
    """What staff vouch for, and the customer's word against it."""
    staffs = remembered(alice, "The customer's name is Al.", key="staffs", kind="name", about="name", trust="staff")
    return staffs, remembered(alice, "The customer's name is Alice.", key="word", **WORD)


def statuses(user):
    return {key: found(user, key).status for key in ("staffs", "word")}


def test_an_approved_word_takes_the_place_of_what_it_contradicts_and_is_undone_as_one(alice, sam, doubted):
    services.approve([doubted[1].pk], by=sam, reason="asked the customer")
    assert statuses(alice) == {"staffs": "superseded", "word": "active"}
    assert found(alice, "word").value["contradicts"] is None
    undo(newest_change(doubted[1]), by=sam, reason="it was a joke")
    assert statuses(alice) == {"staffs": "active", "word": "needs_review"}


def test_an_edited_word_takes_the_place_of_what_it_contradicts(alice, sam, doubted):
    word = doubted[1]
    services.edit(word.pk, text="The customer's name is Ali.", kind="name", seen=word.digest, by=sam, reason="asked")
    assert statuses(alice) == {"staffs": "superseded", "word": "active"}
    assert found(alice, "word").trust == "staff"


@pytest.mark.parametrize("verb", [services.quarantine, services.delete])
def test_a_refused_word_leaves_what_it_contradicts_as_it_was(alice, sam, doubted, verb):
    verb([doubted[1].pk], by=sam, reason="a joke")
    assert statuses(alice)["staffs"] == "active"


def test_of_two_words_approved_together_the_newer_one_is_recalled(alice, sam, doubted):
    later = remembered(alice, "The customer's name is Lis.", key="later", **WORD)
    services.approve([doubted[1].pk, later.pk], by=sam, reason="asked")
    assert statuses(alice) == {"staffs": "superseded", "word": "superseded"}
    assert found(alice, "later").status == "active"


def test_a_word_that_was_replaced_meanwhile_takes_no_place_when_it_is_approved(alice, sam, doubted):
    word = remembered(alice, str(doubted[1]), key="word", **WORD, superseded_by="staffs")
    services.approve([word.pk], by=sam, reason="looked at it")
    assert statuses(alice) == {"staffs": "active", "word": "superseded"}


def test_a_card_number_is_not_kept_by_hand_either(alice, memory, sam):
    with pytest.raises(NotDone):
        services.edit(
            memory.pk, text="pays with 4111 1111 1111 1111", kind="fact", seen=memory.digest, by=sam, reason="x"
        )
    assert Memory.objects.get(pk=memory.pk).value == memory.value


def test_no_reason_no_change(memory, sam):
    with pytest.raises(NotDone, match="Say why"):
        services.approve([memory.pk], by=sam, reason="  ")
    assert Memory.objects.get(pk=memory.pk).status == "needs_review"


def test_a_change_is_not_undone_after_a_newer_one(memory, sam):
    services.approve([memory.pk], by=sam, reason="fine")
    change = newest_change(memory)
    services.quarantine([memory.pk], by=sam, reason="not fine")
    with pytest.raises(NotDone, match="changed again since"):
        undo(change, by=sam, reason="a slip")
    assert Memory.objects.get(pk=memory.pk).status == "quarantined"


def test_what_was_not_kept_cannot_be_put_back(memory, sam, settings):
    settings.LEDGER_KEEPS_OLD_VALUES = False
    services.quarantine([memory.pk], by=sam, reason="not fine")
    with pytest.raises(NotDone, match="was not kept"):
        undo(newest_change(memory), by=sam, reason="a slip")
    assert Memory.objects.get(pk=memory.pk).status == "quarantined"


def test_what_the_customer_forgot_stays_forgotten(alice, sam, memory):
    from support_site.memory import customers

    customers.forget(alice.account_id, memory.key)
    with pytest.raises(NotDone):
        undo(newest_change(memory), by=sam, reason="a pity")
    assert Memory.objects.get(pk=memory.pk).value is None


def test_one_of_many_is_undone_by_itself(alice, sam):
    some = [remembered(alice, f"note {number}") for number in range(3)]
    assert services.quarantine([each.pk for each in some], by=sam, reason="noise") == 3
    undone(some[1], sam)
    assert [Memory.objects.get(pk=each.pk).status for each in some] == ["quarantined", "active", "quarantined"]
