"""The claim check: what a reply says is held against what was found, before the reply is final.

    claims = check(text, sources_of(messages, recalled))
    text = mend(text, claims)

Checked are order numbers, amounts of money, tracking and other long numbers, how orders stand, what is said to have
been done, and days of arrival. Pure functions; no model, no store.
"""

from agents.claims.checking import UnsupportedClaim, check, mend
from agents.claims.sources import Source, sources_of

__all__ = ["Source", "UnsupportedClaim", "check", "mend", "sources_of"]
