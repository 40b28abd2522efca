"""What the customer wants now: a wish of this message, or one of earlier with the answers given since."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from agents.offline import slots
from agents.offline.intents import COURTESIES, PASSING
from agents.offline.language import is_no, is_yes, order_ids, ordinal
from agents.offline.replies import OFFER_PERSON
from agents.offline.transcript import Transcript, Turn
from agents.offline.wishes import Wish, wishes

_CHOICE = re.compile(r"^\d+\. (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Said:
    """A message of the customer; ``question`` is the reply it answers, empty for the one that began the request."""

    text: str
    question: str = ""


@dataclass(frozen=True)
class Request:
    """Something the customer wants. ``began`` is the number of the turn in which they first said so."""

    intent: str
    said: tuple[Said, ...]
    began: int
    transcript: Transcript

    @cached_property
    def text(self) -> str:
        """Everything said about it."""
        return "\n".join(said.text for said in self.said)

    @property
    def order_ids(self) -> list[str]:
        return order_ids(self.text)

    @property
    def focus(self) -> str | None:
        """The order that was last spoken of before this request, in this conversation or an earlier one."""
        return next(self._spoken_of(), None)

    @property
    def focus_is_remembered(self) -> bool:
        return not any(turn.order_ids for turn in self._turns_before())

    def answers_to(self, question: str) -> list[str]:
        """What was answered to the questions that hold these words, newest first."""
        return [said.text for said in reversed(self.said) if question in said.question]

    def _turns_before(self) -> Iterator[Turn]:
        return reversed(self.transcript.turns[: self.began])

    def _spoken_of(self) -> Iterator[str]:
        for turn in self._turns_before():
            yield from reversed(turn.order_ids)
        yield from self.transcript.mentioned_before


def current_requests(transcript: Transcript) -> list[Request]:
    """The requests that the newest message makes or goes on with, at least one."""
    requests: list[Request] = []
    for number, turn in enumerate(transcript.turns):
        before = transcript.turns[number - 1] if number else Turn("")
        requests = list(_of_turn(turn, before, _left_open(requests, before), number, transcript))
    return requests


def _left_open(requests: Sequence[Request], turn: Turn) -> Request | None:
    """The request that waits for an answer after this turn."""
    if not requests or turn.wrote or requests[-1].intent in PASSING:
        return None
    return requests[-1] if turn.asks or turn.open_proposal else None


def _of_turn(
    turn: Turn, before: Turn, left_open: Request | None, number: int, transcript: Transcript
) -> Iterator[Request]:
    asked = wishes(turn.said)
    if OFFER_PERSON in before.reply and is_yes(turn.said):
        yield Request("person", (Said(turn.said),), number, transcript)
    elif left_open and _goes_on(left_open, turn.said, asked):
        yield replace(left_open, said=(*left_open.said, _answer(turn.said, before.reply)))
    else:
        yield from (Request(wish.intent, (Said(wish.text),), number, transcript) for wish in asked)


def _answer(text: str, question: str) -> Said:
    """An answer to a question; "the second" stands for the second line of its list."""
    lines = _CHOICE.findall(question)
    chosen = ordinal(text, len(lines))
    return Said(text if chosen is None else f"{lines[chosen]}\n{text}", question)


def _goes_on(request: Request, text: str, asked: tuple[Wish, ...]) -> bool:
    """Whether a message answers what the request asked, rather than beginning something else."""
    if slots.plainly_answers(request.intent, text) or [wish.intent for wish in asked] == [request.intent]:
        return True
    return not is_no(text) and all(wish.is_hint and wish.intent not in COURTESIES for wish in asked)
