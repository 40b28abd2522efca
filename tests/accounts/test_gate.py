import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied

from support_site.accounts.access import account_of, of_account
from support_site.accounts.models import Account, User

pytestmark = pytest.mark.django_db


def test_a_customer_reaches_their_own_account(alice):
    assert account_of(alice) == alice.account


def test_nobody_else_reaches_any(alice, sam):
    alice.is_active = False
    for user in (alice, sam, AnonymousUser()):
        with pytest.raises(PermissionDenied):
            account_of(user)


def test_a_foreign_row_looks_like_a_missing_one(alice, bob):
    assert list(of_account(User.objects.all(), alice)) == [alice]


def test_users_of_one_account_see_the_same(alice):
    partner = User.objects.create_user("partner@example.com", account=alice.account)
    assert account_of(partner) == alice.account
    assert Account.objects.count() == 1


def test_a_user_without_an_address_is_refused(db):
    with pytest.raises(ValueError, match="e-mail"):
        User.objects.create_user("")
