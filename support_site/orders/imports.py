"""The shop's file into the store: all of it or nothing, and as often as one likes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from langgraph.store.base import PutOp

from agents import namespaces
from agents.attribution import attributed
from agents.namespaces import Namespace
from agents.shop.records import OWN_FIELDS
from support_site.accounts.models import Account
from support_site.memory.ledger import LedgerStore
from support_site.orders.erased import REASON, erased_among
from support_site.orders.shop_file import Shop, Value

Address = tuple[Namespace, str]


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A record of the file that was not written over what is kept, and why."""

    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"


@dataclass(kw_only=True)
class Imported:
    """What an import did. Counts are of records (orders, profiles, products)."""

    accounts_made: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def did_nothing(self) -> bool:
        return not (self.accounts_made or self.created or self.changed)


def import_shop(store: LedgerStore, shop: Shop, *, name: str) -> Imported:
    """Keep the shop in the ledger in one transaction; ``store.reconcile`` then brings it to Chroma.

    ``name`` (of the file) is written down with each change. Raises StaleRecord, with nothing written, when
    somebody changed one of the records in between.
    """
    imported = Imported()
    with transaction.atomic(), attributed(actor="import", reason=f"imported from {name}"):
        accounts = _accounts_of(shop, imported)
        wanted = _wanted(shop, accounts)
        kept = store.kept(wanted)
        puts = [put for address, value in wanted.items() if (put := _put(address, value, kept.get(address), imported))]
        store.keep(puts)
    return imported


def _accounts_of(shop: Shop, imported: Imported) -> dict[str, Account]:
    """One account for each customer who was not erased, by the shop's id of them; made where there is none yet."""
    accounts = Account.objects.in_bulk(list(shop.profiles), field_name="shop_customer_id")
    erased = erased_among(shop.profiles.keys() - accounts.keys())
    imported.skipped += [Skipped(what=f"customer {user_id}", reason=REASON) for user_id in sorted(erased)]
    missing = shop.profiles.keys() - accounts.keys() - erased
    made = [
        Account(shop_customer_id=user_id, name="{first_name} {last_name}".format(**shop.profiles[user_id]["name"]))
        for user_id in shop.profiles
        if user_id in missing
    ]
    imported.accounts_made = len(made)
    return accounts | {account.shop_customer_id: account for account in Account.objects.bulk_create(made)}


def _wanted(shop: Shop, accounts: Mapping[str, Account]) -> dict[Address, Value]:
    ids = {user_id: str(account.pk) for user_id, account in accounts.items()}
    wanted: dict[Address, Value] = {(namespaces.PRODUCTS, key): value for key, value in shop.products.items()}
    for user_id, profile in shop.profiles.items():
        if user_id in ids:
            wanted[namespaces.profile(ids[user_id]), namespaces.PROFILE_KEY] = profile
    for order_id, order in shop.orders.items():
        if order["user_id"] in ids:
            wanted[namespaces.orders(ids[order["user_id"]]), order_id] = order
    return wanted


def _put(address: Address, value: Value, kept: Value | None, imported: Imported) -> PutOp | None:
    """The write that makes the record what the file says, if one is needed and allowed; counts it."""
    namespace, key = address
    if kept is None:
        imported.created += 1
        return PutOp(namespace, key, value)
    if _shop_side(kept) == _shop_side(value):
        imported.unchanged += 1
        return None
    if kept.get("changes"):
        imported.skipped.append(_skipped(namespace, key, kept["changes"]))
        return None
    imported.changed += 1
    return PutOp(namespace, key, {**value, "version": kept["version"] + 1} if "version" in kept else value)


def _shop_side(value: Value) -> Value:
    return {name: each for name, each in value.items() if name not in OWN_FIELDS}


def _skipped(namespace: Namespace, key: str, changes: list[dict[str, Any]]) -> Skipped:
    last = changes[-1]
    what = f"order {key}" if namespace[-1] == "orders" else f"{namespace[-1]} of account {namespace[1]}"
    return Skipped(what=what, reason=f"changed here since it was imported ({last['tool']}, {last['at'][:10]})")
