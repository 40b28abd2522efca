"""Reading English: sentences, words, order numbers, yes and no. Pure functions on text."""

import re
from functools import lru_cache

from agents.mentions import mentioned_orders


def vocabulary(text: str) -> frozenset[str]:
    """A set of words, written as a person would list them."""
    return frozenset(text.split())


def pattern(*parts: str) -> re.Pattern[str]:
    """The parts as one pattern that does not mind upper and lower case."""
    return re.compile("".join(parts), re.IGNORECASE)


#: Characters of a sentence that are looked at for a meaning.
LONGEST_SENTENCE = 300

_STRAIGHT = str.maketrans("\u2018\u2019\u02bc\u201c\u201d\u201e\u00ab\u00bb\u00a0", '\'\'\'""""" ')
_QUOTED = re.compile(r"```.*?```|^\s*>.*$|\"[^\"]*\"|(?<!\w)'[^'\n]{3,}'(?!\w)", re.DOTALL | re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[^\s\d])|\n+")
_ABBREVIATION = re.compile(r"\b(?:St|Ave|Rd|Dr|Apt|No|Mr|Mrs|Ms|Blvd|Ln|Jr)\.$")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_BARE_ORDER = re.compile(r"(?<![\w#.-])\d{7}(?![\w-])")
_NUMBER_IS = pattern(r"(?<=\border )(?:number|no\.?|id) (?:is|was) ")
_DOOR = pattern(r"\b(?:apt|apartment|suite|ste|unit|room|floor)\b\.?\s*#?\s*\w+")
_YES = pattern(
    r"(?:yes|yep|yeah|yup|sure|ok(?:ay)?|please do|go ahead|do it|confirm(?:ed)?|correct|of course|absolutely",
    r"|i do|sounds good|that'?s (?:right|correct|fine)|i (?:agree|confirm))",
    r"(?:[\s,.!]+(?:please|thanks|thank you|sure|go ahead|do it|that one|i (?:do|confirm|agree)|proceed))*[\s.!]*",
)
_NO = pattern(
    r"(?:no|nope|nah|not now|don'?t|no thanks?|no thank you|i (?:don'?t|do not) want (?:that|to|it)",
    r"|that'?s (?:all|it)|nothing(?: else)?)",
    r"(?:[\s,.!]+(?:thanks?(?: you)?|that'?s (?:all|it)|please|don'?t|i'?m (?:good|fine)|nothing(?: else)?))*[\s.!]*",
)
_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5}
_ORDINAL = pattern(
    r"(?:^|\b(?:the|number|no\.?|option|item)\s+)#?",
    r"(?:(?P<digit>[1-9])|(?P<word>first|1st|second|2nd|third|3rd|fourth|4th|fifth|last))",
    r"(?:\s+(?:one|option|order|item))?(?=[\s.,!]*$|[\s,]+(?:please|and)\b)",
)
_FOREIGN = vocabulary(
    "hola gracias buenos buenas dónde donde está mi pedido quiero puedo cómo pedidos por favor cancelar señor ayuda "
    "bonjour merci où est commande je veux suis mon ma puis comment votre s'il plaît salut annuler une les des "
    "hallo guten danke wo ist meine bestellung ich möchte kann wie bitte und der das mein stornieren nicht "
    "ciao grazie dove dov'è il mio ordine voglio posso buongiorno sono olá obrigado obrigada onde meu quero hoje não "
    "hej tack var är min beställning waar mijn bestelling ik wil dank gdzie jest moje zamówienie"
)
_ENGLISH = vocabulary(
    "i you the a an is are my me it to of and in on for with where what when how can do does did please order hi "
    "hello want need would like not this that have has was were your there if or from at be will name thanks"
)
_SAME = {"grey": "gray", "colour": "color", "colours": "color"}
_PLURALS = (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("ss", "ss"), ("us", "us"), ("s", ""))


def plain(text: str) -> str:
    """The text with straight quotation marks and apostrophes, however it was typed."""
    return text.translate(_STRAIGHT).strip()


def unquoted(text: str) -> str:
    """The text without what it only quotes: quotation marks, quoted lines, code."""
    return _QUOTED.sub(" ", text)


def sentences(text: str) -> list[str]:
    """The sentences of a text, stripped, none empty; "12 Main St. Boston" stays in one piece."""
    whole: list[str] = []
    for piece in _SENTENCE_END.split(text):
        if whole and _ABBREVIATION.search(whole[-1]):
            whole[-1] += " " + piece
        else:
            whole.append(piece)
    return [piece.strip() for piece in whole if piece.strip()]


def words(text: str) -> list[str]:
    """The words of a text, lower case."""
    return [word.lower() for word in _WORD.findall(text)]


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A word without its plural and in one spelling: "shoes" is "shoe", "batteries" "battery", "grey" "gray"."""
    word = word.removesuffix("'s")
    word = _SAME.get(word, word)
    for ending, becomes in _PLURALS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word[: -len(ending)] + becomes
    return word


_TSHIRT = pattern(r"\btee[- ]?(?:shirt)?s?\b|\bt[- ]?shirts?\b")


@lru_cache(maxsize=4096)
def stems(text: str) -> tuple[str, ...]:
    """The stemmed words of a text; every spelling of "T-Shirt" is "tshirt"."""
    return tuple(stem(word) for word in words(_TSHIRT.sub("tshirt", text)))


def order_ids(text: str) -> list[str]:
    """Order numbers named in a text as the shop writes them ("#W2611340"), each once, in order.

    "w2611340", "order 2611340" and a bare "2611340" are "#W2611340"; a number of another length keeps its own
    shape ("#12345"), so that it can be looked up and found missing.
    """
    text = _NUMBER_IS.sub("", _DOOR.sub(" ", text))
    named = mentioned_orders(text) + [f"#{number}" for number in _BARE_ORDER.findall(text)]
    return list(dict.fromkeys(f"#W{one[1:]}" if len(one) == 8 and one[1:].isdigit() else one for one in named))


def is_yes(text: str) -> bool:
    return _YES.fullmatch(text) is not None


def is_no(text: str) -> bool:
    return _NO.fullmatch(text) is not None


def ordinal(text: str, length: int) -> int | None:
    """The index (from 0) that "the second one", "2" or "last" means in a list of that length, or None."""
    match = _ORDINAL.search(text)
    if match is None or not length:
        return None
    word = (match["word"] or "").lower()
    number = length if word == "last" else int(match["digit"] or _ORDINALS[word])
    return number - 1 if number <= length else None


def is_foreign(text: str) -> bool:
    """Whether a text is plainly not English: another script, or more foreign than English words."""
    letters = [letter for letter in text if letter.isalpha()]
    if letters and sum(letter > "\u024f" for letter in letters) * 2 > len(letters):
        return True
    said = words(text)
    foreign = sum(word in _FOREIGN for word in said)
    return foreign > 0 and foreign > sum(word in _ENGLISH for word in said)
