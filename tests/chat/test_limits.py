"""Limits: nobody gets more than their share, whoever is refused learns until when, and nothing is lost."""

import threading
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connections
from django.test import Client
from prometheus_client import REGISTRY

from agents.runner import Drained
from support_site.chat import budgets, limits, recovery, turns
from support_site.chat.addresses import address_of
from support_site.chat.models import Conversation, Message, Reservation, Spending, Turn
from support_site.chat.sentences import HANDED_OFF, SENTENCES, Limited
from support_site.threads import in_thread
from tests.chat.scripted import ScriptedAgent, proposes, says
from tests.chat.sockets import Socket, session_of

pytestmark = pytest.mark.django_db(transaction=True)

HOME = "a-hash"


@pytest.fixture(autouse=True)
def nobody_has_written_before():
    limits.forget()
    yield
    limits.forget()


def elsewhere(user):
    return Conversation.objects.create(account=user.account)


def send(conversation, user, *, address="", client_id=None):
    return turns.accept(conversation, client_id=client_id or uuid.uuid4(), text="Hi", user=user, address=address)


def tokens_of(**whose):
    spending = Spending.objects.filter(**whose).first()
    return spending.tokens if spending else 0


def reserved():
    open_turns = Reservation.objects.filter(turn__status__in=("queued", "running"))
    return sum(each.tokens for each in open_turns)


# --- How often, and how many at once


def test_who_writes_too_fast_is_refused_and_told_for_how_long(conversation, alice, settings):
    settings.MESSAGES_PER_MINUTE = [2, 0]
    send(conversation, alice)
    send(conversation, alice)
    with pytest.raises(Limited) as refused:
        send(conversation, alice)
    assert refused.value.why == "too_fast"
    assert 1 <= refused.value.retry_after <= 60
    assert Message.objects.count() == 2


def test_the_same_message_sent_again_is_never_too_fast(conversation, alice, settings):
    settings.MESSAGES_PER_MINUTE = [1, 1]
    client_id = uuid.uuid4()
    statuses = {send(conversation, alice, client_id=client_id, address=HOME).status for _ in range(5)}
    assert statuses == {"accepted", "duplicate"}


def test_accounts_behind_one_address_share_its_pace(conversation, alice, bob, settings):
    settings.MESSAGES_PER_MINUTE = [0, 1]
    send(conversation, alice, address=HOME)
    send(elsewhere(bob), bob, address="another")
    with pytest.raises(Limited):
        send(elsewhere(bob), bob, address=HOME)


def test_with_redis_down_messages_are_taken_uncounted(conversation, alice, settings):
    settings.MESSAGES_PER_MINUTE, settings.REDIS_URL = [1, 1], "redis://127.0.0.1:9/0"
    assert [send(conversation, alice).status for _ in range(2)] == ["accepted", "accepted"]


def test_so_many_turns_at_once_and_no_more(conversation, alice, settings):
    settings.TURNS_AT_ONCE = [2, 0]
    send(conversation, alice)
    turn = send(elsewhere(alice), alice).turn
    with pytest.raises(Limited) as refused:
        send(elsewhere(alice), alice)
    assert refused.value.why == "too_many_turns"
    turns.stop(turn.conversation, turn.pk)
    assert send(elsewhere(alice), alice).turn


def test_a_message_that_joins_a_waiting_turn_needs_no_other(conversation, alice, settings):
    settings.TURNS_AT_ONCE = [1, 1]
    assert send(conversation, alice).turn == send(conversation, alice).turn


# --- What a day has


def test_what_is_reserved_by_others_is_not_there_to_be_used(conversation, alice, settings):
    settings.TOKENS_PER_DAY, settings.TOKENS_PER_TURN = [100, 0], 50
    send(conversation, alice)
    send(elsewhere(alice), alice)
    with pytest.raises(Limited) as refused:
        send(elsewhere(alice), alice)
    assert refused.value.why == "spent_today"
    assert 1 <= refused.value.retry_after <= 86_400
    assert Turn.objects.count() == 2


def test_where_nothing_is_limited_nobody_waits_for_the_days_row(conversation, alice, settings):
    settings.TURNS_AT_ONCE = settings.TOKENS_PER_DAY = settings.MONEY_PER_DAY = [0, 0]
    turn = send(conversation, alice, address=HOME).turn
    assert not Spending.objects.exists()
    assert turn.reservation.tokens


