"""A learning in full flight while its account is erased, or its conversation deleted, writes nothing any more."""

from types import SimpleNamespace

import pytest
from langgraph.store.base import PutOp

from agents.offline.model import OfflineChatModel
from support_site.chat.learning import learn_from
from support_site.chat.loops import worker_loop
from support_site.chat.models import Conversation, Message
from support_site.memory.ledger import LedgerStore
from support_site.memory.models import Record
from support_site.memory.stores import site_store
from support_site.privacy import deletion, erasure
from support_site.threads import in_thread

pytestmark = pytest.mark.django_db(transaction=True)


class Interrupted(LedgerStore):
    """The site's store; just before the first write, ``meanwhile`` happens in another thread."""

    meanwhile = None

    async def abatch(self, ops):
        ops = list(ops)
        if self.meanwhile and any(isinstance(op, PutOp) for op in ops):
            meanwhile, self.meanwhile = self.meanwhile, None
            await in_thread(meanwhile)()
        return await super().abatch(ops)


@pytest.fixture
def interrupted(filled, alice, monkeypatch):
    """Alice told something that is being learned with this store."""
    told = Message.objects.filter(conversation__account=alice.account)
    told.filter(role="customer").update(text="I live in Trieste now.")
    sound = site_store()
    store = Interrupted(sound.chroma, ttl=sound.ttl_config)

    async def site_agent():
        return SimpleNamespace(store=store, model=OfflineChatModel())

    monkeypatch.setattr("support_site.chat.learning.site_agent", site_agent)
    return store


def turn_of(user):
    return Conversation.objects.get(account=user.account).turns.get()


def homes(user):
    return Record.objects.live().filter(account=user.account_id, value_text__contains="Trieste")


def test_undisturbed_it_is_learned(interrupted, alice):
    worker_loop().run(learn_from(turn_of(alice).pk))
    assert homes(alice).count() == 1


def test_nothing_is_learned_for_an_account_that_is_erased_meanwhile(interrupted, alice):
    interrupted.meanwhile = lambda: erasure.proceed(erasure.begin(alice.account, asked_by="customer"))
    worker_loop().run(learn_from(turn_of(alice).pk))
    assert interrupted.meanwhile is None  # it did happen
    assert not Record.objects.filter(account=alice.account_id).exists()


def test_nothing_is_learned_from_a_conversation_that_is_deleted_meanwhile(interrupted, alice):
    conversation = Conversation.objects.get(account=alice.account)
    interrupted.meanwhile = lambda: deletion.delete(conversation, asked_by="customer")
    worker_loop().run(learn_from(turn_of(alice).pk))
    assert interrupted.meanwhile is None  # it did happen
    assert not homes(alice).exists()
