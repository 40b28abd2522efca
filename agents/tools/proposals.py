"""What an action would change, who has to agree, and what a decision is bound to. Pure."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from agents.shop.records import Record
from agents.shop.rules import Change, Facts

#: The decision that grants a proposal, by who decides.
GRANTS = {"customer": "confirm", "staff": "approve"}

_CHANGED_MEANWHILE = "Something changed since you were asked, so please look again."
_STAFF_TOO = "A member of staff also has to approve this."

#: As it comes back from ``interrupt``: {"decision", "digest", "reason"}.
Decision = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Action:
    """One call of a write tool. ``id`` stays the same however often the call is run, resumed or delivered."""

    id: str
    account_id: str
    tool: str
    arguments: dict[str, Any]

    @property
    def order_id(self) -> str | None:
        return self.arguments.get("order_id")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A change that the rules allow, made from the records as they were read (``facts``)."""

    action: Action
    facts: Facts
    change: Change
    staff_limit: Decimal | None

    @property
    def digest(self) -> str:
        """Binds a decision to account, tool, arguments, the version of the record it is about and all that was shown.

        So a change of that record asks again, and so does anything that alters what the customer would get; a
        gift card credited by another action in between does not.
        """
        bound = {
            "account": self.action.account_id,
            "tool": self.action.tool,
            "arguments": self.action.arguments,
            "version": subject(self.facts)["version"],
            "preview": self.change.preview,
        }
        return hashlib.sha256(json.dumps(bound, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    @property
    def approvers(self) -> list[str]:
        """Who has to agree, in order: staff too above the limit, or when more would go back than was ever paid."""
        above = self.staff_limit is not None and self.change.refund > self.staff_limit
        return ["customer", "staff"] if above or self.change.exceeds_payments else ["customer"]

    def waits_for(self, decisions: Sequence[Decision]) -> str | None:
        """The approver who has not granted exactly this proposal yet."""
        granted = {(each.get("decision"), each.get("digest")) for each in decisions}
        return next((who for who in self.approvers if (GRANTS[who], self.digest) not in granted), None)

    def question(self, approver: str, decisions: Sequence[Decision]) -> dict[str, Any]:
        """What ``interrupt`` carries out to the page or the desk."""
        notes = [self.change.preview["note"]]
        if any(each.get("digest") != self.digest for each in decisions):
            notes.insert(0, _CHANGED_MEANWHILE)
        if "staff" in self.approvers:
            notes.append(_STAFF_TOO)
        return {
            "action": self.action.id,
            "tool": self.action.tool,
            "arguments": self.action.arguments,
            "preview": {**self.change.preview, "note": " ".join(note for note in notes if note)},
            "digest": self.digest,
            "approver": approver,
        }


def subject(facts: Facts) -> Record:
    """The record an action is about: the order if there is one, else the profile."""
    return facts.order or facts.profile


def stored_receipt(facts: Facts, action: Action) -> dict[str, Any] | None:
    """The receipt of the action if it was applied before, out of the record's ``changes``."""
    changes = subject(facts)["changes"]
    return next((change["receipt"] for change in changes if change["action"] == action.id), None)


def written(proposal: Proposal, now: datetime) -> tuple[Record | None, Record | None]:
    """Order and profile as they are to be put, each with the next version and the action in its ``changes``.

    None stands for a record that stays as it is. The record the action is about is always put, and keeps the receipt.
    """
    action, change, facts = proposal.action, proposal.change, proposal.facts
    entry: Record = {"action": action.id, "tool": action.tool, "at": now.isoformat(timespec="seconds")}
    if change.pairs:
        entry["pairs"] = [list(pair) for pair in change.pairs]
    receipt = {**change.receipt, "order_id": action.order_id, "at": entry["at"]}
    kept = {**entry, "receipt": receipt}
    if not facts.order:
        return None, _next(change.profile, kept)
    return _next(change.order, kept), _next(change.profile, entry) if change.profile != facts.profile else None


def _next(record: Record, entry: Record) -> Record:
    return {**record, "version": record["version"] + 1, "changes": [*record["changes"], entry]}
