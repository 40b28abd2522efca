"""What the customer wants now: a wish of this message, or one of earlier with the answers given since."""

import re
from collections.abc import Iterable, Iterator
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
    intent: str
    said: tuple[Said, ...]
    transcript: Transcript

    @cached_property
    def text(self) -> str:
        """Everything said about it."""
        return "\n".join(said.text for said in self.said)

    @property
    def latest(self) -> str:
        return self.said[-1].text

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

    def opening_and_answers_to(self, question: str) -> list[str]:
        """The same, and last what the request began with."""
        return [*self.answers_to(question), self.said[0].text]

    def _turns_before(self) -> Iterator[Turn]:
        return (turn for turn in reversed(self.transcript.turns) if turn.said not in {said.text for said in self.said})

    def _spoken_of(self) -> Iterator[str]:
        for turn in self._turns_before():
            yield from reversed(turn.order_ids)
        yield from self.transcript.mentioned_before


def current_requests(transcript: Transcript) -> list[Request]:
    """The requests that the newest message makes or goes on with, at least one."""
    requests: list[Request] = []
    for turn, before in zip(transcript.turns, [None, *transcript.turns], strict=False):
        open_request = _left_open(requests, before)
        requests = list(_of_turn(turn, before, open_request, transcript))
    return requests


def _left_open(requests: Iterable[Request], turn: Turn | None) -> Request | None:
    """The request that waits for an answer after this turn."""
    last = next(reversed(list(requests)), None)
    if turn is None or last is None or turn.wrote or last.intent in PASSING:
        return None
    return last if turn.asks or turn.open_proposal else None


def _of_turn(turn: Turn, before: Turn | None, left_open: Request | None, transcript: Transcript) -> Iterator[Request]:
    asked = wishes(turn.said)
    if before and OFFER_PERSON in before.reply and is_yes(turn.said):
        yield Request("person", (Said(turn.said),), transcript)
    elif left_open and before and _goes_on(left_open, turn.said, asked):
        yield replace(left_open, said=(*left_open.said, _answer(turn.said, before.reply)))
    else:
        yield from (Request(wish.intent, (Said(wish.text),), transcript) for wish in asked)


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
