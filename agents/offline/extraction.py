"""What a customer's own sentences tell about them that is worth keeping, found by rules."""

import re
from collections.abc import Iterator

from agents.memory import MemoryDraft
from agents.offline.language import LONGEST_SENTENCE, order_ids, pattern, plain, sentences, unquoted
from agents.offline.sayings import SAYINGS, Saying
from agents.screening import is_suspicious, refusal, tidy

#: How sure a rule is of what the customer said in passing; of what they asked to be remembered it is certain.
SAID_IN_PASSING = 0.8

_LEAD_IN = pattern(
    r"(?:(?:hi|hello|hey|well|oh|so|and|but|also|actually|btw|by the way|no|yes|please|sorry|just so you know|fyi",
    r"|thanks|ok|okay)\b[\s,!.:-]*)+",
)
_ASKED = pattern(
    r"(?:(?:can|could|would|will) you )?(?:please )?(?:i(?:'d like| want) you to )?",
    r"(?:remember|note|keep in mind|make a note|don'?t forget|bear in mind)\b(?: (?:for next time|please|me))?",
    r"\s*(?:[:,]|that\b|of\b)?\s*",
)
_RELATIVES = (
    r"(?:wife|husband|partner|son|daughter|mother|father|mom|mum|dad|brother|sister|friend|neighbou?r|boss|colleague"
    r"|roommate|girlfriend|boyfriend|grand\w+|uncle|aunt|cousin|kids?|child(?:ren)?)"
)
_ABOUT_OTHERS = pattern(
    r"\b(?:he|she|they|his|her|their|someone|somebody|other customers?|another customer)\b",
    rf"|^(?:that )?my (?:\w+ )?{_RELATIVES}(?:'s)?\b",
)
_QUESTION = pattern(
    r"\?\s*$|^(?:is|are|was|were|do|does|did|can|could|would|will|should|may|what|who|whose|where|when|why|how|which)\b"
)
_HYPOTHETICAL = pattern(r"\b(?:if i|suppose|imagine|pretend|let'?s say|i wish|would have|used to|not sure)\b")
_PROBLEM = pattern(
    r"\b(?:problem|issue|wrong|broken|damaged|missing|late|complain\w*|defect\w*|trouble|hasn'?t (?:arrived|come)",
    r"|never (?:arrived|came)|not work\w*)\b",
)
#: Where one statement ends and the next begins: "my name is Bob and I live in Paris".
_NEXT_STATEMENT = pattern(r"(?:,? and |,? but |; |, )(?=(?:i|i'm|my|please|call me)\b)")
_THIRD_PERSON = (
    (pattern(r"\bI'm\b|\bI am\b"), "they are"),
    (pattern(r"\bI've\b|\bI have\b"), "they have"),
    (pattern(r"\bI\b"), "they"),
    (pattern(r"\bmy\b"), "their"),
    (pattern(r"\bmine\b"), "theirs"),
    (pattern(r"\bme\b"), "them"),
    (pattern(r"\bmyself\b"), "themselves"),
)


_PROMISE = pattern(
    r"^(?:(?:so|and|then|yes|ok(?:ay)?|sure|of course)[, ]+)*(?:i|we|our team|someone|the shop)\b"
    r"(?:'ll| will| (?:am|are|is) going to| promise| guarantee)\b"
    r"|^you(?:'ll| will) (?:get|receive|have|be (?:refunded|sent|credited))\b",
)
_REFUSED = pattern(r"\b(?:not|never|cannot|can'?t|won'?t|unable|unfortunately)\b")


def promises(text: str) -> list[MemoryDraft]:
    """Drafts of what a person of the shop promised in a message; what is quoted, asked or refused is none."""
    said = [one for one in sentences(unquoted(plain(text))) if len(one) <= LONGEST_SENTENCE]
    promised = (one for one in said if _PROMISE.search(one) and not (_QUESTION.search(one) or _REFUSED.search(one)))
    texts = dict.fromkeys(tidy(f"Our team promised: {one}") for one in promised)
    return [MemoryDraft(text=each, kind="promise", trust="staff", confidence=SAID_IN_PASSING) for each in texts]


