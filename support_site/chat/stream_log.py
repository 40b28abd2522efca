"""The turn log of a site of many processes: one Redis Stream a turn, whose entry ids are the numbers of the events."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from redis import RedisError

from support_site.chat.hub import Hub, News
from support_site.chat.log import Append, Entry, Event, Fenced, LogLost, LogUnreachable
from support_site.chat.shared_hub import channel_of, message_of, open_redis

#: How long a log is kept behind its last event. A page that comes later finds what was said in SQL.
KEEP = timedelta(hours=1)

#: KEYS: the stream. ARGV: first number, 1 to begin anew, seconds to keep, channel, message, events. Answers the number
#: before. The events are written if it is the one before the first; to begin anew, if it is any below the first. A
#: script runs as a whole, so of several events all are written or none.
APPEND = """
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local last = newest and tonumber(string.match(newest[1], '^%d+')) or 0
local first = tonumber(ARGV[1])
if last == first - 1 or (ARGV[2] == '1' and last < first) then
    for place = 6, #ARGV do
        redis.call('XADD', KEYS[1], string.format('%d-1', first + place - 6), 'event', ARGV[place])
    end
    redis.call('EXPIRE', KEYS[1], ARGV[3])
    redis.call('PUBLISH', ARGV[4], ARGV[5])
end
return last
"""


class RedisTurnLog:
    """Redis refuses a number that is taken, and forgets a log some time after its last event. It keeps nothing on disk:
    a log that was lost is told anew from SQL (``retelling.py``)."""

    is_durable = False

    def __init__(self, url: str, hub: Hub, *, keep: timedelta = KEEP) -> None:
        self._redis: Any = open_redis(url)
        self._hub = hub
        self._keep = keep
        self._append = self._redis.register_script(APPEND)

    def append(self, turn_id: UUID, seq: int, *events: Event) -> None:
        [refusal] = self.append_all([Append(turn_id, seq, events)])
        if refusal:
            raise refusal

    def append_all(self, appends: Sequence[Append]) -> list[Fenced | None]:
        lasts = self._write(appends, anew=False)
        return [_refusal(append, last) for append, last in zip(appends, lasts, strict=True)]

    def begin_anew(self, turn_id: UUID, seq: int, *events: Event) -> None:
        append = Append(turn_id, seq, events)
        refusal = _refusal(append, *self._write([append], anew=True))
        if refusal and not isinstance(refusal, LogLost):
            raise refusal

    def _write(self, appends: Sequence[Append], *, anew: bool) -> list[int]:
        """The last number each log had before, on one way to Redis and back."""
        with _reachable(), self._redis.pipeline(transaction=False) as pipeline:
            for append in appends:
                self._append(keys=[_stream(append.turn_id)], args=self._told(append, anew), client=pipeline)
            return [int(last) for last in pipeline.execute()]

    def _told(self, append: Append, anew: bool) -> list[str | int]:
        told = [json.dumps(event, cls=DjangoJSONEncoder, separators=(",", ":")) for event in append.events]
        channel, message = channel_of(("log", append.turn_id)), message_of(append.seq, told)
        return [append.seq, int(anew), int(self._keep.total_seconds()), channel, message, *told]

    def read(self, turn_id: UUID, after: int = 0, limit: int = 500) -> list[Entry]:
        with _reachable():
            found = self._redis.xrange(_stream(turn_id), min=f"{after + 1}-0", count=limit)
        return [Entry(_number(entry), json.loads(fields[b"event"])) for entry, fields in found]

    def last_seq(self, turn_id: UUID) -> int:
        with _reachable():
            found = self._redis.xrevrange(_stream(turn_id), count=1)
        return _number(found[0][0]) if found else 0

    def watch(self, turn_id: UUID) -> AbstractContextManager[News]:
        return self._hub.watch(("log", turn_id))

    def sweep(self, older_than: timedelta) -> int:
        return 0  # Redis does it by itself

    def forget(self, turn_ids: Iterable[UUID]) -> int:
        forgotten = 0
        for turn_id in turn_ids:
            with _reachable():
                pipeline = self._redis.pipeline()
                forgotten += pipeline.xlen(_stream(turn_id)).delete(_stream(turn_id)).execute()[0]
        return forgotten


def _refusal(append: Append, last: int) -> Fenced | None:
    """What it means that the log ended at ``last``."""
    if last >= append.seq:
        return Fenced(f"event {append.seq} of turn {append.turn_id}")
    if last < append.seq - 1:
        return LogLost(f"turn {append.turn_id} ends at {last}, before event {append.seq}")
    return None


def _stream(turn_id: UUID) -> str:
    return f"turn:{turn_id}"


def _number(entry: bytes) -> int:
    return int(entry.partition(b"-")[0])


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise LogUnreachable(type(error).__name__) from error
