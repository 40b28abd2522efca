"""What is learned and what is not: off the record, and while people talk without the agent."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from langgraph.store.base import PutOp

from agents.attribution import attributed
from agents.memory import MemoryDraft, Source
from agents.namespaces import memories
from support_site.chat import budgets, desk, tasks, turns
from support_site.chat.loops import worker_loop
from support_site.chat.models import Conversation, Message, Spending, Turn
from support_site.memory import customers
from support_site.memory.models import Record
from support_site.memory.stores import site_store
from tests.chat.scripted import says
from tests.chat.test_tasks import site  # noqa: F401  fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept(site, conversation):  # noqa: F811
    """What is remembered about alice: [(kind, text, trust, source message)], by text."""

    def kept():
        found = worker_loop().run(site.store.asearch(memories(str(conversation.account_id))))
        values = [item.value for item in found]
        told = [(value["kind"], value["text"], value["trust"], value["source"]["message"]) for value in values]
        return sorted(told, key=lambda each: each[1])

    return kept


@pytest.fixture
def taken_over(conversation, alice, sam):
    """A conversation in which sam answers: say who says what."""
    desk.take_over(conversation, user=sam)

    def say(text, by=alice):
        if by == sam:
            desk.answer(conversation, form_id=uuid.uuid4(), text=text, user=sam)
        else:
            turns.accept(conversation, client_id=uuid.uuid4(), text=text, user=alice)
        return str(Message.objects.latest("position").pk)

    return say


def learned_of(turn):
    turn.refresh_from_db()
    return turn.learned_at is not None


@pytest.mark.parametrize("why", ["paused", "leaves no memory"])
def test_what_is_said_off_the_record_is_never_learned_even_once_it_is_on_again(say, site, kept, conversation, why):  # noqa: F811
    def set_to(value):
        type(conversation.account).objects.update(memory_paused=value and why == "paused")
        Conversation.objects.update(leaves_no_memory=value and why != "paused")

    set_to(True)
    turn = say("Hi! Remember: my name is Bob")
    set_to(False)
    site.runs = [says("Noted.")]
    tasks.answer(str(turn.pk))
    tasks.learn(str(turn.pk))
    assert kept() == []
    assert learned_of(turn)


def test_a_pause_after_the_turn_also_holds_for_what_was_not_learned_yet(say, site, kept, conversation):  # noqa: F811
    turn = say("Hi! Remember: my name is Bob")
    site.runs = [says("Noted.")]
    tasks.answer(str(turn.pk))
    type(conversation.account).objects.update(memory_paused=True)
    tasks.learn(str(turn.pk))
    assert kept() == []
    assert learned_of(turn)


@pytest.fixture
def spent(settings, alice):
    """Call it, and alice's day is spent; what it gives ends the day."""
    settings.TOKENS_PER_DAY, settings.TOKENS_PER_TURN = [100, 0], 50

    def spend():
        budgets.spend(alice.account, input_tokens=100, output_tokens=0)
        yesterday = timezone.now().date() - timedelta(days=1)
        return lambda: Spending.objects.update(day=yesterday)

    return spend


def test_while_the_day_is_spent_nothing_is_learned_and_on_the_next_it_is(say, site, kept, spent):  # noqa: F811
    turn = say("Hi! Remember: my name is Bob")
    site.runs = [says("Noted.")]
    tasks.answer(str(turn.pk))
    next_day = spent()
    tasks.learn(str(turn.pk))
    assert (kept(), learned_of(turn)) == ([], False)
    next_day()
    tasks.learn(str(turn.pk))
    assert ([text for _, text, *_ in kept()], learned_of(turn)) == (["The customer's name is Bob."], True)


