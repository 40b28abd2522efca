"""What is asked before something is taken away for good."""

from typing import Any

from allauth.core import ratelimit
from django import forms
from django.http import HttpRequest

from support_site.accounts.models import User

TYPED = "delete"


class DeleteAccountForm(forms.Form):
    """The customer's password, where they have one, and the word typed out."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    typed = forms.CharField(
        label=f"Type “{TYPED}” to confirm",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.user = request, user
        if not user.has_usable_password():
            del self.fields["password"]

    def clean_password(self) -> str:
        """Throttled like a sign-in: a session left open must not be a place to guess passwords."""
        password = self.cleaned_data["password"]
        if not ratelimit.consume(self.request, action="reauthenticate", user=self.user):
            raise forms.ValidationError("That was tried too often. Please wait a minute.")
        if not self.user.check_password(password):
            raise forms.ValidationError("This is not your password.")
        return password

    def clean_typed(self) -> str:
        typed = self.cleaned_data["typed"]
        if typed.strip().strip("“”\"'").lower() != TYPED:
            raise forms.ValidationError(f"Please type the word {TYPED}.")
        return typed


class ReasonForm(forms.Form):
    """Why a member of staff does it; kept on record."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text="Kept on record after the data is gone: write why (“asked by mail”), and nobody's name or address.",
    )
