"""What can be done with memories in the admin, as data: each verb's words, form and permission."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from support_site.review import services
from support_site.review.forms import AddForm, EditForm, ExpiryForm, MergeForm, ReasonForm
from support_site.review.models import Memory

CHANGES, DELETES, ADDS = "review.change_memory", "review.delete_memory", "review.add_memory"
Memories = Sequence[Memory]


def _nothing(memories: Memories) -> dict[str, Any]:
    return {}


def _seen(memories: Memories) -> dict[str, Any]:
    return {"seen": {str(memory.pk): memory.digest for memory in memories}}


def _as_it_is(memories: Memories) -> dict[str, Any]:
    return {**_seen(memories), "text": str(memories[0]), "kind": memories[0].memory_kind}


def _until(memories: Memories) -> dict[str, Any]:
    return {"until": memories[0].recalled_until}


def _together(memories: Memories) -> dict[str, Any]:
    return {**_seen(memories), "text": " ".join(str(memory) for memory in memories)[: services.LONGEST]}


@dataclass(frozen=True, kw_only=True)
class Verb:
    """``run`` is called with what the form asked for, and with the ids of the memories where ``takes_ids``."""

    label: str
    #: The key on the keyboard that leads to it.
    key: str = ""
    #: What it does, for whoever is about to do it.
    explained: str
    done: str
    run: Callable[..., object]
    form: type[ReasonForm] = ReasonForm
    permission: str = CHANGES
    takes_ids: bool = True
    fewest: int = 1
    most: int = services.MOST_AT_ONCE
    initial: Callable[[Memories], dict[str, Any]] = _nothing
    #: Reasons that are often given; the first is filled in where ``is_usual``.
    reasons: tuple[str, ...] = ()
    is_usual: bool = False
    #: What it is done with is recalled from then on, in the place of what that contradicts.
    puts_in_force: bool = False
    #: Past replies may have been wrong, if this was right; they are offered for correction.
    may_correct: bool = True
    #: It can be tried on a past reply before it is done (replay.py).
    can_be_tried: bool = False


VERBS = {
    "approve": Verb(
        label="Approve",
        key="a",
        explained="The agent may recall it, in the place of what it contradicts. It leaves the queue.",
        done="Approved.",
        run=services.approve,
        puts_in_force=True,
        reasons=("Looks right", "Checked with the conversation", "Asked the customer"),
        is_usual=True,
    ),
    "edit": Verb(
        label="Edit",
        key="e",
        explained="From now on staff vouch for what it says.",
        done="Changed.",
        run=services.edit,
        form=EditForm,
        takes_ids=False,
        most=1,
        initial=_as_it_is,
        puts_in_force=True,
        can_be_tried=True,
        reasons=("Misunderstood", "Asked the customer", "Wording"),
    ),
    "quarantine": Verb(
        label="Quarantine",
        key="q",
        explained="It is kept, and the agent recalls it no more.",
        done="In quarantine.",
        run=services.quarantine,
        reasons=("Not true", "Reads like an instruction", "Not for us to know"),
    ),
    "expire": Verb(
        label="Change expiry",
        key="t",
        explained="The agent recalls it until then. It is kept.",
        done="Expiry changed.",
        run=services.expire,
        form=ExpiryForm,
        initial=_until,
        reasons=("True for a while only", "Still true"),
    ),
    "merge": Verb(
        label="Merge",
        key="m",
        explained="One memory takes the place of these. It is trusted no more than the least trusted of them.",
        done="Merged.",
        run=services.merge,
        form=MergeForm,
        takes_ids=False,
        fewest=2,
        may_correct=False,
        initial=_together,
        reasons=("They say the same",),
    ),
    "delete": Verb(
        label="Delete",
        key="d",
        explained="The store forgets it. What it had superseded is recalled again. It can be undone from its history.",
        done="Deleted.",
        run=services.delete,
        permission=DELETES,
        reasons=("Not true", "Not for us to know", "The customer asked for it"),
    ),
    "add": Verb(
        label="Add a memory",
        explained="The agent recalls it with the trust of staff. What it contradicts is superseded.",
        done="Added.",
        run=services.add,
        form=AddForm,
        permission=ADDS,
        takes_ids=False,
        fewest=0,
        most=0,
        initial=lambda memories: {"form_id": uuid4()},
        reasons=("Told by telephone", "Told by mail"),
    ),
}
