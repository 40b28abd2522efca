"""What the shop's system sends to the API and what it gets back; published as OpenAPI."""

from typing import Annotated, Literal

from ninja import Schema
from pydantic import AwareDatetime, Field

from agents.shop.records import Order, Product, Profile

UpdatedAt = Annotated[
    AwareDatetime,
    Field(
        description="When this was so, by the shop's clock, with its zone. An update that is not newer than what was "
        "taken before changes nothing.",
        examples=["2026-03-01T09:30:00.125Z"],
    ),
]


class CustomerUpdate(Schema):
    updated_at: UpdatedAt
    customer: Profile


class OrderUpdate(Schema):
    updated_at: UpdatedAt
    order: Order


class ProductUpdate(Schema):
    updated_at: UpdatedAt
    product: Product


class Taken(Schema):
    """What became of an update."""

    status: Annotated[
        Literal["created", "updated", "unchanged", "ignored_older"],
        Field(description="`ignored_older`: something newer is known already, so nothing was changed."),
    ]


class Fault(Schema):
    code: Annotated[str, Field(description="For programs: `bad_record`, `unknown_customer`, `unseen_changes` ...")]
    path: Annotated[str, Field(description="The place of the fault, `order.items[0].price`; empty if there is none.")]
    reason: Annotated[str, Field(description="For people.")]


class Refusal(Schema):
    """Nothing was changed."""

    error: Fault
