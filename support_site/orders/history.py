"""What was done to an order, by whom and why, in the words of the admin."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from agents.shop.records import OWN_FIELDS
from support_site.accounts.models import User
from support_site.memory import readable
from support_site.memory.models import RecordChange
from support_site.orders.models import Order
from support_site.orders.origins import Link

_NAMES = {
    "agent": "the agent",
    "customer": "the customer",
    "import": "an import",
    "shop": "the shop's system",
    "system": "the site",
}


@dataclass(frozen=True, kw_only=True)
class HistoryLine:
    at: datetime
    who: str
    kind: str
    reason: str
    #: HTML; empty for what was not there before.
    difference: SafeString | str
    conversation: Link | None


def history_of(changes: Iterable[RecordChange], conversations: dict[str, Link]) -> list[HistoryLine]:
    """One line for each change. Bookkeeping is left out of what differs: the line itself tells it."""
    changes = list(changes)
    names = names_of(change.actor for change in changes)
    return [
        HistoryLine(
            at=change.at,
            who=names[change.actor],
            kind=change.get_kind_display(),
            reason=change.reason,
            difference=readable.difference(_shop_side(change)) if change.before_text else "",
            conversation=conversations.get(change.turn_id),
        )
        for change in changes
    ]


def last_change(order: Order) -> str:
    """Who changed an order last and when: "sam@example.com, 1 March 2026, 09:30"."""
    change = RecordChange.objects.filter(record_id=order.pk).first()
    if change is None:
        return "nobody"
    return f"{names_of([change.actor])[change.actor]}, {change.at:%-d %B %Y, %H:%M} UTC"


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """The ledger's actors as staff know them; staff themselves by their address."""
    actors = set(actors)
    ids = {actor: actor.removeprefix("staff:") for actor in actors if actor.startswith("staff:")}
    staff = User.objects.in_bulk([int(pk) for pk in ids.values() if pk.isdecimal()])
    people = {actor: str(staff[int(pk)]) for actor, pk in ids.items() if pk.isdecimal() and int(pk) in staff}
    return {actor: people.get(actor) or _NAMES.get(actor, actor) for actor in actors}


def _shop_side(change: RecordChange) -> RecordChange:
    before, after = _without_own(change.before_text), _without_own(change.after_text)
    return RecordChange(kind=change.kind, before_text=before, after_text=after)


def _without_own(text: str | None) -> str | None:
    if text is None:
        return None
    return json.dumps({name: each for name, each in json.loads(text).items() if name not in OWN_FIELDS})
