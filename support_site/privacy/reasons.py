""" "Why did you say that?": what the agent had in front of it when it wrote a reply, in the customer's words."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from agents.memory import Memory
from support_site.chat.lineage import Used, used_in
from support_site.chat.models import Message
from support_site.memory.models import Record
from support_site.memory.readable import summary
from support_site.privacy.remembered import unused_because

FORGOTTEN = "Something noted about you, forgotten since"
SINCE_REPLACED = "changed since"
NOT_USED_NOW = "not used any more"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One thing that was in front of the agent. ``since`` is what became of it; ``url`` leads to where it is kept."""

    what: str
    text: str
    since: str = ""
    url: str = ""


def reasons_for(reply: Message) -> list[Reason]:
    """What the turn of the reply used; [] if it rests on nothing but the conversation and the shop's articles."""
    if reply.turn is None:
        return []
    ended = reply.turn.finished_at or reply.created_at
    return list(dict.fromkeys(_reason(used, ended) for used in used_in(reply.turn)))


def _reason(used: Used, ended: datetime) -> Reason:
    record = used.record
    if used.kind == "memories":
        return _memory(record, ended) if record and record.is_live else Reason(what="Note", text=FORGOTTEN)
    what = "Product" if used.kind == "products" else "Order"
    if record is None or not record.is_live:
        return Reason(what=what, text=f"{what} that is not on file any more")
    since = SINCE_REPLACED if record.updated_at > ended else ""
    if used.kind == "products":
        return Reason(what=what, text=summary(record), since=since)
    return Reason(what=what, text=f"{record.key}: {summary(record)}", since=since, url=f"{reverse('memory')}#orders")


def _memory(record: Record, ended: datetime) -> Reason:
    memory = Memory.from_value(record.key, record.value or {})
    since = ""
    if memory.superseded_by:
        since = SINCE_REPLACED
    elif unused_because(memory):
        since = NOT_USED_NOW
    place = f"{reverse('memory')}?{urlencode({'q': memory.text})}#note-{memory.key}"
    return Reason(what="Note", text=memory.text, since=since, url=place)