def test_money_is_counted_by_the_price_list(conversation, alice, settings):
    settings.MODEL_INPUT_PRICE, settings.MODEL_OUTPUT_PRICE = Decimal(1), Decimal(2)
    settings.MONEY_PER_DAY, settings.TOKENS_PER_TURN = [1, 0], 500_000
    send(conversation, alice)
    with pytest.raises(Limited):
        send(elsewhere(alice), alice)


def test_twenty_sockets_at_once_together_stay_within_the_day(alice, settings):
    settings.TOKENS_PER_DAY, settings.TOKENS_PER_TURN = [0, 250], 50
    conversations = [elsewhere(alice) for _ in range(20)]
    taken, gate = [], threading.Barrier(20)

    def write(conversation):
        gate.wait()
        try:
            taken.append(send(conversation, alice, address=HOME).turn.pk)
        except Limited:
            pass
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write, args=(each,)) for each in conversations]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(taken) == 5
    assert reserved() == 250


def test_at_the_end_what_was_used_is_booked_and_the_rest_given_back(conversation, alice, answer, settings):
    settings.TOKENS_PER_TURN = 500
    turn = send(conversation, alice, address=HOME).turn
    assert answer(turn, ScriptedAgent(says("Hello there"))) == "done"
    turn.refresh_from_db()
    assert tokens_of(account=alice.account) == tokens_of(address=HOME) == turn.input_tokens + turn.output_tokens == 12
    assert reserved() == 0


def test_a_failed_answer_is_booked_too(say, alice, answer):
    assert answer(say(), ScriptedAgent([*says("Let me"), ValueError()])) == "failed"
    assert tokens_of(account=alice.account) == 12


def test_a_turn_that_waits_for_a_click_holds_nothing_back(say, alice, answer):
    turn = say()
    assert answer(turn, ScriptedAgent([*says("I can cancel it."), *proposes(turn)])) == "waiting"
    assert tokens_of(account=alice.account) == 14
    assert reserved() == 0


def test_of_a_killed_attempt_all_that_was_reserved_is_booked(say, alice, answer, settings):
    settings.TOKENS_PER_TURN = 500
    turn = say()
    Turn.objects.filter(pk=turn.pk).update(status="running", attempt=1, lease_until=turn.created_at)
    assert answer(turn, ScriptedAgent(says("Hello there"))) == "done"
    assert tokens_of(account=alice.account) == 512


def test_a_turn_that_is_given_up_books_what_it_had_reserved(say, alice, settings):
    settings.TOKENS_PER_TURN = 500
    turn = say()
    long_ago = turn.created_at - timedelta(hours=1)
    Turn.objects.filter(pk=turn.pk).update(status="running", attempt=3, lease_until=long_ago)
    recovery.recover()
    assert tokens_of(account=alice.account) == 500


def test_an_attempt_that_is_handed_over_books_what_it_used(say, alice, answer, settings):
    settings.TOKENS_PER_TURN = 500
    turn = say()
    assert answer(turn, ScriptedAgent([*says("One moment"), Drained()])) is None
    turn.refresh_from_db()
    assert (tokens_of(account=alice.account), turn.input_tokens) == (12, 10)
    answer(turn, ScriptedAgent(says("Hello")))
    assert tokens_of(account=alice.account) == 23


def test_trying_again_takes_its_share_too(say, conversation, alice, answer, settings):
    settings.TOKENS_PER_DAY, settings.TOKENS_PER_TURN = [60, 0], 50
    turn = say()
    answer(turn, ScriptedAgent([*says("Let me"), ValueError()]))
    with pytest.raises(Limited):
        turns.retry(conversation, turn.pk)
    turn.refresh_from_db()
    assert turn.status == "failed"


def test_a_person_may_be_written_to_when_the_day_is_spent(conversation, alice, settings):
    settings.TOKENS_PER_DAY = [1, 0]
    Conversation.objects.filter(pk=conversation.pk).update(needs_person=True)
    assert send(conversation, alice).status == "accepted"


def test_who_has_used_up_the_day_can_ask_for_a_person_and_write_to_them(client, conversation, alice, settings):
    settings.TOKENS_PER_DAY = [1, 0]
    client.force_login(alice)
    with pytest.raises(Limited):
        send(conversation, alice)
    assert client.post(f"/conversations/{conversation.pk}/person/").status_code == 302
    assert client.post(f"/conversations/{conversation.pk}/person/").status_code == 302
    send(conversation, alice)
    said = conversation.messages.order_by("position")
    assert list(said.values_list("role", "text")) == [("system", HANDED_OFF), ("customer", "Hi")]


