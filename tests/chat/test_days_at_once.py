"""Whatever comes at once of several accounts behind one address: nobody's day is overshot, nor is any of it lost."""

import uuid
from functools import partial

import pytest

from support_site.accounts.models import User
from support_site.chat import endings, leases, turns
from support_site.chat.models import Conversation, Reservation, Spending
from support_site.chat.sentences import Limited
from tests.chat.test_accept import at_once

pytestmark = pytest.mark.django_db(transaction=True)

A_TURN, OF_ACCOUNT, OF_ADDRESS = 50, 600, 1500


@pytest.fixture
def users(alice, bob, settings):
    settings.TOKENS_PER_TURN, settings.TOKENS_PER_DAY = A_TURN, [OF_ACCOUNT, OF_ADDRESS]
    settings.TURNS_AT_ONCE, settings.MESSAGES_PER_MINUTE = [0, 0], [0, 0]
    return [alice, bob, User.objects.create_user("carol@example.com", "demo-password", name="Carol Diaz")]


def sends(users, of_each):
    """As many messages of each of them, each in a conversation of its own: to be called at once."""
    conversations = [Conversation.objects.create(account=user.account) for user in users * of_each]
    return [partial(send, *written) for written in zip(users * of_each, conversations, strict=True)]


def send(user, conversation):
    return turns.accept(conversation, client_id=uuid.uuid4(), text="Hi", user=user, address="home").turn


def ends(begun):
    """The end of each turn, which used all it had reserved: so what is taken of a day never becomes less."""
    used = endings.Tally(input_tokens=A_TURN - 20, output_tokens=20)
    end = partial(endings.finish, status="done", tally=used, last_seq=0, model="test-model")
    return [partial(end, leases.claim(turn.pk)) for turn in begun]


def all_at_once(calls):
    waiting = iter(calls)
    results = at_once(lambda: next(waiting)(), times=len(calls))
    assert len(results) == len(calls), "one of them failed, or waits for another one"
    return [result for result in results if not isinstance(result, Limited)]


def test_messages_and_ends_of_turns_at_once_fill_the_day_of_an_address_and_no_more(users):
    begun = all_at_once(sends(users, 6))  # nobody has a row of the day yet
    assert len(begun) == 18
    room = (OF_ADDRESS - 18 * A_TURN) // A_TURN
    assert len(all_at_once([*ends(begun), *sends(users, 10)])) == len(begun) + room
    spent = dict(Spending.objects.values_list("account", "tokens"))
    assert spent == {None: 18 * A_TURN, **{user.account_id: 6 * A_TURN for user in users}}
    assert sum(Reservation.objects.values_list("tokens", flat=True)) == room * A_TURN


def test_messages_and_ends_of_turns_at_once_fill_the_day_of_an_account_and_no_more(users, settings):
    settings.TOKENS_PER_DAY = [OF_ACCOUNT, 0]
    begun = all_at_once(sends(users[:2], 8))
    room = 2 * (OF_ACCOUNT // A_TURN - 8)
    assert len(all_at_once([*ends(begun), *sends(users[:2], 10)])) == len(begun) + room
    for user in users[:2]:
        held = Reservation.objects.filter(turn__conversation__account=user.account_id)
        assert sum(held.values_list("tokens", flat=True)) == OF_ACCOUNT - 8 * A_TURN
