"""The SQL half of the ledger: cards and changes, all or none of a batch, versions compared and swapped."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from agents.attribution import current_attribution
from agents.namespaces import ACCOUNTS
from agents.store import StaleRecord
from support_site.accounts.models import Account
from support_site.memory.drafts import Draft, account_id_of
from support_site.memory.errors import RecordErased, UnknownAccount
from support_site.memory.facets import FACETS, effect_of, facets_of
from support_site.memory.models import Record, RecordChange, Scope, Tombstone
from support_site.memory.signals import records_changed

T = TypeVar("T")

#: Databases limit the parameters of one statement.
CHUNK = 500

Cards = dict[str, Record]


def keep(drafts: Sequence[Draft], *, known_accounts_only: bool) -> list[int]:
    """Write the drafts down, all or none, with who did it and why.

    Returns the ids of the cards that Chroma has to be told of; none if nothing differs from what is kept.
    Raises StaleRecord, RecordErased and UnknownAccount, and then nothing of the batch was written.
    """
    drafts = list({draft.address: draft for draft in drafts}.values())
    if not _differing(drafts, _cards_of(drafts)):
        return []
    with transaction.atomic():
        revisions = _advance(drafts, known_accounts_only=known_accounts_only)
        _refuse_erased(drafts)
        cards = _cards_of(drafts)
        differing = _differing(drafts, cards)
        for draft in differing:
            _require_next_version(draft, cards.get(draft.address))
        return _write(differing, cards, revisions)


def lock(scope_names: Iterable[str]) -> dict[str, Scope]:
    """The scopes, each one revision on, and nobody else writes below them until the transaction ends."""
    scopes: dict[str, Scope] = {}
    for names in in_chunks(sorted(set(scope_names))):
        found = Scope.objects.select_for_update().filter(pk__in=names).order_by("pk")
        scopes |= {scope.name: scope for scope in found}
        Scope.objects.filter(pk__in=names).update(revision=F("revision") + 1)
    for scope in scopes.values():
        scope.revision += 1
    return scopes


def note(
    record: Record, kind: RecordChange.Kind, *, before: str | None, after: str | None, at: datetime
) -> RecordChange:
    """The change, unsaved, in the name of whoever is named by ``agents.attribution``."""
    who = current_attribution()
    keeps_values = settings.LEDGER_KEEPS_OLD_VALUES
    return RecordChange(
        record=record,
        kind=kind,
        effect=effect_of(before, after) if record.kind == "memories" else "",
        revision=record.revision,
        before_text=before if keeps_values else None,
        after_text=after if keeps_values else None,
        actor=who.actor[:100],
        reason=who.reason[:500],
        turn_id=who.turn_id or "",
        at=at,
    )


def in_chunks(things: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]


def _cards_of(drafts: Sequence[Draft]) -> Cards:
    records = Record.objects.defer("vectors")
    cards: Cards = {}
    for chunk in in_chunks(drafts):
        cards |= {card.address: card for card in records.filter(address__in=[draft.address for draft in chunk])}
    return cards


def _differing(drafts: Sequence[Draft], cards: Cards) -> list[Draft]:
    """A draft that says what the card says already is no write.

    But one that expires starts to count anew, and of two writers who read the same version and write the same
    value only one has written it.
    """
    return [draft for draft in drafts if _differs(draft, cards.get(draft.address))]


def _differs(draft: Draft, card: Record | None) -> bool:
    if card is None:
        return draft.value_text is not None
    said = (draft.digest, draft.index, draft.ttl_minutes)
    always = draft.ttl_minutes is not None or draft.version is not None
    return always or said != (card.digest, card.index, card.ttl_minutes)


def _advance(drafts: Sequence[Draft], *, known_accounts_only: bool) -> dict[str, Scope]:
    by_name = {draft.scope: draft for draft in drafts}
    scopes = lock(by_name)
    missing = by_name.keys() - scopes.keys()
    for name in missing:
        _open_scope(by_name[name], known_accounts_only=known_accounts_only)
    return scopes | lock(missing)


def _open_scope(draft: Draft, *, known_accounts_only: bool) -> None:
    _refuse_erased([draft])
    account_id = account_id_of(draft.namespace)
    account = Account.objects.filter(pk=account_id).first() if account_id else None
    if account is None and known_accounts_only and draft.namespace[0] == ACCOUNTS:
        raise UnknownAccount("There is no such account: nothing was written. Use the id of an existing account.")
    Scope.objects.bulk_create([Scope(name=draft.scope, account=account)], ignore_conflicts=True)


def _refuse_erased(drafts: Sequence[Draft]) -> None:
    for chunk in in_chunks(drafts):
        scopes, addresses = {draft.scope for draft in chunk}, {draft.address for draft in chunk}
        if Tombstone.objects.filter(scope__in=scopes, address__in={"", *addresses}).exists():
            raise RecordErased("This was erased on request and may not come back: nothing was written.")


def _require_next_version(draft: Draft, card: Record | None) -> None:
    if draft.version is None:
        return
    stored = card.version if card and card.value_text is not None else None
    if draft.version != (stored or 0) + 1:
        found = f"version {stored} is stored" if stored else "none is stored"
        raise StaleRecord(
            f"{draft.kind} {draft.key}: version {draft.version} was to be written, but {found}. "
            "Read it again and apply the change to what is there now."
        )


def _write(drafts: Sequence[Draft], cards: Cards, scopes: dict[str, Scope]) -> list[int]:
    now = timezone.now()
    records = [
        _record(draft, cards.get(draft.address), scopes[draft.scope], now + timedelta(microseconds=place))
        for place, draft in enumerate(drafts)  # no two at one time: newest first keeps the order of a batch
    ]
    Record.objects.bulk_create(records, update_conflicts=True, unique_fields=["address"], update_fields=_WRITTEN)
    changes = [_change(record, cards.get(record.address), now) for record in records]
    RecordChange.objects.bulk_create(changes)
    records_changed.send(sender=Record, written=[(cards.get(record.address), record) for record in records])
    return [record.pk for record in records]


#: What a write replaces on a card that is there already.
_WRITTEN = [
    "value_text",
    "digest",
    "version",
    "revision",
    "status",
    "in_store",
    "index",
    "vectors",
    "embedder",
    "ttl_minutes",
    "expires_at",
    "created_at",
    "updated_at",
    *FACETS,
]


def _record(draft: Draft, card: Record | None, scope: Scope, now: datetime) -> Record:
    is_there = card is not None and card.value_text is not None
    return Record(
        address=draft.address,
        scope=scope,
        account_id=scope.account_id,
        namespace=".".join(draft.namespace),
        key_text=draft.key_text,
        kind=draft.kind,
        value_text=draft.value_text,
        digest=draft.digest,
        version=draft.version,
        revision=scope.revision,
        status=draft.status,
        index=draft.index,
        ttl_minutes=draft.ttl_minutes,
        expires_at=expiry(draft.ttl_minutes, now),
        **facets_of(draft.kind, draft.value_text),
        created_at=card.created_at if card and is_there else now,
        updated_at=max(now, card.updated_at + timedelta(microseconds=1)) if card else now,
    )


def expiry(ttl_minutes: float | None, now: datetime) -> datetime | None:
    return None if ttl_minutes is None else now + timedelta(minutes=ttl_minutes)


def _change(record: Record, card: Record | None, now: datetime) -> RecordChange:
    before = card.value_text if card else None
    if record.value_text is None:
        kind = RecordChange.Kind.DELETED
    else:
        kind = RecordChange.Kind.CREATED if before is None else RecordChange.Kind.CHANGED
    return note(record, kind, before=before, after=record.value_text, at=now)


def touch(addresses: Sequence[str]) -> list[int]:
    """Let the time to live of these records start anew. Returns the ids of the cards that have one."""
    if not addresses:
        return []
    found = Record.objects.live().filter(address__in=addresses, ttl_minutes__isnull=False)
    if not found.exists():
        return []
    with transaction.atomic():
        scopes = lock(found.order_by().values_list("scope_id", flat=True))
        cards = list(found.filter(scope__in=scopes).defer("vectors"))
        for card in cards:
            card.expires_at = expiry(card.ttl_minutes, timezone.now())
            card.in_store, card.revision = False, scopes[card.scope_id].revision
        Record.objects.bulk_update(cards, ["expires_at", "in_store", "revision"], batch_size=CHUNK)
    return [card.pk for card in cards]
