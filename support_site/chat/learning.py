"""After a turn, or when people have talked without the agent: what the customer told and the team promised is kept."""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone
from langchain_core.messages import HumanMessage

from agents.extraction import learn, learn_promises
from agents.memory import Source
from support_site.chat import budgets
from support_site.chat.agent import SiteAgent, site_agent
from support_site.chat.metering import metered
from support_site.chat.models import Conversation, Message, Turn
from support_site.chat.noted import drop_words
from support_site.logs import about
from support_site.memory.forgetting import erase_forgotten
from support_site.memory.stores import site_store
from support_site.threads import in_thread

logger = logging.getLogger(__name__)

#: Nobody has written for so long: what people said to each other is learned although nobody handed back.
QUIET = timedelta(minutes=15)
#: What was not learned within a day is left alone.
TOO_OLD = timedelta(days=1)


async def learn_from(turn_id: UUID) -> int:
    """Learn from the customer's messages of a finished turn, once; how many memories they make.

    What was said off the record, or is off the record by now, is passed over for good. While the account's day is
    spent the turn stays unlearned, to be tried again, as it does after a ModelError or StoreError that this raises.
    """
    told = await in_thread(_unlearned)(turn_id)
    if not told or await in_thread(budgets.is_spent)(told[0].conversation.account_id):
        return 0
    conversation = told[0].conversation
    agent = await _agent_that_forgot(conversation.account_id)
    about(turn=turn_id, conversation=conversation.pk)
    source = Source(conversation=str(conversation.pk), turn=str(turn_id), message=str(told[0].pk))
    said = [HumanMessage(message.text, id=str(message.pk)) for message in told]
    account, said_at = str(conversation.account_id), told[0].created_at.isoformat()
    async with metered(conversation.account):
        learned = await learn(agent.store, agent.model, account, said, source, said_at=said_at, **_options())
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
    found = list(told.select_related("conversation__account").order_by("position"))
    on_record = [message for message in found if not (message.off_record or message.conversation.is_off_record)]
    if found and not on_record:
        Turn.objects.filter(pk=turn_id).update(learned_at=timezone.now())
    return on_record


async def learn_from_people(conversation_id: UUID) -> int:
    """Learn from what the customer and staff said without the agent since the last time; how many memories they make.

    What staff promised becomes a memory with the trust of staff. Raises ModelError and StoreError: try again later,
    what is kept by then is not kept twice. Nothing is learned while the account's day is spent.
    """
    told = await in_thread(_said_among_people)(conversation_id)
    if told and await in_thread(budgets.is_spent)(told[0].conversation.account_id):
        return 0
    on_record = [message for message in told if not (message.off_record or message.conversation.is_off_record)]
    learned = await _learn_from(on_record) if on_record else 0
    if told:
        newer = Conversation.objects.filter(pk=conversation_id, learned_until__lt=told[-1].position)
        await in_thread(newer.update)(learned_until=told[-1].position)
    return learned


def quiet_conversations() -> list[UUID]:
    """Conversations in which people talked without the agent, nobody writes any more, and nothing was learned yet."""
    now = timezone.now()
    quiet = _among_people().filter(
        position__gt=F("conversation__learned_until"),
        conversation__updated_at__gt=now - TOO_OLD,
        conversation__updated_at__lt=now - QUIET,
    )
    return list(quiet.order_by().values_list("conversation_id", flat=True).distinct())


async def _learn_from(told: list[Message]) -> int:
    conversation = told[0].conversation
    agent = await _agent_that_forgot(conversation.account_id)
    about(conversation=conversation.pk)
    account = str(conversation.account_id)
    by_customer = [message for message in told if message.role == Message.Role.CUSTOMER]
    said = [HumanMessage(message.text, id=str(message.pk)) for message in by_customer]
    learned = []
    async with metered(conversation.account):
        if said:
            where = _where_and_when(by_customer[0]) | _options()
            learned += await learn(agent.store, agent.model, account, said, **where)
        for message in (message for message in told if message.role == Message.Role.STAFF):
            where = _where_and_when(message)
            learned += await learn_promises(agent.store, agent.model, account, message.text, **where)
    logger.info("conversation %s: %d memories learned from people", conversation.pk, len(learned))
    return len(learned)


async def _agent_that_forgot(account_id: UUID) -> SiteAgent:
    """The agent, once what the account has forgotten through it is erased: none of that is to be learned again."""
    forgotten = await in_thread(erase_forgotten, pool="store")(site_store(), account_id)
    if forgotten:
        await in_thread(drop_words)(account_id, forgotten)
    return await site_agent()


def _options() -> dict[str, Any]:
    return {"situation_days": settings.RETENTION_SITUATIONS_DAYS}


def _where_and_when(message: Message) -> dict[str, Any]:
    source = Source(conversation=str(message.conversation_id), message=str(message.pk))
    return {"source": source, "said_at": message.created_at.isoformat()}


def _said_among_people(conversation_id: UUID) -> list[Message]:
    newer = _among_people().filter(conversation=conversation_id, position__gt=F("conversation__learned_until"))
    return list(newer.select_related("conversation__account").order_by("position"))


def _among_people() -> QuerySet[Message]:
    return Message.objects.filter(turn=None, role__in=(Message.Role.CUSTOMER, Message.Role.STAFF))
