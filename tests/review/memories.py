"""What staff find on their desk."""

from django.urls import reverse
from langgraph.store.base import PutOp

from agents import namespaces
from agents.attribution import attributed
from support_site.memory.stores import site_store
from support_site.review.models import Memory


def remembered(user, text, *, key=None, **fields):
    """A memory of the user's account, as the agent would have learned it."""
    key = key or text.replace(" ", "-")
    value = {"text": text, "kind": "fact", "trust": "customer", "status": "active", "superseded_by": None, "source": {}}
    with attributed(actor="agent", reason="learned"):
        put = PutOp(namespaces.memories(str(user.account_id)), key, value | fields, index=["text"])
        site_store().keep([put])
    return found(user, key)


def found(user, key):
    return Memory.objects.get(account=user.account_id, kind="memories", key_text=key)


def do(client, verb, *memories, **form):
    """Send the form of a verb."""
    ids = ",".join(str(memory.pk) for memory in memories)
    return client.post(f"{reverse('admin:review_memory_act', args=[verb])}?ids={ids}", form)
