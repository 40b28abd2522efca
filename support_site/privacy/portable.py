"""Rows of an account as plain data that another site can take in: no counters of this site, no names of its staff."""

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db.models import AutoField, BinaryField, Field, ForeignKey, Model

from support_site.accounts.models import Account, User
from support_site.memory.models import Record, Scope
from support_site.privacy.rooms import EXPORTED
from support_site.privacy.rows import rows_of

Row = dict[str, Any]
Rows = list[Row]

_AS_TEXT = (date, Decimal, uuid.UUID)


def portable_account(account: Account) -> Row:
    fields = [field for field in Account._meta.concrete_fields if field.name != "is_synthetic"]
    return {field.name: plain(field, account) for field in fields}


def portable_rows(account_id: uuid.UUID, label: str) -> Rows:
    """Every row of the room, in the order in which it can be taken in."""
    fields = fields_of(apps.get_model(label), EXPORTED[label])
    links = [field.name for field in fields if isinstance(field, ForeignKey)]
    found = rows_of(account_id, label).select_related(*links) if links else rows_of(account_id, label)
    return [{field.name: plain(field, row) for field in fields} for row in found.iterator(chunk_size=500)]


def fields_of(model: type[Model], left_out: frozenset[str]) -> "list[Field[Any, Any]]":
    """The fields that travel: not the number of a row, not what follows from the account, nothing but data."""
    travels = [field for field in model._meta.concrete_fields if field.name not in left_out]
    return [field for field in travels if not (isinstance(field, AutoField | BinaryField) or _follows(field))]


def plain(field: "Field[Any, Any]", row: Model) -> Any:
    """The field's value as JSON has it; a user by e-mail address, and staff as nobody."""
    if isinstance(field, ForeignKey) and field.related_model is User:
        user = getattr(row, field.name)
        return user.email if user and user.account_id else None
    if isinstance(field, ForeignKey) and field.related_model is Record:
        return getattr(row, field.name).address
    value = field.value_from_object(row)
    return field.value_to_string(row) if isinstance(value, _AS_TEXT) else value


def _follows(field: "Field[Any, Any]") -> bool:
    return isinstance(field, ForeignKey) and field.related_model in (Account, Scope)
