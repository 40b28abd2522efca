"""What an order, a profile and a product look like, and the way between the shop's JSON and our records.

A record is the shop's own JSON (see the retail file's README) with money as text of two places instead of
floats. Orders and profiles also carry ``version`` (from 1) and ``changes``: a list of
``{"action", "tool", "at", "receipt", "pairs"?}``, one for each applied action.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from agents.shop.money import ZERO, money, plain

Record = dict[str, Any]

#: What a new record starts with, and the shop's own JSON never has.
OWN_FIELDS = ("version", "changes")

MONEY_FIELDS = frozenset({"price", "amount", "balance", "exchange_price_difference"})

Status = Literal[
    "pending",
    "pending (item modified)",
    "processed",
    "delivered",
    "cancelled",
    "return requested",
    "exchange requested",
]

Money = Annotated[Decimal, BeforeValidator(money), PlainSerializer(plain, return_type=str)]
Amount = Annotated[Money, Field(ge=ZERO)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
OrderId = Annotated[str, Field(pattern=r"^#W[0-9]{1,20}$")]
Options = dict[Text, str]


class BadRecord(ValueError):
    """The shop's JSON cannot be read. ``path`` names the place ("items[0].price"), ``reason`` what is wrong."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason

    def under(self, prefix: str) -> "BadRecord":
        """The same, seen from a file in which the record lies at ``prefix``."""
        joint = "" if not self.path or self.path.startswith("[") else "."
        return BadRecord(f"{prefix}{joint}{self.path}", self.reason)


class _Shape(BaseModel):
    """Fields the shop adds beyond these are kept as they are."""

    model_config = ConfigDict(extra="allow", strict=False, str_strip_whitespace=False)


class Address(_Shape):
    address1: Text
    address2: str
    city: Text
    country: Text
    state: Text
    zip: Text


class Item(_Shape):
    name: Text
    product_id: Text
    item_id: Text
    price: Amount
    options: Options


class Fulfillment(_Shape):
    tracking_id: list[Text]
    item_ids: list[Text]


class Payment(_Shape):
    transaction_type: Literal["payment", "refund"]
    amount: Amount
    payment_method_id: Text


class Order(_Shape):
    """An order as the shop sends it."""

    order_id: OrderId
    user_id: Text
    address: Address
    items: Annotated[list[Item], Field(min_length=1)]
    status: Status
    fulfillments: list[Fulfillment]
    payment_history: Annotated[list[Payment], Field(min_length=1)]
    cancel_reason: str | None = None
    return_items: list[Text] | None = None
    return_payment_method_id: Text | None = None
    exchange_items: list[Text] | None = None
    exchange_new_items: list[Text] | None = None
    exchange_payment_method_id: Text | None = None
    exchange_price_difference: Money | None = None

    @model_validator(mode="after")
    def _begins_with_its_payment(self) -> Self:
        if self.payment_history[0].transaction_type != "payment":
            raise ValueError("payment_history should begin with the original payment")
        return self


class PersonName(_Shape):
    first_name: Text
    last_name: Text


class PaymentMethod(BaseModel):
    """Nothing else is taken, so that a card number cannot slip in."""

    model_config = ConfigDict(extra="forbid")

    source: Literal["credit_card", "paypal", "gift_card"]
    id: Text
    brand: Text | None = None
    last_four: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None
    balance: Amount | None = None

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if (self.source == "gift_card") != (self.balance is not None):
            raise ValueError("a gift card, and nothing else, has a balance")
        if self.source == "credit_card" and not (self.brand and self.last_four):
            raise ValueError("a credit card has a brand and its last_four digits")
        return self


class Profile(_Shape):
    """A customer as the shop sends them (its ``user``)."""

    user_id: Text
    name: PersonName
    address: Address
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
    payment_methods: dict[str, PaymentMethod]
    orders: list[OrderId]

    @model_validator(mode="after")
    def _names_its_methods(self) -> Self:
        _require_keys("payment_methods", {key: method.id for key, method in self.payment_methods.items()})
        return self


class Variant(_Shape):
    item_id: Text
    options: Options
    available: bool
    price: Amount


class Product(_Shape):
    """A product with its variants as the shop sends it."""

    name: Text
    product_id: Text
    variants: Annotated[dict[str, Variant], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_its_variants(self) -> Self:
        _require_keys("variants", {key: variant.item_id for key, variant in self.variants.items()})
        return self


def order_record(shop_json: object) -> Record:
    """A new order record, version 1, of the shop's order. Raises BadRecord."""
    return _begun(_read(Order, shop_json))


def profile_record(shop_json: object) -> Record:
    """A new profile record, version 1, of the shop's user. Raises BadRecord."""
    return _begun(_read(Profile, shop_json))


def product_record(shop_json: object) -> Record:
    """The product record of the shop's product. Raises BadRecord."""
    return _read(Product, shop_json)


def to_shop_json(record: Mapping[str, Any]) -> Record:
    """The shop's JSON of any record: money as numbers, without ``version`` and ``changes``."""
    return {key: _with_numbers(key, value) for key, value in record.items() if key not in OWN_FIELDS}


def _read(shape: type[BaseModel], shop_json: object) -> Record:
    try:
        record = shape.model_validate(shop_json).model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        raise _bad_record(error) from None
    return {key: value for key, value in record.items() if key not in OWN_FIELDS}


def _begun(record: Record) -> Record:
    return {**record, "version": 1, "changes": []}


def _bad_record(error: ValidationError) -> BadRecord:
    """The first fault that pydantic found, in our words."""
    first = error.errors(include_url=False, include_input=False)[0]
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"])
    reason = "is missing" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
    return BadRecord("".join(steps).lstrip("."), reason[0].lower() + reason[1:])


def _require_keys(where: str, ids: dict[str, str]) -> None:
    for key, own in ids.items():
        if key != own:
            raise ValueError(f"{where} has {own!r} under the key {key!r}")


def _with_numbers(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {inner: _with_numbers(inner, each) for inner, each in value.items()}
    if isinstance(value, list):
        return [_with_numbers(key, each) for each in value]
    return float(value) if key in MONEY_FIELDS and isinstance(value, str) else value
