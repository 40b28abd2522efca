"""The forms of the review desk. Every one of them asks why."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.utils import timezone

from agents.memory import KINDS
from agents.screening import MAX_LENGTH
from support_site.accounts.models import Account
from support_site.review.filters import kind_in_words
from support_site.review.models import Memory

#: An order mention needs its order, which nobody types by hand.
WRITABLE_KINDS = [(kind, kind_in_words(kind)) for kind in KINDS if kind != "order_mention"]


def _text() -> forms.CharField:
    box = forms.Textarea(attrs={"rows": 3, "autofocus": True})
    return forms.CharField(label="What is remembered", max_length=MAX_LENGTH, widget=box)


def _until() -> forms.DateField:
    return forms.DateField(
        label="Recall it until",
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "autofocus": True}),
        help_text="The last day. Empty: for good.",
    )


class ReasonForm(forms.Form):
    """Why. Kept with the change, for good. (Of several fields with ``autofocus`` the first of the page has it.)"""

    reason = forms.CharField(
        label="Reason", max_length=500, widget=forms.TextInput(attrs={"list": "reasons", "autofocus": True})
    )

    def arguments(self) -> dict[str, Any]:
        """What the verb is called with."""
        return {"reason": self.cleaned_data["reason"]}

    def ends(self) -> datetime | None:
        """The end of the day that was chosen."""
        day = self.cleaned_data["until"]
        return timezone.make_aware(datetime.combine(day, time.max.replace(microsecond=0))) if day else None


class ExpiryForm(ReasonForm):
    until = _until()
    field_order = ("until", "reason")

    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "until": self.ends()}


class TextForm(ReasonForm):
    """``seen``: the digests of what was on the page, so that nobody writes over what they have not read."""

    text = _text()
    seen = forms.JSONField(widget=forms.HiddenInput)
    field_order: Sequence[str] = ("text", "reason")

    def clean_seen(self) -> dict[int, str]:
        seen = self.cleaned_data["seen"]
        if not isinstance(seen, dict) or not all(str(pk).isdecimal() for pk in seen):
            raise forms.ValidationError("Open the page anew.")
        return {int(pk): str(digest) for pk, digest in seen.items()}


class MergeForm(TextForm):
    def arguments(self) -> dict[str, Any]:
        return {**super().arguments(), "text": self.cleaned_data["text"], "seen": self.cleaned_data["seen"]}


class EditForm(TextForm):
    kind = forms.ChoiceField(label="Kind", choices=[(kind, kind_in_words(kind)) for kind in KINDS])
    field_order = ("text", "kind", "reason")

    def arguments(self) -> dict[str, Any]:
        [(memory_id, digest)] = self.cleaned_data["seen"].items()
        told = {name: self.cleaned_data[name] for name in ("text", "kind")}
        return {**super().arguments(), **told, "memory_id": memory_id, "seen": digest}


class AddForm(ReasonForm):
    account = forms.ModelChoiceField(
        label="Customer",
        queryset=Account.objects.filter(is_synthetic=False),
        widget=AutocompleteSelect(Memory._meta.get_field("account"), admin.site),
    )
    text = _text()
    kind = forms.ChoiceField(label="Kind", choices=WRITABLE_KINDS, initial="fact")
    until = _until()
    form_id = forms.UUIDField(widget=forms.HiddenInput)
    field_order = ("account", "text", "kind", "until", "reason")

    def arguments(self) -> dict[str, Any]:
        told = {name: self.cleaned_data[name] for name in ("text", "kind", "form_id")}
        return {**super().arguments(), **told, "until": self.ends(), "account_id": self.cleaned_data["account"].pk}