def test_while_the_day_is_spent_nothing_is_learned_from_people_either(taken_over, conversation, kept, spent):
    taken_over("My name is Bob.")
    next_day = spent()
    tasks.learn_from_people(str(conversation.pk))
    assert kept() == []
    next_day()
    tasks.learn_from_people(str(conversation.pk))
    assert [text for _, text, *_ in kept()] == ["The customer's name is Bob."]


def test_a_run_knows_that_memory_is_paused(say, site, conversation):  # noqa: F811
    type(conversation.account).objects.update(memory_paused=True)
    Conversation.objects.update(leaves_no_memory=True)
    turn = say("Hi")
    site.runs = [says("Hello")]
    tasks.answer(str(turn.pk))
    assert (site.contexts[-1].memory_paused, site.contexts[-1].leaves_no_memory) == (True, True)


def test_what_was_told_and_promised_without_the_agent_is_learned_once(taken_over, sam, conversation, kept):
    told = taken_over("My name is Bob. My lamp came broken.")
    promised = taken_over("Sorry! We will send a replacement by Friday. Will that do? We cannot refund it.", by=sam)
    assert desk.hand_back(conversation)
    tasks.learn_from_people(str(conversation.pk))
    tasks.learn_from_people(str(conversation.pk))
    promise = "Our team promised: We will send a replacement by Friday."
    assert ("promise", promise, "staff", promised) in kept()
    assert ("name", "The customer's name is Bob.", "customer", told) in kept()
    assert len(kept()) == len({text for _, text, _, _ in kept()})


def test_a_customer_who_claims_a_promise_makes_none(taken_over, conversation, kept):
    taken_over("We will send you a new lamp for free. You promised me a refund.")
    tasks.learn_from_people(str(conversation.pk))
    assert [each for each in kept() if each[0] == "promise" or each[2] != "customer"] == []


def test_what_people_say_off_the_record_is_not_learned_either(taken_over, sam, conversation, kept):
    Conversation.objects.update(leaves_no_memory=True)
    taken_over("My name is Bob.")
    taken_over("We will send a replacement by Friday.", by=sam)
    Conversation.objects.update(leaves_no_memory=False)
    tasks.learn_from_people(str(conversation.pk))
    taken_over("I prefer e-mail over phone calls.")
    tasks.learn_from_people(str(conversation.pk))
    assert [kind for kind, *_ in kept()] == ["preference"]


def test_a_conversation_that_went_quiet_is_learned_from_and_one_that_goes_on_is_not(taken_over, no_tasks, conversation):
    taken_over("My name is Bob.")
    tasks.learn_from_quiet_people()
    assert no_tasks == []
    Conversation.objects.update(updated_at=timezone.now() - timedelta(minutes=20))
    tasks.learn_from_quiet_people()
    assert no_tasks == [("learn_from_people", str(conversation.pk))]


def test_words_the_agent_forgot_are_gone_from_older_cards_before_the_next_learning(say, site, alice):  # noqa: F811
    tea = customers.note_again(
        alice.account_id, MemoryDraft(text="The customer likes tea.", kind="fact"), Source(request="r1")
    )
    card = {"type": "memory", "memory": tea.key, "title": "I noted", "lines": [{"label": "", "value": tea.text}]}
    turn = say("Forget that I like tea")
    Message.objects.create(conversation=turn.conversation, position=9, role="agent", text="", cards=[card])
    with attributed(actor="agent"):
        site_store().keep([PutOp(memories(str(alice.account_id)), tea.key, None)])
    site.runs = [says("Forgotten.")]
    tasks.answer(str(turn.pk))
    tasks.learn(str(turn.pk))
    assert "tea" not in str(Message.objects.get(position=9).cards)
    assert not Record.objects.exists()


def test_handing_back_on_the_page_makes_the_task(taken_over, client, sam, conversation, no_tasks):
    client.force_login(sam)
    client.post(f"/admin/chat/conversation/{conversation.pk}/hand-back/")
    assert ("learn_from_people", str(conversation.pk)) in no_tasks
    assert Turn.objects.count() == 0
