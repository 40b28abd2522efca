"""Sign-ins for customers that came from the shop's file."""

import json

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from support_site.accounts.models import Account, User
from support_site.memory.models import Record


class NoSignIn(Exception):
    """The customer cannot be given one; the text says why."""


def give_sign_in(email: str, *, site: str = "") -> str:
    """The address of the page where the customer sets a password; makes their user if there is none yet.

    Whoever has the address signs in as them: hand it to nobody else. It holds until it was used. Raises NoSignIn.
    """
    account = _account_of(email)
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        user = make_user(account, email)
    elif user.account_id != account.pk:
        raise NoSignIn(
            f"{email} already signs in to another account. Change or deactivate that user in the admin first."
        )
    key = default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
    return f"{(site or f'http://localhost:{settings.PORT}').rstrip('/')}{path}"


@transaction.atomic
def make_user(account: Account, email: str, password: str | None = None) -> User:
    """A user of an imported account, whose e-mail address the shop has confirmed."""
    user = User.objects.create_user(email, password, name=account.name, account=account)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


def _account_of(email: str) -> Account:
    profiles = Record.objects.live().filter(kind="profile", value_text__icontains=json.dumps(email.strip()))
    for record in profiles.select_related("account"):
        if record.account and (record.value or {}).get("email", "").lower() == email.strip().lower():
            return record.account
    raise NoSignIn(f"No imported customer has the e-mail address {email}. Look for it in the shop's file.")
