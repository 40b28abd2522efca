"""Changing orders and the profile: collect what the tool needs, then let it propose."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agents.offline import address, replies, slots, variants
from agents.offline.language import pattern
from agents.offline.requests import Request
from agents.offline.skills.orders import payment_methods, which_order
from agents.offline.steps import Skill, Steps, look_up, only_one, say
from agents.offline.transcript import Call
from agents.shop.records import Record

#: Before the new thing; "I want to exchange" is before none.
_TARGET = pattern(
    r"\bto\b(?!\s+(?:be|change|correct|deliver|edit|exchange|get|have|modify|pay|redirect|replace|return|send|ship|swap"
    r"|switch|trade|update|upgrade|use)\b)|\b(?:into|for an?|for the|with)\b"
)
_MOST_VARIANTS = 12


def cancel(request: Request) -> Steps[str]:
    found = yield from which_order(request, "should I cancel", status="pending")
    _require(found, "pending", "cancelled")
    reason = slots.cancel_reason(request.text)
    if reason is None:
        return replies.why_cancel(found)
    return (yield from _propose("cancel_pending_order", order_id=found["order_id"], reason=reason))


def change_order_address(request: Request) -> Steps[str]:
    found = yield from which_order(
        request, "should go to another address", subject=_before_target(request), status="pending"
    )
    _require(found, "pending", "changed")
    wanted = _new_address(request, found["address"])
    return (yield from _propose("modify_pending_order_address", order_id=found["order_id"], **wanted))


def change_default_address(request: Request) -> Steps[str]:
    profile = yield from look_up("get_profile")
    wanted = _new_address(request, profile["address"])
    return (yield from _propose("modify_profile_address", **wanted))


def change_payment(request: Request) -> Steps[str]:
    found = yield from which_order(
        request, "should be paid differently", subject=_before_target(request, _PAYMENT_WORDS), status="pending"
    )
    _require(found, "pending", "changed")
    methods = yield from payment_methods(request)
    original = found["payment_history"][0]["payment_method_id"]
    others = {key: method for key, method in methods.items() if key != original}
    method = _method(request, others, "instead", said=_answers_and_target(request))
    arguments = {"order_id": found["order_id"], "payment_method_id": method["id"]}
    return (yield from _propose("modify_pending_order_payment", **arguments))


def give_back(request: Request) -> Steps[str]:
    found = yield from which_order(request, "is it from", status="delivered", subject=_without_all(request))
    _require(found, "delivered", "returned")
    items = _items(request, found, "return")
    methods = yield from payment_methods(request)
    original = found["payment_history"][0]["payment_method_id"]
    allowed = {key: each for key, each in methods.items() if key == original or each["source"] == "gift_card"}
    method = _method(request, allowed, "for the refund", original=original)
    return (yield from _propose_items("return_delivered_order_items", found, items, payment_method_id=method["id"]))


def swap(request: Request) -> Steps[str]:
    """Other variants for items: an exchange when the order was delivered, a change while it is pending."""
    found = yield from which_order(request, "is it about", subject=_before_target(request))
    tool, verb = _SWAPS.get(found["status"], ("", "changed"))
    if not tool:
        return replies.not_in_this_state(found, verb, "a pending order or a delivered order")
    items = _items(request, found, verb)
    chosen: list[Record] = []
    for item in items:
        chosen += [(yield from _variant(request, item, items))]
    methods = yield from payment_methods(request)
    original = found["payment_history"][0]["payment_method_id"]
    method = _method(request, methods, "for the price difference", original=original)
    new = [variant["item_id"] for variant in chosen]
    return (yield from _propose_items(tool, found, items, new_item_ids=new, payment_method_id=method["id"]))


def change_what(request: Request) -> Steps[str]:
    """ "I want to change my order": first ask what of it."""
    said = "\n".join(request.answers_to(replies.WHICH_CHANGE))
    for topic, skill in _TOPICS:
        if topic.search(said):
            return (yield from skill(request))
    return replies.WHAT_CHANGE


_SWAPS = {
    "pending": ("modify_pending_order_items", "change"),
    "delivered": ("exchange_delivered_order_items", "exchange"),
}
_TOPICS: tuple[tuple[re.Pattern[str], Skill], ...] = (
    (pattern(r"\baddress\b|\bdeliver"), change_order_address),
    (pattern(r"\bpay|\bcard\b"), change_payment),
    (pattern(r"\bcancel"), cancel),
    (pattern(r"\S"), swap),
)
_PAYMENT_WORDS = pattern(r"\b(?:pay ?pal|gift ?card|credit|card|visa|mastercard|method)\b")
_ALL_WORDS = pattern(r"\b(?:both|all|everything|items?)\b|\b(?:except|but not|apart from)\b.*")


def _require(order: Record, status: str, verb: str) -> None:
    """Ask for nothing more when the shop's rules will refuse it anyway."""
    if order["status"] != status:
        say(replies.not_in_this_state(order, verb, f"a {status} order"))


