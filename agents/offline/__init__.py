"""A model that follows rules, so that the whole product can be tried and tested without a network."""

from typing import TYPE_CHECKING, Any

from agents.offline.extraction import extract

if TYPE_CHECKING:
    from agents.offline.model import OfflineChatModel

__all__ = ["OfflineChatModel", "extract"]


def __getattr__(name: str) -> Any:
    if name != "OfflineChatModel":
        raise AttributeError(name)
    # Imported when it is asked for: the rules alone, which web processes read corrections by, need no LangChain.
    from agents.offline.model import OfflineChatModel

    return OfflineChatModel
