"""What allauth asks this site: how a new user is kept and where people go next."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest
from django.urls import reverse

from support_site.accounts.models import Account, User


class AccountAdapter(DefaultAccountAdapter):
    """A sign-up makes a user and the account that is theirs alone, both or neither."""

    @transaction.atomic
    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> AbstractBaseUser:
        user.name = form.cleaned_data["name"]
        user.account = Account.objects.create(name=user.name)
        return super().save_user(request, user, form, commit)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Customers go to their conversations; staff, who have none, to the admin."""
        staff_only = isinstance(request.user, User) and request.user.account is None and request.user.is_staff
        return reverse("admin:index") if staff_only else super().get_login_redirect_url(request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return self.get_login_redirect_url(request)

    def format_email_subject(self, subject: Any) -> str:
        """Subjects stand alone: the sender's name already says which site wrote."""
        return str(subject)
