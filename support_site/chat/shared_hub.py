"""The hub of a site of many processes: who wakes publishes on Redis, and each loop that watches subscribes, by one
connection for all that it watches."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from redis import Redis, RedisError
from redis import asyncio as aredis
from redis.backoff import NoBackoff
from redis.connection import BlockingConnectionPool
from redis.retry import Retry

from support_site import outage_lines
from support_site.chat.hub import Hub, Key, News

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0
COME_BACK_SECONDS = 0.5
#: A connection that subscribes to nothing cannot listen; to this one every loop does, and nothing is said on it.
NOTHING = "nothing"
#: Connections that the threads of a process share; redis-py's own pool would raise when it is empty.
MOST_CONNECTIONS = 16
NEVER_TWICE = Retry(NoBackoff(), 0)


def open_redis(url: str) -> "Redis":
    """A client for threads. Nothing is tried twice: an append that is made twice would fence its own writer."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MOST_CONNECTIONS,
        timeout=ANSWER_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        retry=NEVER_TWICE,
    )
    return Redis(connection_pool=pool)


def channel_of(key: Key) -> str:
    """The name under which a key is published: "log.<id>"."""
    return f"{key[0]}.{key[1]}"


class SharedHub(Hub):
    """Watchers anywhere are woken. What gets lost while Redis is away is made up for by waking everybody after it."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._redis = open_redis(url)
        self._ears: WeakKeyDictionary[asyncio.AbstractEventLoop, Ear] = WeakKeyDictionary()

    @contextmanager
    def watch(self, key: Key) -> Iterator[News]:
        loop = asyncio.get_running_loop()
        if loop not in self._ears:
            self._ears[loop] = Ear(self._url, self)
        with super().watch(key) as news, self._ears[loop].listening(key) as is_heard:
            if is_heard:
                news.set()
            yield news

    def wake(self, key: Key) -> None:
        try:
            self._redis.publish(channel_of(key), b"")
            outage_lines.answers("Redis")
        except RedisError as error:
            logger.warning("nobody was woken: Redis does not answer (%s)", type(error).__name__)
            self.wake_here(key)


class Ear:
    """The one subscribed connection of a loop. What is heard goes to the watchers of this process.

    Watchers are woken when their subscription holds, for the first time and again after the connection was lost:
    what was published before that, they have to read.
    """

    def __init__(self, url: str, hub: Hub) -> None:
        self._url = url
        self._hub = hub
        self._wanted: Counter[Key] = Counter()
        self._heard: set[Key] = set()
        self._changed = asyncio.Event()
        self._hearing: asyncio.Task[None] | None = None

    @contextmanager
    def listening(self, key: Key) -> Iterator[bool]:
        """Whether the key is heard already, for another watcher; if not, its watchers are woken once it is."""
        self._want(key, 1)
        try:
            yield key in self._heard
        finally:
            self._want(key, -1)

    def _want(self, key: Key, more: int) -> None:
        self._wanted[key] += more
        if not self._wanted[key]:
            del self._wanted[key]
        self._changed.set()
        if self._hearing is None:
            self._hearing = asyncio.get_running_loop().create_task(self._hear())

    async def _hear(self) -> None:
        """Listen until told to end, also to a Redis that was away."""
        while not is_cancelled():
            try:
                await self._hear_until_lost()
            except* Exception as lost:  # noqa: BLE001  logged, and begun anew: a deaf process would serve nobody
                logger.warning("Redis is not heard (%s)", type(lost.exceptions[0]).__name__)
            await asyncio.sleep(COME_BACK_SECONDS)

    async def _hear_until_lost(self) -> None:
        redis = aredis.Redis.from_url(
            self._url, retry=NEVER_TWICE, socket_connect_timeout=CONNECT_SECONDS, socket_keepalive=True
        )
        async with redis, aclosing(redis.pubsub()) as pubsub, asyncio.TaskGroup() as tasks:
            self._heard.clear()
            await pubsub.subscribe(NOTHING)
            outage_lines.answers("Redis")
            if is_cancelled():
                return
            tasks.create_task(self._subscribe(pubsub))
            async for said in pubsub.listen():
                self._take(said)
            raise EOFError  # it may also end quietly, and the group must not go on without it

    async def _subscribe(self, pubsub: Any) -> None:
        """Keep what is subscribed to like what is wanted."""
        held: set[Key] = set()
        while True:
            wanted = set(self._wanted)
            if new := wanted - held:
                await pubsub.subscribe(*map(channel_of, new))
            if old := held - wanted:
                await pubsub.unsubscribe(*map(channel_of, old))
            held = wanted
            await self._changed.wait()
            self._changed.clear()

    def _take(self, said: dict[str, Any]) -> None:
        kind, _, name = said["channel"].decode().partition(".")
        if not name:
            return
        key = (kind, UUID(name))
        if said["type"] == "unsubscribe":
            self._heard.discard(key)
            return
        self._heard.add(key)
        brought = brought_by(said["data"]) if said["type"] == "message" else []
        self._hub.wake_here(key, *brought)


def is_cancelled() -> bool:
    """Whether the running task is to end. redis-py swallows a cancellation while it connects, and a task group that
    fails while it is cancelled raises the failure only."""
    this = asyncio.current_task()
    return this is not None and this.cancelling() > 0


def message_of(seq: int, events: list[str]) -> str:
    """Entries of a log as one message: the first number, then each event on a line of its own."""
    return "\n".join([str(seq), *events])


def brought_by(message: bytes) -> list[tuple[int, Any]]:
    """(number, event) of each entry in the message; [] for one that only wakes."""
    if not message:
        return []
    first, *events = message.split(b"\n")
    return [(seq, json.loads(event)) for seq, event in enumerate(events, int(first))]
