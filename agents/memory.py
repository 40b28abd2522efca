"""Memories: what the customer told, kept under the account, each with its source and its trust."""

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["name", "preference", "fact", "situation", "promise", "order_mention"]
Trust = Literal["record", "staff", "customer", "inferred"]

KINDS: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True, kw_only=True)
class MemoryDraft:
    """Something worth remembering, before it has a source and a key.

    ``text`` is one plain sentence about the customer ("The customer's name is Bob.").
    """

    text: str
    kind: Kind
    trust: Trust = "customer"
    #: 0 to 1: how sure the extractor is that the customer meant this.
    confidence: float = 1.0
    #: What only one memory at a time can be true of ("name", "contact channel"): a newer memory about the
    #: same thing supersedes the older one. Empty: stands beside the others. A ``name`` is always about "name".
    about: str = ""
    #: The order a mention is about, as the shop writes it ("#W2611340", "#12345").
    order_id: str | None = None
    #: ISO 8601 instant after which it is recalled no more; None keeps it.
    expires: str | None = None
