"""By which words customers name a product."""

import re
from functools import lru_cache

from agents.offline.language import stems, vocabulary

_ALSO_CALLED = {"tshirt": {"shirt"}, "wristwatch": {"watch"}, "smartphone": {"phone"}, "sneaker": {"shoe"}}
#: "Luggage Set", "Vacuum Cleaner": the word before says what it is.
_SAYS_LITTLE = vocabulary("set kit cleaner machine maker")
_TOKEN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


@lru_cache(maxsize=1024)
def kind_words(product: str) -> frozenset[str]:
    """The stems that each name a product by themselves: the "chair" of "Office Chair", the "luggage" of a set."""
    *first, head = stems(product) or ("",)
    own = first[-1] if first and head in _SAYS_LITTLE else head
    return frozenset({head, own, *_ALSO_CALLED.get(head, ())}) - _SAYS_LITTLE


def names(text: str, product: str) -> bool:
    """Whether a text names a product, in full or by its kind."""
    return bool(kind_words(product) & set(stems(text)))


def names_in_full(text: str, product: str) -> bool:
    return set(stems(product)) <= set(stems(text))


def end_of_name(product: str, text: str) -> int | None:
    """The place right behind the first word that names a product, or None."""
    kind = kind_words(product)
    return next((match.end() for match in _TOKEN.finditer(text) if kind & set(stems(match[0]))), None)
