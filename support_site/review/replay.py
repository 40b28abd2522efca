"""Try before you save: an edit of a memory, tried on the last turn that used it. Here it is asked for and kept;
``rehearsal`` runs the agent, in a worker."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from agents.screening import rests_on
from support_site.accounts.models import User
from support_site.chat.lineage import replies_that_used
from support_site.chat.models import Message, Turn
from support_site.chat.rendering import blocks
from support_site.review.changing import NotDone
from support_site.review.models import Memory, Replay
from support_site.review.services import edited

KEPT = timedelta(days=1)
#: Turns among which one is looked for whose reply repeats the memory.
LOOKED_AT = 20

Status = Replay.Status


def ask(memory: Memory, *, text: str, kind: str, by: User) -> Replay:
    """A replay that waits for a worker. Raises NotDone: nothing to be remembered, or no reply used the memory."""
    edited(memory.value or {}, text=text, kind=kind)
    turn = last_use(memory)
    if turn is None:
        raise NotDone("No reply has used this memory yet, so there is nothing to try the edit on.")
    return Replay.objects.create(memory=memory, turn=turn, text=text, kind=kind, seen=memory.digest, asked_by=by)


def last_use(memory: Memory) -> Turn | None:
    """The newest turn with a reply that repeats the memory; if there is none, that only had it in a prompt."""
    if memory.account_id is None or not memory.is_live:
        return None
    used = replies_that_used(memory.account_id, memory.kind, memory.key).filter(messages__role=Message.Role.AGENT)
    newest = list(used.distinct()[:LOOKED_AT])
    return next((turn for turn in newest if _repeats(turn, memory)), newest[0] if newest else None)


def _repeats(turn: Turn, memory: Memory) -> bool:
    return rests_on(str(memory), turn.messages.filter(role=Message.Role.AGENT).values_list("text", flat=True))


def claim(replay_id: UUID) -> Replay | None:
    """Take the replay on; None if somebody has, is at it, or it is gone."""
    lost = Q(
        status=Status.RUNNING, started_at__lt=timezone.now() - timedelta(seconds=2 * settings.TURN_TIMEOUT_SECONDS)
    )
    waiting = Replay.objects.filter(Q(status=Status.WAITING) | lost, pk=replay_id)
    if not waiting.update(status=Status.RUNNING, started_at=timezone.now()):
        return None
    return Replay.objects.select_related("memory", "turn__conversation__account").get(pk=replay_id)


def finish(replay: Replay, *, texts: Iterable[str], notes: Sequence[str]) -> None:
    """Keep what the agent said, and what else it would have done."""
    html = "\n".join(block for text in texts for block in blocks(text))
    _end(replay, status=Status.DONE, html=html, notes=list(notes))


def fail(replay: Replay, trouble: str) -> None:
    """Keep why nothing came of it."""
    _end(replay, status=Status.FAILED, trouble=trouble[:300])


def sweep() -> int:
    """Drop what was tried a day ago. Returns how many replays."""
    count, _ = Replay.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return count


def said_in(turn: Turn) -> QuerySet[Message]:
    """What the customer and the agent said in the turn, in its order."""
    return turn.messages.filter(role__in=(Message.Role.CUSTOMER, Message.Role.AGENT)).order_by("position")


def _end(replay: Replay, **fields: object) -> None:
    Replay.objects.filter(pk=replay.pk, status=Status.RUNNING).update(**fields, finished_at=timezone.now())
