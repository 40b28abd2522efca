"""The one gate: how a request reaches an account.

Nobody else looks an account, or anything that belongs to one, up by a value that came from a request.
"""

from typing import TypeVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet

from support_site.accounts.models import Account, User

M = TypeVar("M", bound=Model)


def account_of(user: AbstractBaseUser | AnonymousUser) -> Account:
    """The account of a signed-in customer. Raises PermissionDenied for anybody else (staff included)."""
    if not isinstance(user, User) or not user.is_active or user.account is None:
        raise PermissionDenied("This page is for customers who are signed in.")
    return user.account


def of_account(queryset: QuerySet[M], user: AbstractBaseUser | AnonymousUser) -> QuerySet[M]:
    """The part of ``queryset`` that belongs to the user's account; a foreign row looks like a missing one."""
    return queryset.filter(account=account_of(user))


def account_of_shop_customer(user_id: str) -> Account | None:
    """The account with the shop's own id of a customer. Only for who shows a shop's token, which is good for all."""
    return Account.objects.filter(shop_customer_id=user_id).first()
