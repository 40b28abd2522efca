"""How a skill is written: a generator that yields the tool calls it needs and returns what to say.

It runs from its beginning at every model call. A call that was made before is answered with its result out of the
transcript; the first one that was not is the model's next move. So a skill reads like plain code, and keeps no state.
"""

from collections.abc import Callable, Generator, Iterable
from typing import Any, NoReturn, TypeVar

from agents.offline import replies
from agents.offline.requests import Request
from agents.offline.transcript import Call, Result, Transcript

T = TypeVar("T")
Steps = Generator[Call, Result, T]
Skill = Callable[[Request], Steps[str]]


class Reply(Exception):
    """Ends a skill early with these words for the customer."""


def say(text: str) -> NoReturn:
    raise Reply(text)


def look_up(tool: str, **arguments: Any) -> Steps[Any]:
    """What a reading tool found, as JSON; what it refuses is said in its own words."""
    result = yield Call(tool, arguments)
    if not result.ok or result.value is None:
        say(result.text)
    return result.value


def play(steps: Steps[str], transcript: Transcript) -> Call | str:
    """The next call of a skill that nobody made yet, or what it says in the end."""
    try:
        call = next(steps)
        while result := _answer(call, transcript):
            call = steps.send(result)
    except StopIteration as end:
        return str(end.value)
    except Reply as reply:
        return str(reply)
    return call


def _answer(call: Call, transcript: Transcript) -> Result | None:
    if transcript.file is None:
        return Result(replies.STORE_DOWN, ok=False)
    if call.tool not in transcript.tools:
        return transcript.result_of(call) or Result(replies.NOT_POSSIBLE, ok=False)
    return transcript.result_of(call)


def always(text: str) -> Skill:
    """A skill that needs no tool."""

    def skill(request: Request) -> Steps[str]:
        return text
        yield from ()

    return skill


def only_one(found: Iterable[T]) -> T | None:
    """The one thing found, or None if there are none or several."""
    several = list(found)
    return several[0] if len(several) == 1 else None
