"""The sign-up form: allauth's, and a name."""

from typing import ClassVar

from allauth.account.forms import SignupForm as EmailSignupForm
from django import forms
from django.contrib.auth.forms import AdminUserCreationForm

from support_site.accounts.models import User


class SignupForm(EmailSignupForm):
    """Asks for name, e-mail address and password. ``AccountAdapter.save_user`` keeps what it says."""

    name = forms.CharField(
        label="Your name",
        max_length=200,
        strip=True,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("name", "email", "password1")


class UserCreationForm(AdminUserCreationForm):
    """Staff make a user: a customer gets an account of their own unless one is chosen."""

    class Meta:
        model = User
        fields = ("email", "name", "account", "is_staff")
        #: Django's own form would look for a user name here.
        field_classes: ClassVar[dict[str, type]] = {}

    def clean_email(self) -> str:
        """The address as sign-in looks it up: lower case, and not yet taken."""
        email = self.cleaned_data["email"].lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError("Somebody already signs in with this address.")
        return email
