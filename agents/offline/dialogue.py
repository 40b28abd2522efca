"""The next move in a conversation: a tool call, or what to say."""

from agents.offline.requests import current_requests
from agents.offline.skills import SKILLS
from agents.offline.steps import play
from agents.offline.transcript import Call, Transcript


def next_move(transcript: Transcript) -> Call | str:
    """The first call that a request of the newest message still needs; when none does, all replies together."""
    told: list[str] = []
    for request in current_requests(transcript):
        move = play(SKILLS[request.intent](request), transcript)
        if isinstance(move, Call):
            return move
        told.append(move)
    return "\n\n".join(dict.fromkeys(told))
