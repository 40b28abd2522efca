"""What an account, and whoever is behind one address, may use of the model: so many tokens, and money, a day.

A turn reserves its share when it is queued, so that any number of sockets together stay within the day, and gives back
what it did not need when it ends. A turn that has begun is answered to its end, also where it needs more than it
reserved: to cut it would cost what it took and bring the customer nothing.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from support_site.accounts.models import Account
from support_site.chat.counting import count_tokens
from support_site.chat.models import Reservation, Spending, Turn
from support_site.chat.prices import cost
from support_site.chat.sentences import Limited

#: A turn takes about so long; when one of too many has ended, the next may come.
A_TURN_SECONDS = 10.0
KEEP_ADDRESSES = timedelta(days=2)
KEEP_DAYS = timedelta(days=35)


def reserve(turn: Turn, address: str) -> None:
    """Reserve for a turn that is being queued, in its transaction. Raises Limited: too_many_turns, spent_today."""
    whose = _whose(turn.conversation.account_id, address)
    # The account's row first, as everybody does, so that nobody waits for somebody who waits for them.
    spent = {place: _row(**one) for place, one in enumerate(whose) if _is_limited(place)}
    if spent:
        held = _held(turn.conversation.account_id, address)  # only now: who waited sees what was reserved before
        for place, spending in spent.items():
            _check_room(place, spending, held[place])
    _hold(turn, address=address)


def take_up(turn: Turn) -> None:
    """Reserve for an attempt that begins, unasked: the turn has been let in.

    What a dead attempt had reserved is booked as used, because nobody knows how much of it was.
    """
    is_held = Reservation.objects.filter(turn=turn, tokens__gt=0).exists()
    if is_held and turn.attempt == 1:  # nearly always: one look, and no transaction before the first word
        return
    with transaction.atomic():
        if is_held:
            book_lost(turn)
        _hold(turn)


def book(turn: Turn, *, input_tokens: int, output_tokens: int) -> None:
    """Book what an attempt used, and give back the rest of what it had reserved. In the transaction that ends it."""
    _book(turn, input_tokens + output_tokens, cost(input_tokens, output_tokens))


@transaction.atomic
def spend(account: Account, *, input_tokens: int, output_tokens: int) -> None:
    """Book what was used beside replies; nothing had been reserved for it."""
    _spend(account.pk, "", input_tokens + output_tokens, cost(input_tokens, output_tokens))
    transaction.on_commit(partial(count_tokens, input_tokens, output_tokens), robust=True)


def is_spent(account_id: UUID) -> bool:
    """Whether the account has used up its day, so that what can wait has to."""
    used = Spending.objects.filter(account=account_id, day=_today()).first()
    if used is None:
        return False
    return 0 < settings.TOKENS_PER_DAY[0] <= used.tokens or 0 < settings.MONEY_PER_DAY[0] <= used.money


def book_lost(turn: Turn) -> None:
    """Book all that was reserved for an attempt that can no longer say what it used."""
    held = Reservation.objects.filter(turn=turn).first()
    if held:
        _book(turn, held.tokens, held.money)


def sweep() -> int:
    """Drop what is past and of no more use, hashes of addresses soonest; how many rows."""
    ended = Reservation.objects.filter(turn__finished_at__lt=timezone.now() - KEEP_ADDRESSES)
    of_addresses = Spending.objects.filter(account=None, day__lt=_today() - KEEP_ADDRESSES)
    of_accounts = Spending.objects.filter(day__lt=_today() - KEEP_DAYS)
    return sum(rows.delete()[0] for rows in (ended, of_addresses, of_accounts))


@dataclass
class Held:
    """What is reserved at the moment."""

    turns: int = 0
    tokens: int = 0
    money: Decimal = Decimal(0)


def _held(account_id: UUID, address: str) -> tuple[Held, Held]:
    """What the account has reserved, and the address. Added up here: to have the database do it, Django takes five
    times as long to put the statement together."""
    theirs = Q(turn__conversation__account=account_id) | (Q(address=address) if address else Q())
    open_turns = Reservation.objects.filter(turn__status__in=(Turn.Status.QUEUED, Turn.Status.RUNNING), tokens__gt=0)
    account, behind = Held(), Held()
    rows = open_turns.filter(theirs).values_list("turn__conversation__account", "address", "tokens", "money")
    for account_of_row, address_of_row, tokens, money in rows:
        for held, is_theirs in ((account, account_of_row == account_id), (behind, address_of_row == address)):
            if is_theirs:
                held.turns, held.tokens, held.money = held.turns + 1, held.tokens + tokens, held.money + money
    return account, behind


def _is_limited(place: int) -> bool:
    return any(most[place] for most in (settings.TURNS_AT_ONCE, settings.TOKENS_PER_DAY, settings.MONEY_PER_DAY))


def _whose(account_id: UUID, address: str) -> list[dict[str, Any]]:
    """Whose rows a turn counts for: the account's, and the address's if one is known."""
    return [{"account_id": account_id}, *([{"account": None, "address": address}] if address else [])]


def _row(**whose: Any) -> Spending:
    return Spending.objects.select_for_update().get_or_create(day=_today(), **whose)[0]


def _check_room(place: int, spending: Spending, held: Held) -> None:
    if 0 < settings.TURNS_AT_ONCE[place] <= held.turns:
        raise Limited("too_many_turns", retry_after=A_TURN_SECONDS)
    tokens = spending.tokens + held.tokens + settings.TOKENS_PER_TURN
    money = spending.money + held.money + _money_per_turn()
    if 0 < settings.TOKENS_PER_DAY[place] < tokens or 0 < settings.MONEY_PER_DAY[place] < money:
        raise Limited("spent_today", retry_after=_seconds_left_today())


def _hold(turn: Turn, **more: Any) -> None:
    reserved = {"tokens": settings.TOKENS_PER_TURN, "money": _money_per_turn(), **more}
    Reservation.objects.bulk_create(
        [Reservation(turn=turn, **reserved)], update_conflicts=True, unique_fields=["turn"], update_fields=[*reserved]
    )


def _book(turn: Turn, tokens: int, money: Decimal) -> None:
    held = Reservation.objects.filter(turn=turn)
    _spend(turn.conversation.account_id, held.values_list("address", flat=True).first() or "", tokens, money)
    held.update(tokens=0, money=0)


def _spend(account_id: UUID, address: str, tokens: int, money: Decimal) -> None:
    used = {"tokens": F("tokens") + tokens, "money": F("money") + money}
    for whose in _whose(account_id, address):
        if not Spending.objects.filter(day=_today(), **whose).update(**used):  # nothing was reserved today
            Spending.objects.filter(pk=_row(**whose).pk).update(**used)


def _money_per_turn() -> Decimal:
    """At the dearer of the two prices: how much will be read and how much written, nobody knows before."""
    return max(cost(settings.TOKENS_PER_TURN, 0), cost(0, settings.TOKENS_PER_TURN))


def _today() -> date:
    return datetime.now(UTC).date()


def _seconds_left_today() -> float:
    midnight = datetime.combine(_today() + timedelta(days=1), time(), UTC)
    return (midnight - datetime.now(UTC)).total_seconds()
