"""How customers say what is lasting about them: one rule a way of saying it."""

import re
from dataclasses import dataclass

from agents.memory import Kind
from agents.offline.language import pattern, vocabulary

_I_AM = r"(?:i'm|i am)"
_WE_ARE = r"(?:i'm|i am|we're|we are)"
_REST = r" (?P<it>[^!?;]+)"
_NAME = (
    r" (?P<it>[^\W\d_][\w'.-]*(?: (?!and\b|but\b|not\b|from\b|i\b|please\b|thanks\b|now\b|by\b|with\b)"
    r"[^\W\d_][\w'.-]*){0,2})"
)
_CHANNEL = r" (?:by |via |over |through )?(?P<it>e-?mails?|phone|text(?: messages?)?|sms|calls?|chat)\b"
_NOT_A_NAME = vocabulary(
    "not a an the here happy sorry sure looking trying having waiting back still just really very so in on at going "
    "fine good new glad afraid unhappy angry upset done ok okay tired late interested moving travelling traveling "
    "wondering calling writing when if later tomorrow today what that it"
)
_PASSING = pattern(
    r"\b(?:problem|question|issue|order|complaint|request|quer|refund|look|idea|bit|little|lot|customer)"
)
#: Said of this moment, in answer to a question, and of nothing lasting.
_FOR_NOW = pattern(
    r"(?:it|that|this|these|those|them|you|your|how|what|when|if|the (?:\w+ )?(?:ones?|first|second|last|option)"
    r"|to (?:return|cancel|exchange|keep|speak|talk|know|wait|get|have|see|change))\b"
)


@dataclass(frozen=True)
class Saying:
    """One way of saying something lasting.

    ``text`` is the memory's sentence, ``about`` what only one memory at a time can be true of; in both, the groups
    of ``pattern`` are filled in, of which ``it`` is what was said.
    """

    pattern: re.Pattern[str]
    kind: Kind
    text: str
    about: str = ""
    capitals_only: bool = False

    def match(self, statement: str) -> re.Match[str] | None:
        """What the customer said, or None when they do not say this in this way."""
        found = self.pattern.match(statement)
        return found if found and self._accepts(found["it"]) else None

    def _accepts(self, it: str) -> bool:
        if self.kind == "name":
            named = it.split()
            return not _NOT_A_NAME & {word.lower() for word in named} and (
                not self.capitals_only or all(word[0].isupper() for word in named)
            )
        return not (_FOR_NOW.match(it) if self.kind == "preference" else self.kind == "fact" and _PASSING.search(it))


def _name(*parts: str, capitals_only: bool = False) -> Saying:
    return Saying(pattern(*parts, _NAME), "name", "The customer's name is {it}.", "name", capitals_only)


def _preference(said: str, text: str, about: str = "", rest: str = _REST) -> Saying:
    return Saying(pattern(said, rest), "preference", f"The customer {text}.", about)


def _fact(said: str, text: str, about: str = "", rest: str = _REST) -> Saying:
    return Saying(pattern(said, rest), "fact", f"The customer{text}.", about)


def _situation(said: str, text: str, about: str = "", rest: str = _REST) -> Saying:
    return Saying(pattern(said, rest), "situation", f"The customer {text}.", about)


SAYINGS: tuple[Saying, ...] = (
    _name(r"my (?:first |full |real |correct )?name(?: is|'s)(?: actually| now)?"),
    _name(r"(?:you can |just )?call me"),
    _name(_I_AM, capitals_only=True),
    _name(r"this is", capitals_only=True),
    _preference(
        r"(?:i(?:'d| would)? (?:prefer|like) (?:to be|being)? ?(?:contacted|reached|called)|contact me|reach me)",
        "prefers to be contacted by {it}",
        "contact channel",
        _CHANNEL,
    ),
    _preference(r"i prefer", "prefers to be contacted by {it}", "contact channel", _CHANNEL),
    _preference(
        r"my favou?rite (?P<what>[a-z ]{3,20}?) (?:is|are)", "likes {it} best of any {what}", "favourite {what}"
    ),
    _preference(
        r"i (?:wear|take)(?: a| an)? (?P<what>shoe |clothing |shirt )?size",
        "wears {what}size {it}",
        "{what}size",
    ),
    _preference(r"my (?P<what>shoe |clothing |shirt )?size is", "wears {what}size {it}", "{what}size"),
    _preference(r"i (?:really |always |usually |would |much )*prefer", "prefers {it}"),
    _preference(r"i (?:really |absolutely |just )*love", "loves {it}"),
    _preference(r"i (?:really |do )*like", "likes {it}"),
    _preference(r"i (?:really |absolutely )*hate", "hates {it}"),
    _preference(r"i (?:really )?(?:do not|don'?t) like", "does not like {it}"),
    _preference(r"i (?:never|don'?t|do not) (?P<what>eat|drink|wear|use)", "does not {what} {it}"),
    _preference(r"i (?:only|always|usually) (?P<what>wear|use|drink|eat)", "usually {what}s {it}"),
    _fact(r"i (?:now )?live (?P<where>in|at|near)", " lives {where} {it}", "home"),
    _fact(rf"{_I_AM} (?:from|based in)", " is from {it}", "origin"),
    _fact(r"i (?:now )?work (?P<what>as|at|for|in)", " works {what} {it}", "work"),
    _fact(r"my birthday(?:'s| is)(?: on)?", "'s birthday is {it}", "birthday"),
    _fact(r"(?:i have|i own|i've got|i've)(?: got)?", " has {it}", rest=r" (?P<it>(?:a|an|two|three|four) [^!?;]+)"),
    _fact(rf"{_I_AM}", " is {it}", rest=r" (?P<it>an? [^!?;]+)"),
    _situation(r"(?:i|we)(?: have|'ve)?(?: just| recently)? moved (?:to|into)", "moved to {it}", "home"),
    _situation(
        _WE_ARE,
        "is {it}",
        rest=r" (?P<it>(?:moving|relocating|travell?ing|getting married|away|on (?:holiday|vacation)|renovating)"
        r"\b[^!?;]*)",
    ),
    _situation(r"(?:i|we)(?:'ll| will) be", "will be {it}"),
)
