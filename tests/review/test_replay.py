"""Try before you save: the last turn that used a memory is answered again with the edit, and nothing else changes."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore

from agents.context import RunContext
from agents.errors import ModelBusy
from agents.runner import Say
from agents.testing import Reply, ScriptedChatModel, call
from support_site.chat.agent import SiteAgent
from support_site.chat.lineage import note_recalled
from support_site.chat.loops import worker_loop
from support_site.chat.models import Conversation, Message, Turn
from support_site.memory.models import RecordChange
from support_site.review import replay as replays
from support_site.review.changing import NotDone
from support_site.review.models import Replay
from support_site.review.rehearsal import rehearse
from tests.agents.conftest import PROFILE, order
from tests.review.memories import found, remembered

pytestmark = pytest.mark.django_db(transaction=True)

EDIT = "The customer drinks coffee."
MAYBE = "Anything for breakfast?"


class Talk:
    """A turn of alice's that used a memory, answered by an agent that can be asked again."""

    def __init__(self, user, memory):
        self.memory = memory
        self.model = ScriptedChatModel(script=["Hello!", "You like tea."])
        self.store = InMemoryStore()
        self.store.put(memory.labels, memory.key, memory.value)
        self.agent = SiteAgent(model=self.model, store=self.store, checkpointer=InMemorySaver())
        self.conversation = Conversation.objects.create(account=user.account, title="Breakfast")
        self.say("Hi")
        self.turn = self.say(MAYBE)
        note_recalled(self.turn, {"memories": [memory.key]})

    def say(self, text):
        turn = Turn.objects.create(conversation=self.conversation, status="done")
        place = self.conversation.messages.count()
        said = Message.objects.create(
            conversation=self.conversation, turn=turn, position=place + 1, role="customer", text=text
        )
        context = RunContext(
            account_id=str(self.conversation.account_id), conversation_id=self.thread, turn_id=str(turn.pk),
            message_id=str(said.pk),
        )  # fmt: skip

        async def run():
            say = Say(text=text, message_id=str(said.pk))
            return [event async for event in self.agent.astream(say, thread_id=self.thread, context=context)]

        told = worker_loop().run(run())[-1]
        Message.objects.create(
            conversation=self.conversation, turn=turn, position=place + 2, role="agent", text=told.text
        )
        return turn

    @property
    def thread(self):
        return str(self.conversation.pk)

    def texts(self):
        return [message.text for message in worker_loop().run(self.agent.messages(self.thread))]

    def answer(self, replay, *script):
        self.model.script.extend(script)

        async def find_agent():
            return self.agent

        worker_loop().run(rehearse(replay.pk, find_agent=find_agent))
        replay.refresh_from_db()
        return replay


@pytest.fixture
def talk(alice):
    return Talk(alice, remembered(alice, "The customer drinks tea."))


@pytest.fixture
def replay(talk, sam):
    return replays.ask(talk.memory, text=EDIT, kind="preference", by=sam)


def kept(talk):
    return talk.texts(), [item.value for item in talk.store.search(())], RecordChange.objects.count()


def test_the_turn_is_answered_again_with_the_edit_and_the_original_stays_as_it_was(talk, replay, alice):
    before = kept(talk)
    talk.answer(replay, "You like **coffee**.")
    assert (replay.status, replay.html) == ("done", "<p>You like <strong>coffee</strong>.</p>")
    asked = talk.model.recording.last
    assert EDIT in str(asked[0].text)
    assert "drinks tea" not in str(asked[0].text)
    assert [message.text for message in asked[1:]] == ["Hi", "Hello!", MAYBE]
    assert kept(talk) == before
    assert str(found(alice, talk.memory.key)) == "The customer drinks tea."


def test_what_the_agent_would_do_is_told_and_not_done(talk, replay):
    account = talk.conversation.account_id
    talk.store.put(("accounts", str(account), "orders"), "#W1000001", order())
    talk.store.put(("accounts", str(account), "profile"), "profile", PROFILE)
    before = kept(talk)
    talk.answer(
        replay,
        Reply(calls=[call("save_memory", "m1", text="Anything for breakfast", kind="preference")]),
        Reply(calls=[call("cancel_pending_order", "c1", order_id="#W1000001", reason="no longer needed")]),
    )
    assert replay.status == "done"
    assert "It would have noted: Anything for breakfast" in replay.notes
    assert [
        note for note in replay.notes if note.startswith("It would have asked the customer to confirm: Cancel order")
    ]
    assert kept(talk) == before


