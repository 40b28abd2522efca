"""Control signals to the sockets of a conversation or an account, over the channel layer.

A signal says that something can be read anew; what it is stands in the database or in the turn log. Tokens
never go this way (a layer drops messages when it is full), and a lost signal costs a repaint, not a reply.
"""

import asyncio
import hashlib
from uuid import UUID

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import transaction

#: Every socket.
SITE_GROUP = "site"

_home: asyncio.AbstractEventLoop | None = None


def live_on(loop: asyncio.AbstractEventLoop) -> None:
    """Send from ``loop`` from now on: the loop of this process's sockets, or else of its worker."""
    global _home
    _home = loop


def conversation_group(conversation_id: UUID) -> str:
    return f"conversation.{conversation_id}"


def account_group(account_id: UUID) -> str:
    return f"account.{account_id}"


def name_of_session(session_key: str) -> str:
    """A hash: signals turn up in Redis and in logs, and a session key is a secret."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:40]


def message_kept(conversation_id: UUID, message_id: UUID, turn_id: UUID | None = None) -> None:
    """After commit: a message of the conversation can be shown (for the first time, or anew). If a turn is named, that
    is new, or has another status."""
    named = {"turn": str(turn_id)} if turn_id else {}
    _after_commit(conversation_group(conversation_id), {"type": "message.kept", "message": str(message_id), **named})


def turn_changed(conversation_id: UUID, turn_id: UUID) -> None:
    """After commit: a turn is new, or has another status."""
    _after_commit(conversation_group(conversation_id), {"type": "turn.changed", "turn": str(turn_id)})


def person_changed(conversation_id: UUID) -> None:
    """After commit: a person answers from now on, or the agent again."""
    _after_commit(conversation_group(conversation_id), {"type": "person.changed"})


def conversation_deleted(conversation_id: UUID) -> None:
    """After commit: there is no such conversation any more; its sockets close."""
    _after_commit(conversation_group(conversation_id), {"type": "conversation.deleted"})


def memory_of_conversation_changed(conversation_id: UUID) -> None:
    """After commit: the conversation leaves no memory from now on, or leaves it again."""
    _after_commit(conversation_group(conversation_id), {"type": "memory.changed"})


def memory_of_account_changed(account_id: UUID) -> None:
    """After commit: memory is paused in all conversations of the account, or goes on."""
    _after_commit(account_group(account_id), {"type": "memory.changed"})


def site_changed() -> None:
    """After commit: what every page has to say about the site has changed."""
    _after_commit(SITE_GROUP, {"type": "site.changed"})


def session_revoked(session_key: str, account_id: UUID) -> None:
    """The session of somebody of this account has ended: its sockets close."""
    _send(account_group(account_id), {"type": "session.revoked", "session": name_of_session(session_key)})


def _after_commit(group: str, signal: dict[str, str]) -> None:
    transaction.on_commit(lambda: _send(group, signal), robust=True)


def _send(group: str, signal: dict[str, str]) -> None:
    """Hand the signal to the layer on the loop it lives on; from a process without one, by a loop of its own."""
    layer = get_channel_layer()
    if _home is not None and _home.is_running():
        asyncio.run_coroutine_threadsafe(layer.group_send(group, signal), _home)
    elif not isinstance(layer, InMemoryChannelLayer):
        async_to_sync(layer.group_send)(group, signal)
