"""Small talk, and giving the conversation to a person."""

from agents.offline import replies
from agents.offline.requests import Request
from agents.offline.steps import Steps, always
from agents.offline.transcript import Call


def greet(request: Request) -> Steps[str]:
    profile_name = request.transcript.profile_name or ""
    return replies.greeting(request.transcript.told_name or profile_name.partition(" ")[0])
    yield from ()


def person(request: Request) -> Steps[str]:
    said = [turn.said for turn in request.transcript.turns if turn.said][-3:]
    result = yield Call(
        "transfer_to_human_agents", {"summary": f"The customer asks for a person. Said last: {' / '.join(said)}"}
    )
    return replies.HANDED_OVER if result.ok else result.text


SKILLS = {
    "greeting": greet,
    "yes": always(replies.NOTHING_OPEN),
    "person": person,
    "no": always(replies.OK_NO),
    "never_mind": always(replies.NEVER_MIND),
    "nothing_said": always(replies.NOTHING_SAID),
    "unclear": always(replies.UNCLEAR),
    "foreign": always(replies.FOREIGN),
    "how_are_you": always(replies.HOW_I_AM),
    "what_can_you_do": always(replies.CAPABILITIES),
    "who_are_you": always(replies.WHO_I_AM),
    "unhappy": always(replies.UNHAPPY),
    "thanks": always(replies.YOU_ARE_WELCOME),
    "discount": always(replies.NO_DISCOUNTS),
    "goodbye": always(replies.GOODBYE),
    "told": always(replies.THANKS_FOR_TELLING),
}
