"""Memories: what the customer told, kept under the account, each with its source and its trust.

``values`` says what a memory is, ``rules`` what becomes of several of them, ``verbs`` does it in a store. Every write
goes through the ``BaseStore`` it is given, in one batch, so that a ledger before the store sees all of it.
"""

from agents.memory.rules import MAX_MEMORIES, corrected, memory_key, newest, noted, overruled, with_older, withdrawn
from agents.memory.values import (
    KINDS,
    SITUATION_DAYS,
    TRUSTS,
    Kind,
    Memory,
    MemoryDraft,
    NotKept,
    Source,
    Status,
    Trust,
    instant,
    passing,
)
from agents.memory.verbs import RECALL_ALL, every_memory, forget, recall, remember, revise

__all__ = [
    "KINDS",
    "MAX_MEMORIES",
    "RECALL_ALL",
    "SITUATION_DAYS",
    "TRUSTS",
    "Kind",
    "Memory",
    "MemoryDraft",
    "NotKept",
    "Source",
    "Status",
    "Trust",
    "corrected",
    "every_memory",
    "forget",
    "instant",
    "memory_key",
    "newest",
    "noted",
    "overruled",
    "passing",
    "recall",
    "remember",
    "revise",
    "with_older",
    "withdrawn",
]