def test_the_edit_is_tried_where_the_memory_was_used_last_and_goes_no_further(talk, replay):
    talk.model.script.append("See you!")
    later = talk.say("Bye")
    assert later != replay.turn
    talk.answer(replay, "Coffee?")
    assert [m.text for m in talk.model.recording.last if isinstance(m, HumanMessage)] == ["Hi", MAYBE]


def test_a_model_that_does_not_answer_is_told_and_the_task_done_twice_asks_once(talk, replay):
    talk.answer(replay, *[Reply(error=ModelBusy())] * 9)
    assert (replay.status, replay.trouble) == ("failed", ModelBusy.sentence)
    asked = len(talk.model.recording.requests)
    talk.answer(replay)
    assert len(talk.model.recording.requests) == asked


def test_a_turn_that_the_thread_has_let_go_of_says_so(talk, replay):
    worker_loop().run(talk.agent.forget_thread(talk.thread))
    talk.answer(replay)
    assert replay.status == "failed"
    assert "moved on" in replay.trouble


def test_a_customer_who_paused_memory_is_not_recalled_by_trying_either(talk, replay, alice):
    alice.account.memory_paused = True
    alice.account.save()
    talk.answer(replay, "Hello.")
    assert EDIT not in str(talk.model.recording.last[0].text)
    assert replay.notes == ["The edited memory was not recalled for this message."]


def test_a_replay_that_was_erased_meanwhile_does_not_come_back(talk, replay):
    claimed = replays.claim(replay.pk)
    talk.turn.delete()
    replays.finish(claimed, texts=["You like coffee."], notes=[])
    assert not Replay.objects.exists()


def test_the_edit_is_tried_where_a_reply_repeated_the_memory_before_one_that_only_had_it_in_mind(talk):
    later = Turn.objects.create(conversation=talk.conversation, status="done")
    reply = {"conversation": talk.conversation, "turn": later, "position": 9, "role": "agent"}
    reply = Message.objects.create(text="You are welcome.", **reply)
    note_recalled(later, {"memories": [talk.memory.key]})
    assert replays.last_use(talk.memory) == talk.turn
    Message.objects.filter(pk=reply.pk).update(text="A cup of tea to drink?")
    assert replays.last_use(talk.memory) == later


def test_a_memory_that_no_reply_used_cannot_be_tried(alice, sam):
    with pytest.raises(NotDone, match="No reply has used"):
        replays.ask(remembered(alice, "keeps bees"), text="keeps wasps", kind="fact", by=sam)


def test_a_worker_that_died_leaves_a_replay_that_can_be_taken_up(replay):
    assert replays.claim(replay.pk)
    assert replays.claim(replay.pk) is None
    Replay.objects.update(started_at=timezone.now() - timedelta(hours=1))
    assert Replay.objects.get().is_lost
    assert replays.claim(replay.pk)


def test_what_was_tried_is_dropped_after_a_day(replay):
    assert replays.sweep() == 0
    Replay.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert replays.sweep() == 1


def test_the_page_waits_and_then_shows_both_replies_and_saves_the_edit(talk, desk, sam, alice, no_tasks):
    asked = desk.post(f"/admin/replays/of/{talk.memory.pk}/", {"text": EDIT, "kind": "preference"})
    replay = Replay.objects.get()
    assert asked["Location"] == f"/admin/replays/{replay.pk}/"
    assert no_tasks == [("rehearse", str(replay.pk))]
    assert 'http-equiv="refresh"' in desk.get(asked["Location"]).content.decode()
    talk.answer(replay, "You like coffee.")
    page = desk.get(asked["Location"]).content.decode()
    assert "You like tea." in page
    assert "You like coffee." in page
    assert 'http-equiv="refresh"' not in page
    form = {"text": EDIT, "kind": "preference", "reason": "tried", "seen": f'{{"{talk.memory.pk}": "{replay.seen}"}}'}
    desk.post(f"/admin/review/memory/do/edit/?ids={talk.memory.pk}", form)
    assert str(found(alice, talk.memory.key)) == EDIT


def test_who_may_not_change_memories_or_read_conversations_tries_nothing(talk, reader, replay, no_tasks):
    assert reader.post(f"/admin/replays/of/{talk.memory.pk}/", {"text": EDIT}).status_code == 403
    assert reader.get(f"/admin/replays/{replay.pk}/").status_code == 403
    assert no_tasks == []


def test_an_edit_that_cannot_be_saved_is_not_tried(talk, desk, no_tasks):
    answer = desk.post(f"/admin/replays/of/{talk.memory.pk}/", {"text": " ", "kind": "fact"})
    assert "/do/edit/" in answer["Location"]
    assert desk.get(f"/admin/replays/{uuid.uuid4()}/").status_code == 404
    assert no_tasks == []
