"""The HTTP interface for the shop's own system. docs/shop-api.md tells how to call it."""

import logging
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, Throttled, ValidationError
from ninja.security import HttpBearer
from ninja.throttling import AuthRateThrottle

from agents.shop.records import order_record, product_record, profile_record
from support_site.memory.stores import site_ledger
from support_site.orders.bodies import BadBody, StrictParser
from support_site.orders.intake import Intake, Outcome, Refused
from support_site.orders.models import ShopToken
from support_site.orders.schemas import CustomerUpdate, OrderUpdate, ProductUpdate, Refusal, Taken
from support_site.orders.tokens import find_token

logger = logging.getLogger(__name__)

STATUS = {
    "bad_json": 400,
    "unauthorized": 401,
    "inactive_token": 403,
    "same_time": 409,
    "other_customer": 409,
    "unseen_changes": 409,
    "erased": 410,
    "too_large": 413,
    "bad_record": 422,
    "in_the_future": 422,
    "unknown_customer": 422,
    "too_many_requests": 429,
    "busy": 503,
}


class ShopBearer(HttpBearer):
    """``Authorization: Bearer <token>``, as it was shown when staff made the token."""

    def authenticate(self, request: HttpRequest, token: str) -> ShopToken | None:
        found = find_token(token)
        if found and not found.is_active:
            raise AuthorizationError
        return found


api = NinjaAPI(
    title="Shop API",
    version="1",
    description="Keeps the support site in step with the shop's own system, one record at a time.",
    urls_namespace="shop-api",
    # The page that ninja draws from this comes from a CDN, which the content-security policy rightly keeps out.
    docs_url=None,
    auth=ShopBearer(),
    throttle=AuthRateThrottle("1200/m"),
    parser=StrictParser(),
)
ANSWERS: dict[Any, Any] = {200: Taken} | dict.fromkeys(sorted(set(STATUS.values())), Refusal)


@api.put("/customers/{user_id}", response=ANSWERS, summary="Create or update a customer", operation_id="put_customer")
def put_customer(request: HttpRequest, user_id: str, update: CustomerUpdate) -> Taken:
    _require_same("customer.user_id", update.customer.user_id, user_id)
    return _told(_intake(request).customer(profile_record(update.customer), update.updated_at))


@api.put("/orders/{order_id}", response=ANSWERS, summary="Create or update an order", operation_id="put_order")
def put_order(request: HttpRequest, order_id: str, update: OrderUpdate) -> Taken:
    """The `#` of an order number may be left out of the path, or written as `%23`."""
    _require_same("order.order_id", update.order.order_id, f"#{order_id.removeprefix('#')}")
    return _told(_intake(request).order(order_record(update.order), update.updated_at))


@api.put("/products/{product_id}", response=ANSWERS, summary="Create or update a product", operation_id="put_product")
def put_product(request: HttpRequest, product_id: str, update: ProductUpdate) -> Taken:
    _require_same("product.product_id", update.product.product_id, product_id)
    return _told(_intake(request).product(product_record(update.product), update.updated_at))


def _intake(request: HttpRequest) -> Intake:
    return Intake(site_ledger(), source=str(request.auth))  # type: ignore[attr-defined]


def _told(outcome: Outcome) -> Taken:
    return Taken(status=outcome)


def _require_same(path: str, written: str, addressed: str) -> None:
    if written != addressed:
        raise Refused("bad_record", path, f"is {written!r}, and the address of the request says {addressed!r}")


# Every refusal has the same shape.


def _refuse(request: HttpRequest, code: str, path: str, reason: str) -> HttpResponse:
    return api.create_response(request, {"error": {"code": code, "path": path, "reason": reason}}, status=STATUS[code])


@api.exception_handler(Refused)
def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return _refuse(request, error.code, error.path, error.reason)


@api.exception_handler(ValidationError)
def _not_in_shape(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0]
    # ("body", the parameter's name, then the path)
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"][2:])
    reason = "is missing" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
    return _refuse(request, "bad_record", "".join(steps).lstrip("."), reason)


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return _refuse(request, "too_large", "", "The body is too large.")


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    match error:
        case AuthenticationError():
            response = _refuse(request, "unauthorized", "", "Send a token: Authorization: Bearer shop_...")
            response["WWW-Authenticate"] = "Bearer"
            return response
        case AuthorizationError():
            return _refuse(request, "inactive_token", "", "This token was switched off.")
        case Throttled():
            return _refuse(request, "too_many_requests", "", "Too many requests; wait as long as Retry-After says.")
    # ninja turns whatever the parser raises into one HttpError.
    cause = error.__cause__
    code = cause.code if isinstance(cause, BadBody) else "bad_json"
    return _refuse(request, code, "", str(cause or error))
