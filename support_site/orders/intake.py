"""What the shop's system says about one customer, order or product becomes the record, unless something newer is known.

Decision 0006 has the rule and why. An update is judged and written in one transaction, and updates of one thing wait
for one another. It is written to the ledger only: the store takes it over before it is read next.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from agents import namespaces, ops
from agents.attribution import attributed
from agents.namespaces import Namespace
from agents.shop.records import OWN_FIELDS, Record
from agents.store import StaleRecord
from support_site.accounts.access import account_of_shop_customer
from support_site.accounts.models import Account
from support_site.memory.errors import RecordErased
from support_site.memory.models import Record as Card
from support_site.orders.erased import REASON, erased_among
from support_site.orders.models import ShopUpdate, WebhookDelivery

if TYPE_CHECKING:
    from support_site.memory.keeping import Ledger

Outcome = Literal["created", "updated", "unchanged", "ignored_older"]

#: How often an update that lost a race against the agent is judged anew.
ATTEMPTS = 5
#: How far the shop's clock may be ahead of ours.
CLOCKS_DIFFER = timedelta(minutes=5)


class Refused(Exception):
    """The update was not taken, and nothing was changed. ``path`` is the place of the fault in the request."""

    def __init__(self, code: str, path: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.path, self.reason = code, path, reason


class Intake:
    """Takes updates in the name of one shop token. Every verb returns an Outcome and raises Refused."""

    def __init__(self, ledger: Ledger, *, source: str) -> None:
        self._ledger = ledger
        self._source = source

    def customer(self, profile: Record, updated_at: datetime) -> Outcome:
        """``profile`` is a new profile record; its orders are added to those that are on file."""
        return self._settled(lambda: self._customer(profile, updated_at), updated_at)

    def order(self, order: Record, updated_at: datetime) -> Outcome:
        """``order`` is a new order record; its customer must be on file, and it joins their list of orders."""
        return self._settled(lambda: self._order(order, updated_at), updated_at)

    def product(self, product: Record, updated_at: datetime) -> Outcome:
        """``product`` is a product record."""
        return self._settled(lambda: self._product(product, updated_at), updated_at)

    def _settled(self, take: Callable[[], Outcome], updated_at: datetime) -> Outcome:
        if updated_at > timezone.now() + CLOCKS_DIFFER:
            raise Refused("in_the_future", "updated_at", "lies in the future, and would hold back every later update")
        for _ in range(ATTEMPTS):
            try:
                with (
                    transaction.atomic(),
                    attributed(actor="shop", reason=f"update of {updated_at.isoformat()} from {self._source}"),
                ):
                    return take()
            except StaleRecord:
                continue
            except RecordErased:
                raise Refused("erased", "", "was erased at the customer's request and may not come back") from None
        raise Refused("busy", "", "is being changed by somebody else at this moment; send it again")

    def _customer(self, profile: Record, updated_at: datetime) -> Outcome:
        if erased_among([profile["user_id"]]):
            raise RecordErased(REASON)
        name = "{first_name} {last_name}".format(**profile["name"])
        account, _ = Account.objects.get_or_create(
            shop_customer_id=profile["user_id"], defaults={"name": name[: Account._meta.get_field("name").max_length]}
        )
        update = _update_of(ShopUpdate.Kind.CUSTOMER, profile["user_id"], account)
        kept = self._kept(namespaces.profile(str(account.pk)), namespaces.PROFILE_KEY)
        if kept is None or kept["email"].lower() != profile["email"].lower():
            _require_own_email(profile["email"], account)
        on_file = kept["orders"] if kept else []
        profile = {**profile, "orders": list(dict.fromkeys([*profile["orders"], *on_file]))}
        put = ops.Put(namespaces.profile(str(account.pk)), namespaces.PROFILE_KEY, profile)
        return self._take(put, kept, update, updated_at)

    def _order(self, order: Record, updated_at: datetime) -> Outcome:
        account, order_id = account_of_shop_customer(order["user_id"]), order["order_id"]
        if account is None:
            raise _unknown_customer()
        # Orders of one customer wait for one another, because a new one is added to the customer's list.
        _update_of(ShopUpdate.Kind.CUSTOMER, order["user_id"], account)
        update = _update_of(ShopUpdate.Kind.ORDER, order_id, account)
        put = ops.Put(namespaces.orders(str(account.pk)), order_id, order)
        kept = self._kept(put.namespace, order_id)
        if kept is None:
            _require_nobody_elses(order_id, account)
        outcome = self._take(put, kept, update, updated_at)
        if outcome == "created":
            self._list(order_id, account)
        return outcome

    def _list(self, order_id: str, account: Account) -> None:
        """Add a new order to the customer's, as the newest."""
        owner = namespaces.profile(str(account.pk))
        profile = self._kept(owner, namespaces.PROFILE_KEY)
        if profile is None:
            raise _unknown_customer()
        if order_id not in profile["orders"]:
            listed = {"orders": [*profile["orders"], order_id], "version": profile["version"] + 1}
            self._ledger.keep([ops.Put(owner, namespaces.PROFILE_KEY, {**profile, **listed})])

    def _product(self, product: Record, updated_at: datetime) -> Outcome:
        update = _update_of(ShopUpdate.Kind.PRODUCT, product["product_id"], None)
        put = ops.Put(namespaces.PRODUCTS, product["product_id"], product)
        return self._take(put, self._kept(put.namespace, put.key), update, updated_at)

    def _kept(self, namespace: Namespace, key: str) -> Record | None:
        return self._ledger.kept([(namespace, key)]).get((namespace, key))

    def _take(self, put: ops.Put, kept: Record | None, update: ShopUpdate, updated_at: datetime) -> Outcome:
        outcome = _judge(dict(put.value or {}), kept, update, updated_at)
        if outcome in ("created", "updated"):
            own = {"version": kept["version"] + 1, "changes": kept["changes"]} if kept and "version" in kept else {}
            self._ledger.keep([replace(put, value={**(put.value or {}), **own})])
        if outcome != "ignored_older":
            update.updated_at = max(updated_at, update.updated_at or updated_at)
            update.save()
        return outcome


