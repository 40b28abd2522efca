"""Records in the words for a customer: lists, details, money. Nothing in them but what a tool brought."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agents.shop import wording
from agents.shop.money import dollars
from agents.shop.records import Record

NO_ORDERS = "I do not see any orders under your account."
NO_REFUND = "I see no refund on file for order **{}**."
NO_METHODS = "No payment method is on file."
NOTHING_KNOWN = "I do not have anything noted about you so far."
SORRY = "I am sorry to hear that."


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def choice(lines: Iterable[str]) -> str:
    """A numbered list; a line can be chosen by its number."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def known(name: str | None, memories: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"Your name on file is **{name}**."] if name else []
    lines += [f"{memory['text']} *(since {memory['since'][:10]})*" for memory in memories]
    return f"This is what I have noted about you:\n\n{bullets(lines)}" if lines else NOTHING_KNOWN


def orders(found: Sequence[Record]) -> str:
    count = "one order" if len(found) == 1 else f"{len(found)} orders"
    return f"You have {count}, newest first:\n\n{bullets(map(order_line, found))}"


def no_such_order(words: str, found: Sequence[Record]) -> str:
    if not found:
        return NO_ORDERS
    return f'I found no order that fits "{words}". These are on file:\n\n{bullets(map(order_line, found))}'


def order_line(order: Record) -> str:
    """One order of a list, in short."""
    return f"**{order['order_id']}** ({order['status']}): {', '.join(order['items'])}, {dollars(order['total'])}"


def order_status(order: Record, *, was_remembered: bool = False, has_changed: bool = False) -> str:
    parts = [f"Order **{order['order_id']}** {wording.status(order)}.", item_lines(order), _tracking(order)]
    if has_changed:
        parts.append("This has changed since we last spoke about it.")
    if was_remembered:
        parts.append("I took the order you mentioned before; say *list my orders* to see the others.")
    return "\n\n".join(parts)


def order_items(order: Record) -> str:
    return f"Order **{order['order_id']}** has:\n\n{item_lines(order)}\n\nTogether {dollars(order['total'])}."


def order_address(order: Record) -> str:
    return f"The delivery address of order **{order['order_id']}** is:\n\n{wording.address(order['address'])}"


def order_payment(order: Record, methods: Mapping[str, Record]) -> str:
    lines = [
        f"{entry['transaction_type'].title()} of {dollars(entry['amount'])}: {_payer(methods, entry)}"
        for entry in order["payment_history"]
    ]
    return f"The items of order **{order['order_id']}** cost {dollars(order['total'])} together.\n\n{bullets(lines)}"


def order_refunds(order: Record, methods: Mapping[str, Record]) -> str:
    refunds = [entry for entry in order["payment_history"] if entry["transaction_type"] == "refund"]
    if not refunds:
        return f"Order **{order['order_id']}** {wording.status(order)}. {NO_REFUND.format(order['order_id'])}"
    lines = [f"{dollars(entry['amount'])} to {_payer(methods, entry)}" for entry in refunds]
    return f"These refunds are on file for order **{order['order_id']}**:\n\n{bullets(lines)}"


def problem(order: Record) -> str:
    ways = {"pending": "cancel or change it", "delivered": "return or exchange items of it"}.get(order["status"])
    offer = f"I can {ways}, or hand you over to a person." if ways else "I can hand you over to a person."
    return (
        f"{SORRY} Order **{order['order_id']}** {wording.status(order)}.\n\n{item_lines(order)}\n\n"
        f"{_tracking(order)}\n\n{offer} Just tell me what you would like."
    )


def profile(record: Record) -> str:
    lines = [
        f"Name: {record['name']['first_name']} {record['name']['last_name']}",
        f"E-mail: {record['email']}",
        f"Default address: {wording.address(record['address'])}",
    ]
    return f"This is on your profile:\n\n{bullets(lines)}"


def payment_methods(methods: Iterable[Record]) -> str:
    lines = [method(each) for each in methods]
    return f"These payment methods are on your profile:\n\n{bullets(lines)}" if lines else NO_METHODS


def products(names: Iterable[str]) -> str:
    return f"We sell these kinds of product:\n\n{bullets(names)}\n\nName one and I tell you its options and prices."


def product(record: Record, variants: Sequence[Record], shown: int = 8) -> str:
    """A product in short and its fitting available variants, at most ``shown`` of them."""
    every = record["variants"].values()
    head = f"**{record['name']}**: {len(every)} variants, {sum(each['available'] for each in every)} of them available."
    if not variants:
        return f"{head}\n\nNone of the available ones is like that."
    lines = [variant_line(variant) for variant in variants[:shown]]
    more = f"\n\nand {len(variants) - shown} more." if len(variants) > shown else ""
    return f"{head}\n\n{bullets(lines)}{more}"


def item(variant: Record) -> str:
    stock = "available" if variant["available"] else "not available at the moment"
    return f"Item {variant['item_id']} is the **{variant['name']}** with {variant_line(variant)}. It is {stock}."


def option_values(record: Record, key: str, values: Iterable[str]) -> str:
    return f"The **{record['name']}** is available in {key}: {', '.join(values)}."


def help_article(articles: Sequence[Mapping[str, Any]]) -> str:
    best = articles[0]
    return f"**{best['title']}**\n\n{best['body']}"


def method(record: Record) -> str:
    told = wording.method(record)
    told = told[0].upper() + told[1:]
    return f"{told} ({dollars(record['balance'])} left)" if record["source"] == "gift_card" else told


def item_lines(order: Record) -> str:
    return bullets(map(item_line, order["items"]))


def item_line(item: Record) -> str:
    return f"{wording.item(item)}, {dollars(item['price'])}"


def variant_line(variant: Record) -> str:
    return f"{wording.options(variant['options'])}: {dollars(variant['price'])} (item {variant['item_id']})"


def kinds(order: Record) -> str:
    return ", ".join(item["name"] for item in order["items"])


def _tracking(order: Record) -> str:
    numbers = [number for parcel in order["fulfillments"] for number in parcel["tracking_id"]]
    return f"Tracking number: **{', '.join(numbers)}**" if numbers else "No tracking number is on file for it."


def _payer(methods: Mapping[str, Record], entry: Record) -> str:
    known = methods.get(entry["payment_method_id"])
    return wording.method(known) if known else str(entry["payment_method_id"])
