"""What every page has to say about the site while it lasts: that the agent is off, that orders cannot be looked up.

That the store is down is learned from the turns that needed it, and kept in the cache for all processes; while it is,
a job looks whether it is back. With the cache down the notice is missing, and nothing else.
"""

import logging
from typing import TypedDict

from django.core.cache import cache

from support_site.chat import signals
from support_site.chat.switch import agent_is_on

logger = logging.getLogger(__name__)

STORE_DOWN = "store_down"
#: The job that looks whether the store is back may itself be gone.
LONGEST_SECONDS = 3600


class Notice(TypedDict):
    """``code`` for programs, ``text`` for the person."""

    code: str
    text: str


TEXTS = {
    "agent_off": "Our automatic agent is switched off at the moment. Write to us as usual: a person will answer you.",
    STORE_DOWN: "We cannot look up orders right now. You can go on writing; we will be able to again soon.",
}


def notices() -> list[Notice]:
    """All that is to be said now."""
    stand = {"agent_off": not agent_is_on(), STORE_DOWN: store_is_down()}
    return [Notice(code=code, text=TEXTS[code]) for code, is_so in stand.items() if is_so]


def store_is_down() -> bool:
    """Whether a turn found it so and nobody has seen it working since."""
    try:
        return bool(cache.get(STORE_DOWN))
    except Exception as error:  # noqa: BLE001  each cache backend raises errors of its own library
        logger.warning("the cache cannot be read (%s)", type(error).__name__)
        return False


def store_went_down() -> None:
    """Tell every page, if it is news."""
    try:
        if cache.add(STORE_DOWN, True, LONGEST_SECONDS):
            signals.site_changed()
    except Exception as error:  # noqa: BLE001  as above
        logger.warning("the cache cannot be written (%s)", type(error).__name__)


def store_is_back() -> None:
    """Tell every page."""
    cache.delete(STORE_DOWN)
    signals.site_changed()