def _judge(wanted: Record, kept: Record | None, update: ShopUpdate, updated_at: datetime) -> Outcome:
    """The rule of decision 0006."""
    if kept is not None and _shop_side(kept) == _shop_side(wanted):
        return "unchanged"
    if update.updated_at is not None and updated_at < update.updated_at:
        return "ignored_older"
    if kept is None:
        return "created"
    if updated_at == update.updated_at:
        raise Refused("same_time", "updated_at", "is that of another update, which said something else")
    if kept.get("changes") and updated_at <= _known_to_the_shop_at(kept["changes"]):
        return "ignored_older"
    return "updated"


def _known_to_the_shop_at(changes: list[dict[str, Any]]) -> datetime:
    """Since when the shop can know of all that was changed here. Raises Refused while it has not been told yet."""
    told = WebhookDelivery.objects.in_bulk([change["action"] for change in changes], field_name="action_id")
    if settings.SHOP_WEBHOOK_URL:
        untold = [each.action_id for each in told.values() if each.sent_at is None and each.status == "waiting"]
        if untold:
            waits = f"was changed here ({', '.join(untold)}), which the webhook has not told you yet"
            raise Refused("unseen_changes", "", f"{waits}; take that in and send it again")
    # Where nobody is told, the change's own time counts, which is kept to the second.
    return max(_sent_at(told.get(change["action"])) or _end_of_second(change["at"]) for change in changes)


def _sent_at(delivery: WebhookDelivery | None) -> datetime | None:
    return delivery.sent_at if delivery else None


def _end_of_second(at: str) -> datetime:
    return datetime.fromisoformat(at) + timedelta(seconds=1)


def _update_of(kind: ShopUpdate.Kind, shop_id: str, account: Account | None) -> ShopUpdate:
    """What is known of the shop's word about this; nobody else's update of it is judged until the transaction ends."""
    ShopUpdate.objects.get_or_create(kind=kind, shop_id=shop_id, defaults={"account": account})
    return ShopUpdate.objects.select_for_update().get(kind=kind, shop_id=shop_id)


def _shop_side(value: Record) -> Record:
    return {name: each for name, each in value.items() if name not in OWN_FIELDS}


def _unknown_customer() -> Refused:
    return Refused("unknown_customer", "order.user_id", "there is no such customer; send the customer first")


def _require_nobody_elses(order_id: str, account: Account) -> None:
    if Card.objects.live().filter(kind="orders", key_text=order_id).exclude(account=account).exists():
        raise Refused("other_customer", "order.user_id", f"the order {order_id} is another customer's")


def _require_own_email(email: str, account: Account) -> None:
    """Two customers with one address could not be told apart when one of them is given a sign-in."""
    written = json.dumps(email, ensure_ascii=False)
    similar = Card.objects.live().filter(kind="profile", value_text__icontains=written).exclude(account=account)
    if any((card.value or {}).get("email", "").lower() == email.lower() for card in similar.defer("vectors")):
        raise Refused("other_customer", "customer.email", "is the address of another customer")
