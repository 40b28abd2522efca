"""What one message asks for."""

from dataclasses import dataclass
from functools import lru_cache

from agents.offline.intents import COURTESIES, INTENTS, Intent
from agents.offline.language import LONGEST_SENTENCE, is_foreign, is_no, is_yes, order_ids, sentences, vocabulary, words

#: Beside these words an order number is all there is.
_AROUND_NUMBERS = vocabulary("order number no it's its is the my for in please")
_SHORT_ANSWERS = (("yes", is_yes), ("no", is_no))


@dataclass(frozen=True)
class Wish:
    """One thing a message asks for, with the sentences that belong to it. ``is_hint`` as in ``Intent``."""

    intent: str
    text: str
    is_hint: bool = False


@lru_cache(maxsize=2048)
def wishes(text: str) -> tuple[Wish, ...]:
    """What a message asks for, in its order, each intent once; never empty.

    What no row of ``INTENTS`` knows is "yes", "no", "order" (for a bare number), "foreign" or "unclear".
    """
    if name := _whole(text):
        return (Wish(name, text, is_hint=True),)
    found = [(sentence, _intent_of(sentence)) for sentence in sentences(text)] or [(text, INTENTS[0])]
    asked = _asked(found)
    return asked or (_best_hint(text, [intent for _, intent in found if intent]),)


def _whole(text: str) -> str | None:
    """What a message is as a whole, whatever words are in it."""
    if is_foreign(text):
        return "foreign"
    if order_ids(text) and _AROUND_NUMBERS.issuperset(word for word in words(text) if word.isalpha()):
        return "order"
    return next((name for name, fits in _SHORT_ANSWERS if fits(text)), None)


def _intent_of(sentence: str) -> Intent | None:
    return next((intent for intent in INTENTS if intent.pattern.search(sentence[:LONGEST_SENTENCE])), None)


def _asked(found: list[tuple[str, Intent | None]]) -> tuple[Wish, ...]:
    """The plain wishes, each with the sentences that follow it and say no more than a hint."""
    texts: dict[str, list[str]] = {}
    leading: list[str] = []
    for sentence, intent in found:
        if intent and not intent.is_hint:
            texts.setdefault(intent.name, leading).append(sentence)
            leading = []
        elif intent is None or intent.name not in COURTESIES:
            (texts[next(reversed(texts))] if texts else leading).append(sentence)
    return tuple(Wish(name, "\n".join(said)) for name, said in texts.items())


def _best_hint(text: str, hints: list[Intent]) -> Wish:
    """The row that stands highest, so that "Hi! How are you?" is not only a greeting."""
    best = min(hints, key=INTENTS.index, default=None)
    unknown = "order" if order_ids(text) else "unclear"
    return Wish(best.name if best else unknown, text, is_hint=True)
