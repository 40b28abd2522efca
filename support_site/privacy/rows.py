"""The SQL rows of one account, found by the paths that ``rooms`` names: counted, walked and deleted."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Model, QuerySet

from support_site.accounts.models import Account, User
from support_site.privacy.rooms import ROOMS

#: Databases limit the parameters of one statement.
CHUNK = 500


def rows_of(account_id: UUID, label: str) -> QuerySet[Model]:
    """The rows of one room, in the order of their keys."""
    return apps.get_model(label)._default_manager.filter(**{ROOMS[label]: account_id}).order_by("pk")


def from_the_leaves() -> list[str]:
    """The rooms in an order in which they can be emptied: what points at something goes before it."""
    return sorted(ROOMS, key=lambda label: (-ROOMS[label].count("__"), label == "accounts.User", label))


def count(account_id: UUID) -> dict[str, int]:
    """{room: rows}, only where there are any; with the e-mail addresses and the account itself."""
    found = {label: rows_of(account_id, label).count() for label in ROOMS}
    found["account.EmailAddress"] = addresses(account_id).count()
    found["accounts.Account"] = Account.objects.filter(pk=account_id).count()
    return {label: rows for label, rows in found.items() if rows}


@transaction.atomic
def delete(account_id: UUID) -> None:
    """Every row of the account and the account itself, all or none. What the store keeps must be gone already."""
    addresses(account_id).delete()
    for label in from_the_leaves():
        rows_of(account_id, label).delete()
    Account.objects.filter(pk=account_id).delete()


def addresses(account_id: UUID) -> QuerySet[EmailAddress]:
    return EmailAddress.objects.filter(user__account=account_id)


def mentions_of_account(account_id: UUID) -> list[int]:
    """Ids of the admin's log entries about anything of the account, and of those that its users made."""
    found = mentions([Account.objects.filter(pk=account_id), *(rows_of(account_id, label) for label in ROOMS)])
    return sorted({*found, *LogEntry.objects.filter(user__account=account_id).values_list("pk", flat=True)})


def mentions(querysets: Iterable[QuerySet[Any]]) -> list[int]:
    """Ids of the admin's log entries about these rows: each quotes a name, a title, an address or a reason."""
    found: list[int] = []
    for rows in querysets:
        types = [ContentType.objects.get_for_model(each, for_concrete_model=False) for each in _faces_of(rows.model)]
        logged = list(LogEntry.objects.filter(content_type__in=types).values_list("pk", "object_id"))
        for start in range(0, len(logged), CHUNK):
            found += _about(rows, logged[start : start + CHUNK])
    return found


def forget_mentions(entries: Sequence[int]) -> None:
    for start in range(0, len(entries), CHUNK):
        LogEntry.objects.filter(pk__in=entries[start : start + CHUNK]).delete()


def sessions(users: Iterable[User]) -> list[Session]:
    """The sessions these users are signed in with."""
    # A session tells whose it is only when it is opened: 15 µs each, 2 s for 100,000, in the background. A column for
    # it would need a session engine of our own, and allauth's usersessions keep everybody's addresses and browsers.
    ids = {str(user.pk) for user in users}
    return [session for session in Session.objects.iterator() if session.get_decoded().get("_auth_user_id") in ids]


def _faces_of(model: type[Model]) -> list[type[Model]]:
    """The model and its proxies: the admin logs under the name of whichever page was used."""
    return [each for each in apps.get_models() if each._meta.concrete_model is model._meta.concrete_model]


def _about(rows: QuerySet[Any], logged: Sequence[tuple[int, str | None]]) -> list[int]:
    own = rows.order_by().filter(pk__in=[object_id for _, object_id in logged if object_id])
    keys = {str(pk) for pk in own.values_list("pk", flat=True)}
    return [pk for pk, object_id in logged if object_id in keys]