def extract(texts: list[str]) -> list[MemoryDraft]:
    """Drafts of what the customer's own texts tell about them, oldest first, each once.

    Read are a name, preferences, facts, situations and order numbers that are mentioned. Passed over are
    questions, sentences beyond ``LONGEST_SENTENCE``, what is only quoted, what is about other people, and whatever
    ``screening`` would refuse or suspect.
    """
    said = (one for text in texts for one in sentences(unquoted(plain(text))) if len(one) <= LONGEST_SENTENCE)
    drafts = [draft for sentence in said for draft in _of_sentence(sentence)]
    return list({draft.text: draft for draft in drafts}.values())


def requested(text: str) -> MemoryDraft | None:
    """The draft of what a customer asks to be remembered ("remember that I live in Rome", "call me Bob").

    Whatever they asked is taken, in the third person when no rule knows it; None when they named nothing. Whether
    it may be kept is for ``may_be_kept`` to say.
    """
    said = without_request(plain(text)[:LONGEST_SENTENCE]).strip(" .!,:")
    if not said:
        return None
    draft = next(_statements(said, confidence=1.0), None)
    return draft or MemoryDraft(text=tidy(f"The customer asked us to remember: {_third_person(said)}."), kind="fact")


def may_be_kept(text: str) -> bool:
    """Whether a customer's sentence holds nothing secret, very personal, or meant to steer the agent."""
    text = text[:LONGEST_SENTENCE]
    return not (refusal(text) or is_suspicious(text))


def _of_sentence(sentence: str) -> Iterator[MemoryDraft]:
    yield from _mentions(sentence)
    said = without_request(sentence)
    was_asked = len(said) < len(_LEAD_IN.sub("", sentence, count=1))
    if may_be_kept(sentence) and not (_QUESTION.search(said) or _HYPOTHETICAL.search(said) or order_ids(said)):
        yield from _statements(said, confidence=1.0 if was_asked else SAID_IN_PASSING)


def _mentions(sentence: str) -> Iterator[MemoryDraft]:
    has_problem = _PROBLEM.search(sentence)
    told, about = ("reported a problem with", "problem with ") if has_problem else ("asked about", "")
    for order_id in order_ids(sentence):
        text = f"The customer {told} order {order_id}."
        yield MemoryDraft(text=text, kind="order_mention", about=f"{about}order {order_id}", order_id=order_id)


def _statements(said: str, confidence: float) -> Iterator[MemoryDraft]:
    for statement in _NEXT_STATEMENT.split(said):
        if _ABOUT_OTHERS.search(statement):
            continue
        statement = _without_lead_in(statement.strip())
        known = ((saying, match) for saying in SAYINGS if (match := saying.match(statement)))
        for saying, match in list(known)[:1]:
            yield _draft(saying, match, confidence)


def _draft(saying: Saying, match: re.Match[str], confidence: float) -> MemoryDraft:
    parts = {name: value or "" for name, value in match.groupdict().items()}
    said = parts["it"].strip(" ,.")
    parts["it"] = _as_name(said) if saying.kind == "name" else _third_person(said)
    return MemoryDraft(
        text=tidy(saying.text.format(**parts)),
        kind=saying.kind,
        about=saying.about.format(**parts).lower(),
        confidence=1.0 if saying.kind == "name" else confidence,
    )


def without_request(sentence: str) -> str:
    """ "Hi! Remember: my name is Bob" → "my name is Bob"."""
    asked = _ASKED.match(said := _without_lead_in(sentence))
    return _without_lead_in(said[asked.end() :]) if asked else said


def _without_lead_in(sentence: str) -> str:
    return _LEAD_IN.sub("", sentence, count=1) if _LEAD_IN.match(sentence) else sentence


def _third_person(said: str) -> str:
    """What a customer says of themselves, said of them: "my desk" → "their desk"."""
    for first, third in _THIRD_PERSON:
        said = first.sub(third, said)
    return said


def _as_name(said: str) -> str:
    return said if any(letter.isupper() for letter in said) else said.title()
