"""Waking coroutines from other threads, and control signals to sockets."""

import asyncio
import threading
import uuid

from channels.layers import get_channel_layer

from support_site.chat import signals
from support_site.chat.hub import Hub


async def test_a_wake_from_another_thread_is_heard():
    hub = Hub()
    with hub.watch("key") as news:
        threading.Thread(target=hub.wake, args=("key",)).start()
        await asyncio.wait_for(news.wait(), 20)


async def test_everyone_who_watches_is_woken_and_nobody_else():
    hub = Hub()
    with hub.watch("a") as one, hub.watch("a") as two, hub.watch("b") as other:
        hub.wake("a")
        await asyncio.sleep(0.01)
        assert (one.is_set(), two.is_set(), other.is_set()) == (True, True, False)


async def test_nothing_is_left_of_those_who_watch_no_more():
    hub = Hub()
    with hub.watch("a"):
        assert len(hub) == 1
    hub.wake("a")
    assert len(hub) == 0


def test_a_watcher_whose_loop_is_gone_harms_nobody():
    hub = Hub()

    async def leave_watching():
        watch = hub.watch("a")
        watch.__enter__()
        return watch

    loop = asyncio.new_event_loop()
    watch = loop.run_until_complete(leave_watching())
    loop.close()
    hub.wake("a")
    watch.__exit__(None, None, None)


async def test_a_signal_from_another_thread_arrives():
    layer, conversation = get_channel_layer(), uuid.uuid4()
    await layer.group_add(signals.conversation_group(conversation), "test.channel")
    signals.live_on(asyncio.get_running_loop())
    threading.Thread(target=signals._send, args=(signals.conversation_group(conversation), {"type": "x"})).start()
    assert await asyncio.wait_for(layer.receive("test.channel"), 20) == {"type": "x"}


def test_a_session_key_is_not_in_the_signal_that_it_has_ended(monkeypatch):
    sent = []
    monkeypatch.setattr(signals, "_send", lambda *told: sent.append(told))
    signals.session_revoked("secret", uuid.uuid4())
    assert sent
    assert "secret" not in str(sent)