def _propose(tool: str, **arguments: Any) -> Steps[str]:
    """The change as a tool call, which asks the customer; then what became of it."""
    result = yield Call(tool, arguments)
    return replies.outcome(result.text, result.value)


def _propose_items(tool: str, order: Record, items: Sequence[Record], **arguments: Any) -> Steps[str]:
    item_ids = [item["item_id"] for item in items]
    return (yield from _propose(tool, order_id=order["order_id"], item_ids=item_ids, **arguments))


def _before_target(request: Request, also: re.Pattern[str] | None = None) -> str:
    """What the request began with, up to the new thing: its words would name the wrong order."""
    subject = _TARGET.split(request.said[0].text, maxsplit=1)[0]
    return also.sub(" ", subject) if also else subject


def _answers_and_target(request: Request) -> list[str]:
    """The answers, newest first, then what came after "to" in what the request began with."""
    opening = _TARGET.split(request.said[0].text, maxsplit=1)
    return [*(said.text for said in reversed(request.said[1:])), opening[-1] if len(opening) > 1 else ""]


def _without_all(request: Request) -> str:
    return _ALL_WORDS.sub(" ", _PAYMENT_WORDS.sub(" ", request.said[0].text))


def _new_address(request: Request, current: Mapping[str, str]) -> address.Address:
    """The address that was given in one message or several; ends the skill with a question when a part is missing."""
    parts: address.Address = {}
    asked: list[str] = []
    for said in request.said:
        is_answer = replies.WHICH_ADDRESS in said.question
        parts |= address.address_in(said.text, asked if is_answer else ())
        asked = address.missing(address.completed(parts, current))
    wanted = address.completed(parts, current)
    if asked:
        say(replies.which_address(asked, parts))
    return wanted


def _items(request: Request, order: Record, verb: str) -> Sequence[Record]:
    """The items of an order that are meant; the only one goes without saying. Ends the skill with a question."""
    if len(order["items"]) == 1:
        return list(order["items"])
    opening = request.said[0].text
    of_the_kind = slots.items_in(opening, order["items"]) or slots.items_like(_before_target(request), order["items"])
    for said in request.answers_to(replies.WHICH_ITEMS):
        items = slots.items_in(said, order["items"]) or slots.items_like(said, of_the_kind or order["items"])
        if items and not slots.leaves_open(said, items):
            return items
    if of_the_kind and not slots.leaves_open(opening, of_the_kind):
        return of_the_kind
    return say(replies.which_items(order, of_the_kind or order["items"], verb))


def _variant(request: Request, item: Record, items: Sequence[Record]) -> Steps[Record]:
    """The variant that an item is to become; ends the skill with the choice when it is not clear."""
    product = yield from look_up("get_product_details", product_id=item["product_id"])
    others = [other["name"] for other in items if other is not item]
    question = f"{replies.WHICH_VARIANT} for the {item['name']}"
    said = [
        *request.answers_to(question),
        *(variants.wanted_for(item["name"], each.text, others) for each in request.said),
    ]
    wanted = slots.first_of(said, lambda text: variants.says_something(text, product) and text) or ""
    found = variants.fitting(wanted, product, item)
    if wanted and len(found) == 1:
        return found[0]
    choices = [each for each in found or variants.fitting("", product) if each["item_id"] != item["item_id"]]
    if not choices:
        return say(replies.no_other_variant(item))
    return say(replies.which_variant(item, choices[:_MOST_VARIANTS], nothing_fits=bool(wanted) and not found))


def _method(
    request: Request,
    methods: Mapping[str, Record],
    purpose: str,
    *,
    original: str | None = None,
    said: Sequence[str] | None = None,
) -> Record:
    """The payment method that is meant; the only possible one goes without saying."""
    texts = said if said is not None else [each.text for each in reversed(request.said)]
    named = slots.first_of(texts, lambda text: slots.methods_in(text, methods, original))
    if method := only_one(named or methods.values()):
        return method
    if not methods:
        return say(replies.no_other_method())
    return say(replies.which_method((named or list(methods.values())), purpose))


SKILLS: Mapping[str, Skill] = {
    "cancel": cancel,
    "change_order_address": change_order_address,
    "change_default_address": change_default_address,
    "change_payment": change_payment,
    "give_back": give_back,
    "swap": swap,
    "change_what": change_what,
}
