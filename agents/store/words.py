"""Text into stemmed words: the lexical half of a search, and what a lexical embedder hashes."""

import re
import threading
import unicodedata
from functools import lru_cache

import Stemmer

_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")

#: Words that carry no topic; "s", "t" and their like are what an apostrophe leaves behind.
_STOPPED = """
    a about after again all also am an and any are as at be because been before being but by can could d did do
    does doing don for from had has have having he her hers him his how i if in into is it its just ll m me my no nor
    not of on or our out over own re s same she should so some such t than that the their theirs them then there these
    they this those through to too up us ve very was we were what when where which while who whom why will with would
    you your yours
"""
STOP_WORDS = frozenset(_STOPPED.split())

#: Forms that no suffix tells apart, each after its base: people ask "did I buy" of what they told as "I bought".
_FORMS = """
    become became; begin began begun; blow blew blown; break broke broken; bring brought; build built; burn burnt;
    buy bought; catch caught; choose chose chosen; come came; deal dealt; draw drew drawn; dream dreamt;
    drink drank drunk; drive drove driven; eat ate eaten; fall fell fallen; feed fed; feel felt; fight fought;
    find found; fly flew flown; forget forgot forgotten; freeze froze frozen; get got gotten; give gave given;
    go went gone; grow grew grown; hang hung; hear heard; hide hid hidden; hold held; keep kept; know knew known;
    lead led; learn learnt; leave left; lend lent; lose lost; make made; mean meant; meet met; pay paid;
    ride rode ridden; ring rang rung; run ran; say said; see saw seen; sell sold; send sent; shake shook shaken;
    show shown; shrink shrank shrunk; sing sang sung; sink sank sunk; sit sat; sleep slept; speak spoke spoken;
    spell spelt; spend spent; stand stood; steal stole stolen; stick stuck; strike struck; swear swore sworn;
    swim swam swum; take took taken; teach taught; tear tore torn; tell told; think thought; throw threw thrown;
    understand understood; wake woke woken; wear wore worn; win won; write wrote written;
    child children; man men; woman women; foot feet; tooth teeth; mouse mice; wife wives; knife knives
"""
_BASES = {form: base for base, *forms in map(str.split, _FORMS.split(";")) for form in forms}

_local = threading.local()


def words(text: str) -> list[str]:
    """The words of a text in order: folded to lower case without accents, stemmed (English), stop words left out.

    Scripts that put no spaces between words give overlapping pairs of characters.
    """
    found: list[str] = []
    for word in _WORD.findall(_folded(text)):
        if word in STOP_WORDS:
            continue
        if word.isascii() or not _UNSPACED.search(word):
            found.append(_stem(word))
        else:
            found.extend(_pairs(word))
    return found


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFKC", "".join(c for c in apart if not unicodedata.combining(c)))


def _pairs(word: str) -> list[str]:
    return [word[i : i + 2] for i in range(len(word) - 1)] or [word]


@lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    if not hasattr(_local, "stemmer"):  # a Stemmer must not be shared by threads
        _local.stemmer = Stemmer.Stemmer("english", 0)
    stemmed: str = _local.stemmer.stemWord(_BASES.get(word, word))
    return stemmed
