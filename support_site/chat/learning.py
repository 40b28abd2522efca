"""After a turn: what the customer told is remembered."""

import logging
from uuid import UUID

from django.utils import timezone
from langchain_core.messages import HumanMessage

from agents.extraction import learn
from agents.memory import Source
from support_site.chat.agent import site_agent
from support_site.chat.models import Message, Turn
from support_site.threads import in_thread

logger = logging.getLogger(__name__)


async def learn_from(turn_id: UUID) -> int:
    """Learn from the customer's messages of a finished turn, once; how many memories they make.

    Raises ModelError and StoreError; then the turn stays unlearned, to be tried again.
    """
    told = await in_thread(_unlearned)(turn_id)
    if not told:
        return 0
    agent = await site_agent()
    conversation = told[0].conversation
    source = Source(conversation=str(conversation.pk), turn=str(turn_id), message=str(told[0].pk))
    said = [HumanMessage(message.text, id=str(message.pk)) for message in told]
    learned = await learn(
        agent.store, agent.model, str(conversation.account_id), said, source, said_at=told[0].created_at.isoformat()
    )
    await in_thread(Turn.objects.filter(pk=turn_id, learned_at=None).update)(learned_at=timezone.now())
    logger.info("turn %s: %d memories learned", turn_id, len(learned))
    return len(learned)


def _unlearned(turn_id: UUID) -> list[Message]:
    """The customer's messages of a turn that is over and was not learned from; [] otherwise."""
    told = Message.objects.filter(
        turn_id=turn_id,
        turn__learned_at=None,
        turn__status__in=(Turn.Status.DONE, Turn.Status.STOPPED),
        role=Message.Role.CUSTOMER,
    )
    return list(told.select_related("conversation").order_by("position"))
