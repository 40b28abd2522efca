"""What staff fill in to correct an order: one form for each correction, made from the order as it is."""

from typing import Any, get_args

from django import forms

from agents.shop import wording
from agents.shop.changes import Facts
from agents.shop.money import dollars
from agents.shop.records import Record, Status
from agents.shop.rules import CANCEL_REASONS
from support_site.orders.corrections import OVERRIDE

ADDRESS = ("address1", "address2", "city", "state", "country", "zip")


class CorrectionForm(forms.Form):
    """``arguments()`` has what the rule is called with, once the form is valid."""

    #: Of the order as the page showed it: what was changed meanwhile must not be written over.
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text="Kept with the change for colleagues. The customer does not see it.",
    )

    def __init__(self, *args: Any, facts: Facts, **kwargs: Any) -> None:
        kwargs["initial"] = {"version": facts.order["version"], **self.as_it_is(facts)}
        super().__init__(*args, **kwargs)
        self.facts = facts
        self.offer()
        self.order_fields([name for name in self.fields if name != "reason"])

    def as_it_is(self, facts: Facts) -> dict[str, Any]:
        """Initial values of the fields."""
        return {}

    def offer(self) -> None:
        """Add the fields that depend on the order."""

    def arguments(self) -> dict[str, Any]:
        raise NotImplementedError


class CancelForm(CorrectionForm):
    cancel_reason = forms.ChoiceField(label="The customer's reason", choices=[(text, text) for text in CANCEL_REASONS])

    def arguments(self) -> dict[str, Any]:
        return {"reason": self.cleaned_data["cancel_reason"]}


class AddressForm(CorrectionForm):
    address1 = forms.CharField(label="Street", max_length=500)
    address2 = forms.CharField(label="Flat, floor", max_length=500, required=False)
    city = forms.CharField(max_length=500)
    state = forms.CharField(max_length=500)
    country = forms.CharField(max_length=500)
    zip = forms.CharField(label="ZIP code", max_length=500)

    def as_it_is(self, facts: Facts) -> dict[str, Any]:
        return {name: facts.order["address"][name] for name in ADDRESS}

    def address(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ADDRESS}

    def arguments(self) -> dict[str, Any]:
        return self.address()


class _Paid(CorrectionForm):
    payment_method_id = forms.ChoiceField(label="Payment method")

    def offer(self) -> None:
        methods = self.facts.profile.get("payment_methods", {})
        _choices(self, "payment_method_id", [(key, wording.method(method)) for key, method in methods.items()])


class PaymentForm(_Paid):
    def arguments(self) -> dict[str, Any]:
        return {"payment_method_id": self.cleaned_data["payment_method_id"]}


class ReturnForm(_Paid):
    items = forms.MultipleChoiceField(label="Items that come back", widget=forms.CheckboxSelectMultiple)

    def offer(self) -> None:
        super().offer()
        self.fields["payment_method_id"].label = "Refund to"
        # By position: an order may hold the same item twice.
        _choices(self, "items", [(str(n), _priced(item)) for n, item in enumerate(self.facts.order["items"])])

    def arguments(self) -> dict[str, Any]:
        items = self.facts.order["items"]
        return {
            "item_ids": [items[int(n)]["item_id"] for n in self.cleaned_data["items"]],
            "payment_method_id": self.cleaned_data["payment_method_id"],
        }


class SwapForm(_Paid):
    """For changing items of a pending order and for exchanging those of a delivered one."""

    def offer(self) -> None:
        super().offer()
        self.fields["payment_method_id"].label = "Price difference by"
        for n, item in enumerate(self.facts.order["items"]):
            variants = self.facts.products.get(item["product_id"], {"variants": {}})["variants"].values()
            others = [(each["item_id"], _variant(each)) for each in variants if each["available"]]
            choices = [("", "keep it"), *others]
            self.fields[f"item_{n}"] = forms.ChoiceField(label=_priced(item), choices=choices, required=False)

    def arguments(self) -> dict[str, Any]:
        items = self.facts.order["items"]
        swaps = [(item["item_id"], self.cleaned_data[f"item_{n}"]) for n, item in enumerate(items)]
        wanted = [(old, new) for old, new in swaps if new]
        return {
            "item_ids": [old for old, _ in wanted],
            "new_item_ids": [new for _, new in wanted],
            "payment_method_id": self.cleaned_data["payment_method_id"],
        }


class OverrideForm(AddressForm):
    status = forms.ChoiceField(choices=[(text, text) for text in get_args(Status)])
    field_order = ("version", "status")

    def as_it_is(self, facts: Facts) -> dict[str, Any]:
        return {"status": facts.order["status"], **super().as_it_is(facts)}

    def offer(self) -> None:
        for n, parcel in enumerate([*self.facts.order["fulfillments"], None]):
            label = f"Tracking numbers of parcel {n + 1}" if parcel else "Tracking numbers of a new parcel"
            self.fields[f"tracking_{n}"] = forms.CharField(
                label=label,
                required=False,
                max_length=500,
                initial=", ".join(parcel["tracking_id"]) if parcel else "",
                help_text="Separated by commas." if parcel else "A parcel with all items; empty for none.",
            )

    def arguments(self) -> dict[str, Any]:
        known = len(self.facts.order["fulfillments"])
        tracking = [_split(self.cleaned_data[f"tracking_{n}"]) for n in range(known + 1)]
        return {
            "status": self.cleaned_data["status"],
            "address": self.address(),
            "tracking": tracking if tracking[known] else tracking[:known],
        }


#: (what staff read, the form, the status in which the rules allow it; empty: any), by the name of the correction.
FORMS: dict[str, tuple[str, type[CorrectionForm], str]] = {
    "cancel_pending_order": ("Cancel", CancelForm, "pending"),
    "modify_pending_order_address": ("Change address", AddressForm, "pending"),
    "modify_pending_order_payment": ("Change payment", PaymentForm, "pending"),
    "modify_pending_order_items": ("Change items", SwapForm, "pending"),
    "return_delivered_order_items": ("Return items", ReturnForm, "delivered"),
    "exchange_delivered_order_items": ("Exchange items", SwapForm, "delivered"),
    OVERRIDE: ("Override", OverrideForm, ""),
}


def offered(order: Record) -> list[tuple[str, str]]:
    """(name, label) of the corrections that may succeed in the order's status."""
    return [(name, label) for name, (label, _, status) in FORMS.items() if status in ("", order["status"])]


def _choices(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = choices


def _priced(item: Record) -> str:
    return f"{wording.item(item)}, {dollars(item['price'])}"


def _variant(variant: Record) -> str:
    return f"{wording.options(variant['options']) or variant['item_id']}, {dollars(variant['price'])}"


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
