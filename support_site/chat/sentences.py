"""What people are told when something is not possible: a sentence for every code."""

from datetime import datetime
from math import ceil

from django.utils import timezone

from agents.errors import IN_A_MINUTE, ModelError

MAX_LENGTH = 8000

SENTENCES = {
    # A frame or a click that cannot be carried out.
    "bad_frame": "Your browser sent something this page does not understand. Reload the page.",
    "hello_first": "This page is out of step with the site. Reload it.",
    "empty": "Write something first.",
    "too_long": f"A message can have at most {MAX_LENGTH:,} characters. Please send it in parts.",
    "not_found": "That is not here any more. Reload the page.",
    "not_running": "That answer has already ended.",
    "not_failed": "That answer did not fail, so there is nothing to try again.",
    "too_late": "The conversation has gone on since. Please ask again in a new message.",
    "already_decided": "That has already been decided.",
    "changed": "The details have changed since you saw them. Please look at them again.",
    "needs_staff": "A person from our team decides about this one.",
    "needs_customer": "The customer decides about this one.",
    "own_account": "This goes to your own account, so somebody else of the team has to decide.",
    "needs_reason": "Say why you decline: the customer is told.",
    "with_person": "A person from our team answers in this conversation now.",
    "site_failed": "Something went wrong on our side. What you wrote stays in the box; please try again.",
    # A limit; the page says beside it when it lifts.
    "limited": "That was too much at once. Please wait a little.",
    "too_fast": "You are writing faster than we can read.",
    "too_many_turns": "Several of your questions are being answered already. Please wait for one of the answers.",
    "spent_today": "Our automatic agent has answered as much as it may for you today. A person can answer you now: "
    "choose “Ask for a person” among the options of this conversation.",
    # A correction of something noted.
    "not_noted": "We cannot note that: no card numbers, passwords or very personal matters, and no empty notes.",
    "for_review": "Our team has to look at that first. The note stays as it was.",
    # A turn that failed.
    "turn_timed_out": "The answer took too long, so I stopped. Please try again.",
    "gave_up": "I could not finish my answer, even after several attempts. Please try again.",
    "store_unavailable": "I cannot look things up at the moment. Please try again in a minute.",
    "failed": "I could not answer because of a problem on our side. Please try again.",
}

# What the site itself says in a conversation.
STAFF_DECIDES = (
    "Our team decides about the request above first; this message is answered after that. "
    "For something else you can begin a new conversation."
)
TAKEN_OVER = "A person of our team is answering now."
HANDED_BACK = "Our automatic agent is answering again."
AGENT_IS_OFF = (
    "Our automatic agent is switched off at the moment. A person from our team will answer you here. "
    "You can go on writing; nothing gets lost."
)
HANDED_OFF = "A person from our team will answer you here. You can go on writing; nothing gets lost."


class Refused(Exception):
    """What was asked for is not possible now. ``code`` is a key of SENTENCES."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Limited(Refused):
    """Too much, for now. ``why`` is a key of SENTENCES, ``retry_after`` whole seconds until it lifts, at least 1."""

    def __init__(self, why: str, *, retry_after: float) -> None:
        super().__init__("limited")
        self.why = why
        self.retry_after = max(1, ceil(retry_after))


def sentence(code: str, try_again_at: datetime | None = None) -> str:
    """The sentence for a person; a code that is not known gets the general one. "In a minute" becomes longer where it
    is known that it takes longer."""
    told = SENTENCES.get(code) or _of_models().get(code) or SENTENCES["failed"]
    minutes = ceil((try_again_at - timezone.now()).total_seconds() / 60) if try_again_at else 0
    return told.replace(IN_A_MINUTE, _in_time(minutes)) if minutes > 1 else told


def _in_time(minutes: int) -> str:
    return f"in {minutes} minutes" if minutes < 90 else f"in {round(minutes / 60)} hours"


def _of_models() -> dict[str, str]:
    kinds: list[type[ModelError]] = [ModelError, *ModelError.__subclasses__()]
    return {kind.code: kind.sentence for kind in kinds}
