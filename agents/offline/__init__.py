"""A model that follows rules, so that the whole product can be tried and tested without a network."""

from agents.offline.extraction import extract
from agents.offline.model import OfflineChatModel

__all__ = ["OfflineChatModel", "extract"]
