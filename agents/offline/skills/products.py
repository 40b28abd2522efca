"""What the shop sells, and how it works."""

import re
from collections.abc import Iterable, Mapping

from agents.offline import replies, telling, variants
from agents.offline.language import stem, stems, vocabulary, words
from agents.offline.naming import names, names_in_full
from agents.offline.requests import Request
from agents.offline.steps import Skill, Steps, look_up, say
from agents.offline.transcript import Call
from agents.shop.records import Record

_ITEM_ID = re.compile(r"(?<!\d)\d{10}(?!\d)")
_NOT_TELLING = vocabulary(
    "a about all an and any are available availability buy can carry cheap cheapest color come cost "
    "do does expensive for "
    "get have hi hello how i i'd if in info information interested is it item kind know like looking "
    "many material me model more "
    "most much my of offer option or order out please price product purchase searching sell shop "
    "size sold some stock style "
    "tell that the there these this to type variant version want what which with would you your keep"
)


def what_you_sell(request: Request) -> Steps[str]:
    return telling.products((yield from look_up("list_product_types")))


def product(request: Request) -> Steps[str]:
    """A product with the variants that fit the words, or the values of the option that was asked for."""
    if item_id := _ITEM_ID.search(request.text):
        return telling.item((yield from look_up("get_item_details", item_id=item_id[0])))
    record = yield from _which_product(request)
    if key := _asked_option(request.text, record):
        return telling.option_values(record, key, _available_values(record, key))
    return telling.product(record, variants.fitting(request.text, record))


def buy(request: Request) -> Steps[str]:
    return f"{replies.CANNOT_BUY}\n\n{(yield from product(request))}"


def shop_help(request: Request) -> Steps[str]:
    result = yield Call("search_help", {"query": " ".join(request.text.split())[:200]})
    if not result.ok or not result.value:
        return result.text
    return telling.help_article(result.value)


def _which_product(request: Request) -> Steps[Record]:
    """The product a question is about; ends the skill when it is none or one of several."""
    types: Mapping[str, str] = yield from look_up("list_product_types")
    named = _named(request.text, types)
    if not named:
        telling_words = " ".join(word for word in words(request.text) if not {word, stem(word)} & _NOT_TELLING)
        say(replies.no_such_product(telling_words) if telling_words else telling.products(types))
    if len(named) > 1:
        say(replies.which_product(named))
    record: Record = yield from look_up("get_product_details", product_id=types[named[0]])
    return record


def _named(text: str, products: Iterable[str]) -> list[str]:
    """The products named in full; else those whose kind is named ("camera")."""
    named = [name for name in products if names(text, name)]
    return [name for name in named if names_in_full(text, name)] or named


def _asked_option(text: str, record: Record) -> str | None:
    """The option whose values are asked for: "what colours does it come in"."""
    keys = {key for variant in record["variants"].values() for key in variant["options"]}
    said = set(stems(text))
    asked = [key for key in sorted(keys) if set(stems(key)) <= said]
    return asked[0] if asked and not variants.named_options(text, record) else None


def _available_values(record: Record, key: str) -> list[str]:
    return sorted({v["options"][key] for v in record["variants"].values() if v["available"] and key in v["options"]})


SKILLS: Mapping[str, Skill] = {
    "what_you_sell": what_you_sell,
    "product": product,
    "buy": buy,
    "shop_help": shop_help,
}
