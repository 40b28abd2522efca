"""Taking in an account that another site exported: the same rows under the same ids, and nothing twice."""

import json
import zipfile
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.apps import apps
from django.db import models, transaction

from agents import namespaces
from support_site.accounts.models import Account, User
from support_site.chat.models import Turn
from support_site.memory.drafts import scope_of
from support_site.memory.facets import facets_of
from support_site.memory.models import Record, Scope, Tombstone
from support_site.privacy.exporting import DATA, FORMAT, VERSION
from support_site.privacy.portable import Row, fields_of
from support_site.privacy.rooms import EXPORTED
from support_site.privacy.rows import from_the_leaves

M = TypeVar("M", bound=models.Model)

#: What this site counts itself: the first write of everything.
FIRST_REVISION = 1


class NotTakenIn(Exception):
    """The archive cannot be taken in; ``str()`` says why. Nothing was written."""


def read(path: Path) -> dict[str, Any]:
    """The data of an archive. Raises NotTakenIn."""
    try:
        with zipfile.ZipFile(path) as archive:
            data: dict[str, Any] = json.loads(archive.read(DATA))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise NotTakenIn(f"{path} is not an archive of an account: {error}") from error
    return data


@transaction.atomic
def take_in(data: dict[str, Any]) -> Account:
    """Write the account, all or nothing. Its records wait for Chroma; its users get new passwords by mail.

    Raises NotTakenIn: another format, an account that is here or was erased here, an e-mail address that is taken.
    """
    if data.get("format") != FORMAT or data.get("version") != VERSION:
        raise NotTakenIn(f"Not {FORMAT}, version {VERSION}.")
    scope = scope_of(namespaces.account(data["account"]["id"]))
    _require_room(data, scope)
    account = _row(Account, data["account"], {})
    account.save_base(raw=True, force_insert=True)
    Scope.objects.create(name=scope, account=account, revision=FIRST_REVISION)
    for label in reversed(from_the_leaves()):
        if label in EXPORTED:
            _take_in_room(label, data["rooms"][label], account, scope)
    return account


def _require_room(data: dict[str, Any], scope: str) -> None:
    if Tombstone.objects.filter(scope=scope, address="").exists():
        raise NotTakenIn("This account was erased here, and may not come back.")
    emails = [user["email"] for user in data["rooms"]["accounts.User"]]
    is_here = Account.objects.filter(pk=UUID(data["account"]["id"])).exists()
    if is_here or User.objects.filter(email__in=emails).exists():
        raise NotTakenIn("This account, or somebody with one of its e-mail addresses, is here already.")


def _take_in_room(label: str, found: list[Row], account: Account, scope: str) -> None:
    model = apps.get_model(label)
    given = _given(model, account, scope)
    for row in found:
        made = _row(model, row, given)
        if isinstance(made, User):
            made.set_unusable_password()
        if isinstance(made, Turn) and made.status not in Turn.FINISHED:
            made.status = Turn.Status.FAILED  # whoever worked on it, it was not here
        if isinstance(made, Record):
            made.search_text = facets_of(made.kind, made.value_text)["search_text"]
        # Raw: as it was, with the times of then (auto_now would write today's).
        made.save_base(raw=True, force_insert=True)


def _given(model: type[models.Model], account: Account, scope: str) -> dict[str, Any]:
    """What every row of the model gets from this site."""
    ours = {"account": account, "scope_id": scope, "revision": FIRST_REVISION, "in_store": False}
    names = {name for field in model._meta.concrete_fields for name in (field.name, field.attname)}
    return {name: value for name, value in ours.items() if name in names}


def _row(model: type[M], row: Row, given: dict[str, Any]) -> M:
    """The row, unsaved. Times and numbers that JSON holds as text become what they were."""
    fields = {field.name: field for field in fields_of(model, EXPORTED.get(model._meta.label, frozenset()))}
    values = {fields[name].attname: _value(fields[name], value) for name, value in row.items() if name in fields}
    return model(**values, **given)


def _value(field: "models.Field[Any, Any]", value: Any) -> Any:
    if value is not None and isinstance(field, models.ForeignKey):
        if field.related_model is User:
            return User.objects.values_list("pk", flat=True).get(email=value)
        if field.related_model is Record:
            return Record.objects.values_list("pk", flat=True).get(address=value)
    return value if isinstance(field, models.JSONField) else field.to_python(value)
