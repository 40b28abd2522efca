"""A worker builds its agent when it begins, and not in front of its first customer."""

import gc
import logging
import threading

from support_site.chat.loops import worker_loop

logger = logging.getLogger(__name__)


def warm_up() -> threading.Thread:
    """Build the agent of this process. A failure shows in the log now, and again with every answer until it is put
    right."""
    building = threading.Thread(target=_build, name="warm-up", daemon=True)
    building.start()
    return building


def _build() -> None:
    try:
        from support_site.chat.agent import site_agent

        worker_loop().run(site_agent())
        _spare_the_collector()
    except Exception as error:  # noqa: BLE001  whatever it is, the next answer tries again
        logger.error("the agent cannot be built: %s", error)


def _spare_the_collector() -> None:
    """What has been imported and built stays until the process ends. To walk all of it in every full collection stops
    all answers for a tenth of a second at a time."""
    gc.collect()
    gc.freeze()
