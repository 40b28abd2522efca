"""An app that holds a worker at a moment until the test lets it go; only ``tests.faults.held_settings`` installs it."""

import asyncio
import os
import sys
import time
from datetime import timedelta
from functools import wraps
from pathlib import Path
from pkgutil import resolve_name

from django.apps import AppConfig

#: The folder of marks: while a moment has its file there, whoever comes to it waits, and says so by another file.
HOLDS = "HOLDS"
LONGEST_SECONDS = 40
#: A change was written, and nobody but the ledger knows it yet.
IN_TOOL = "agents.tools.actions:_apply"
#: The end of a turn is kept, and its last event not yet in the log.
LAST_EVENT = "support_site.chat.endings:_append_end"


class Held(AppConfig):
    name = "tests.faults"
    label = "held"

    def ready(self):
        from support_site.celery import app
        from support_site.chat import handover, leases

        # Tests wait for what is made up for once a lease has run out.
        leases.LEASE, leases.RENEW_BELOW = timedelta(seconds=5), timedelta(seconds=3.5)
        leases.QUEUED_TOO_LONG, handover.GRACE_SECONDS = timedelta(seconds=1), 1.0
        app.conf.beat_schedule["recover-turns"]["schedule"] = 1.0
        if "worker" in sys.argv:
            hold_behind(IN_TOOL)
            hold_before(LAST_EVENT)


def hold_before(place):
    """Wait before each call of the function at ``place`` for as long as it is marked."""
    owner, name, function = named(place)

    @wraps(function)
    def call(*args, **kwargs):
        while is_held(place):
            time.sleep(0.02)
        return function(*args, **kwargs)

    setattr(owner, name, call)


def hold_behind(place):
    """Wait behind each call of the coroutine function at ``place`` for as long as it is marked."""
    owner, name, function = named(place)

    @wraps(function)
    async def call(*args, **kwargs):
        result = await function(*args, **kwargs)
        while is_held(place):  # noqa: ASYNC110  another process lets it go
            await asyncio.sleep(0.02)
        return result

    setattr(owner, name, call)


def named(place):
    """Where the function is, its name there, and the function."""
    owner, _, name = place.replace(":", ".").rpartition(".")
    owner = resolve_name(owner)
    return owner, name, getattr(owner, name)


def is_held(place):
    mark = Path(os.environ[HOLDS]) / place
    if not mark.exists() or mark.stat().st_mtime < time.time() - LONGEST_SECONDS:
        return False
    mark.with_suffix(".held").touch()
    return True