def test_nobody_calls_a_person_into_the_conversation_of_another_or_without_end(
    client, conversation, alice, bob, settings
):
    settings.MESSAGES_PER_MINUTE = [1, 0]
    client.force_login(bob)
    assert client.post(f"/conversations/{conversation.pk}/person/").status_code == 404
    client.force_login(alice)
    answers = [client.post(f"/conversations/{conversation.pk}/person/").status_code for _ in range(2)]
    assert answers == [302, 429]


def test_what_is_past_is_swept(conversation, alice, answer):
    answer(send(conversation, alice).turn, ScriptedAgent(says("Hello")))
    Spending.objects.update(day=Spending.objects.get().day - budgets.KEEP_DAYS - timedelta(days=1))
    assert budgets.sweep() == 1


def test_the_hash_of_an_address_is_kept_for_two_days_only(conversation, alice, answer):
    turn = send(conversation, alice, address=HOME).turn
    answer(turn, ScriptedAgent(says("Hello")))
    Spending.objects.update(day=Spending.objects.first().day - timedelta(days=3))
    Turn.objects.update(finished_at=turn.created_at - timedelta(days=3))
    budgets.sweep()
    assert list(Spending.objects.values_list("address", flat=True)) == [""]
    assert not Reservation.objects.exists()


# --- Whose address it is


def scope(client="203.0.113.9", *forwarded):
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"client": (client, 4711), "headers": headers}


def test_without_proxies_nobody_can_make_an_address_up():
    assert address_of(scope("203.0.113.9", "198.51.100.1")) == address_of(scope("203.0.113.9")) != ""


def test_behind_proxies_the_outermost_of_ours_is_believed(settings):
    settings.TRUSTED_PROXIES = 2
    behind = address_of(scope("10.0.0.1", "198.51.100.66, 203.0.113.9, 10.0.0.2"))
    settings.TRUSTED_PROXIES = 0
    assert behind == address_of(scope("203.0.113.9"))


def test_a_network_of_ipv6_is_one_address():
    assert address_of(scope("2001:db8:1:2::3")) == address_of(scope("2001:db8:1:2:ffff::1"))
    assert address_of(scope("2001:db8:1:2::3")) != address_of(scope("2001:db8:1:3::3"))


def test_an_address_is_not_kept_as_it_is():
    assert "203.0.113.9" not in address_of(scope())
    assert address_of(scope("testclient")) == address_of({"client": None, "headers": []}) == ""


# --- On the socket


async def test_a_page_learns_what_was_refused_why_and_for_how_long(conversation, alice, settings):
    settings.MESSAGES_PER_MINUTE = [1, 0]
    socket = Socket(conversation, await in_thread(session_of)(alice))
    await socket.connect()
    await socket.hello()
    for _ in range(2):
        await socket.say("message.send", id=str(uuid.uuid4()), text="Hi")
    refused = await socket.until("error")
    assert REGISTRY.get_sample_value("support_refused_total", {"limit": "too_fast"}) >= 1
    assert (refused["code"], refused["message"], refused["retryable"]) == ("limited", SENTENCES["too_fast"], True)
    assert 1 <= refused["retry_after"] <= 60
    assert await in_thread(Message.objects.count)() == 1
    await socket.disconnect()


async def test_too_many_pages_from_one_address_are_turned_away(conversation, alice, bob, settings):
    settings.OPEN_SOCKETS = [0, 1]
    bobs = await in_thread(elsewhere)(bob)
    sockets = [Socket(conversation, await in_thread(session_of)(alice)), Socket(bobs, await in_thread(session_of)(bob))]
    for socket in sockets:
        socket.scope["client"] = ("203.0.113.9", 4711)
    await sockets[0].connect()
    await sockets[0].hello()
    await sockets[1].connect()
    assert await sockets[1].close_code() == 4409
    await sockets[0].disconnect()


def test_staff_see_what_an_account_used_today_and_no_addresses(conversation, alice, rita, answer):
    answer(send(conversation, alice, address=HOME).turn, ScriptedAgent(says("Hello there")))
    client = Client()
    client.force_login(rita)
    shown = client.get("/admin/chat/spending/").content.decode()
    assert "Alice Moreau" in shown
    assert HOME not in shown
    assert client.get("/admin/chat/spending/add/").status_code == 403
