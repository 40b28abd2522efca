"""An app that kills its process at a moment named from outside; only ``tests.faults.doomed_settings`` installs it."""

import inspect
import os
import signal
import threading
from collections import deque
from functools import wraps
from pkgutil import resolve_name

from django.apps import AppConfig

#: "before MODULE:NAME" or "after MODULE:NAME", comma-separated: passed in this order, the last one is the end.
DIES_AT = "DIES_AT"


class Fate:
    """Moments that are still to come; the process does not outlive the last one."""

    def __init__(self, moments):
        self._left = deque(moments)
        self._lock = threading.Lock()

    def meet(self, moment):
        with self._lock:
            if self._left[0] == moment:
                self._left.popleft()
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


class Doomed(AppConfig):
    name = "tests.faults"
    label = "doomed"

    def ready(self):
        moments = os.environ[DIES_AT].split(",")
        fate = Fate(moments)
        for place in dict.fromkeys(moment.split()[1] for moment in moments):
            watch(place, fate)


def watch(place, fate):
    """Tell fate before and after each call of the function at ``place``."""
    owner, _, name = place.replace(":", ".").rpartition(".")
    owner = resolve_name(owner)
    function = getattr(owner, name)

    @wraps(function)
    def call(*args, **kwargs):
        fate.meet(f"before {place}")
        result = function(*args, **kwargs)
        fate.meet(f"after {place}")
        return result

    @wraps(function)
    async def acall(*args, **kwargs):
        fate.meet(f"before {place}")
        result = await function(*args, **kwargs)
        fate.meet(f"after {place}")
        return result

    setattr(owner, name, acall if inspect.iscoroutinefunction(function) else call)
