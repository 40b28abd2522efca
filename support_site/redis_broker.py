"""Celery's queues in Redis, for a Redis that may go away and come back."""

from typing import Any

import kombu
from celery.app.amqp import AMQP
from kombu.transport import redis
from redis.exceptions import ConnectionError as Gone


class Channel(redis.Channel):
    """Kombu's, but one whose connection is taken apart already says that it is gone.

    When a lost connection is closed, and when a task ends that was taken over it, Kombu (5.7.0) asks such a channel for
    Redis and fails with an AttributeError, which ends the worker. What the worker had taken is made anew: turns by
    ``recover_turns``, the rest by what beat makes round after round.
    """

    def _connparams(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if getattr(self.connection, "client", None) is None:
            raise Gone("the connection to Redis was closed")
        return super()._connparams(*args, **kwargs)


class Transport(redis.Transport):
    Channel = Channel


class Connection(kombu.Connection):
    """One that looks every few seconds whether the broker is back; Kombu's looks ever more seldom."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> kombu.Connection:
        intervals = {"interval_start": 1, "interval_step": 1, "interval_max": 3}
        return super().ensure_connection(*args, **intervals | kwargs)


class Queues(AMQP):
    Connection = Connection
