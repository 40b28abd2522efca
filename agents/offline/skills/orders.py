"""Finding the order that is meant, and telling about it."""

from collections.abc import Mapping, Sequence

from agents.offline import replies, telling
from agents.offline.language import pattern
from agents.offline.requests import Request
from agents.offline.slots import items_like, telling_words
from agents.offline.steps import Reply, Skill, Steps, look_up, only_one, say
from agents.offline.transcript import Call, Result
from agents.shop.records import Record

_TOPICS = (
    (
        "address",
        pattern(r"\baddress\b|\b(?:where|which)\b.*\b(?:going|delivered|shipped|sent) to\b|\bdeliver(?:ed|ing)? to\b"),
    ),
    ("payment", pattern(r"\b(?:pay|paid|payment|total|costs?|how much|price|amount|charged?|bill|invoice)\b")),
    (
        "items",
        pattern(
            r"\b(?:items?|products?|contents?|what(?:'s| is| was)? in|what did i)\b|\bin (?:it|that"
            r"|my (?:\w+ )?order)\b"
        ),
    ),
)
_ANOTHER = pattern(r"\b(?:an)?other order\b")


def order(request: Request) -> Steps[str]:
    """Status, items and tracking of an order, or what of it was asked for."""
    found = yield from which_order(request, "do you mean")
    topic = next((topic for topic, asked in _TOPICS if asked.search(request.text)), "status")
    if topic == "payment":
        return telling.order_payment(found, (yield from payment_methods(request)))
    if topic == "address":
        return telling.order_address(found)
    if topic == "items":
        return telling.order_items(found)
    has_changed = request.transcript.has_changed(found["order_id"])
    return telling.order_status(found, was_remembered=_was_taken_from_memory(request, found), has_changed=has_changed)


def my_orders(request: Request) -> Steps[str]:
    words = telling_words(request.text)
    found = (yield from _find(words)) if words else (yield from all_orders())
    if words and not found:
        return telling.no_such_order(words, (yield from all_orders()))
    return telling.orders(found) if found else telling.NO_ORDERS


def problem(request: Request) -> Steps[str]:
    try:
        found = yield from which_order(request, "is it about")
    except Reply as reply:
        say(f"{telling.SORRY} {reply}")
    return telling.problem(found)


def refund_status(request: Request) -> Steps[str]:
    found = yield from which_order(request, "is it about")
    return telling.order_refunds(found, (yield from payment_methods(request)))


def my_profile(request: Request) -> Steps[str]:
    return telling.profile((yield from look_up("get_profile")))


def my_payment_methods(request: Request) -> Steps[str]:
    return telling.payment_methods((yield from payment_methods(request)).values())


def payment_methods(request: Request) -> Steps[Mapping[str, Record]]:
    """The payment methods of the profile, by id."""
    profile = yield from look_up("get_profile")
    methods: Mapping[str, Record] = profile["payment_methods"]
    return methods


def which_order(request: Request, purpose: str, *, subject: str | None = None, status: str = "") -> Steps[Record]:
    """The order that is meant, in full: by number, by what is in it, the one spoken of, or the only one that can be.

    ``subject`` are the words that may tell it apart (all that was said, if None); of several orders only those with
    ``status`` are asked about. Ends the skill with a question when several are left.
    """
    if request.order_ids:
        return (yield from _details(request.order_ids[-1], request))
    answers = request.answers_to(replies.WHICH_ORDER)
    words = telling_words("\n".join([subject if subject is not None else request.said[0].text, *answers]))
    found = (yield from _find(words)) if words else []
    if not found and request.focus and not _ANOTHER.search(request.text):
        spoken_of = yield from _details(request.focus, request)
        if not words or items_like(words, spoken_of["items"]):
            return spoken_of
    if words and not found:
        say(telling.no_such_order(words, (yield from all_orders())))
    return (yield from _details(_the_one(found or (yield from all_orders()), purpose, status), request))


def all_orders() -> Steps[Sequence[Record]]:
    """All orders in short, newest first."""
    found = yield from look_up("list_orders")
    orders: Sequence[Record] = found["orders"]
    return orders


def _find(words: str) -> Steps[Sequence[Record]]:
    """Orders that fit the words, newest first; none when none does."""
    result: Result = yield Call("find_orders", {"text": words})
    orders: Sequence[Record] = result.value["orders"] if result.value else []
    return orders


def _the_one(found: Sequence[Record], purpose: str, status: str) -> str:
    if not found:
        say(telling.NO_ORDERS)
    fitting = [one for one in found if not status or one["status"].startswith(status)] or found
    one = only_one(fitting)
    if one is None:
        say(replies.which_order(fitting, purpose))
    return str(one["order_id"])


def _details(order_id: str, request: Request) -> Steps[Record]:
    result: Result = yield Call("get_order_details", {"order_id": order_id})
    if not result.ok or result.value is None:
        is_missing = "not on file" in result.text
        remembered = order_id not in request.order_ids and request.focus_is_remembered
        say(replies.not_on_file(order_id, remembered) if is_missing else result.text)
    order: Record = result.value
    return order


def _was_taken_from_memory(request: Request, found: Record) -> bool:
    return not request.order_ids and request.focus_is_remembered and request.focus == found["order_id"]


SKILLS: Mapping[str, Skill] = {
    "order": order,
    "my_orders": my_orders,
    "problem": problem,
    "refund_status": refund_status,
    "my_profile": my_profile,
    "my_payment_methods": my_payment_methods,
}
