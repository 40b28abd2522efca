"""The one loop of a worker process."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from support_site.chat import loops


def test_threads_that_are_first_at_once_share_one_loop(monkeypatch):
    """Two loops would break every pooled client of the agent."""
    made = []

    def slowly():
        time.sleep(0.02)  # as long as it takes the other threads to ask too
        made.append(object())
        return made[-1]

    monkeypatch.setattr(loops, "_made", cache(slowly))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: loops.worker_loop(), range(8)))
    assert len(made) == 1
