"""From the ledger to Chroma: what the cards say is embedded, written and marked as done."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from django.db import connection, transaction

from agents import ops
from agents.store import BrokenCollection, StoreError, StoreUnavailable, pack, unpack
from agents.store import Record as ChromaRecord
from support_site.memory.cards import in_chunks
from support_site.memory.events import tell_once
from support_site.memory.models import Record, StoreEvent

if TYPE_CHECKING:
    from agents.store import ChromaStore

logger = logging.getLogger(__name__)

Progress = Callable[[int], object]


def apply(chroma: ChromaStore, card_ids: Sequence[int], *, progress: Progress | None = None) -> int:
    """Make Chroma hold what these cards say. Returns how many it was told; may be repeated at any time.

    A card that is refused while Chroma and the embedder answer holds no other one up: it stays pending, and nothing
    is answered in its place. Raises StoreUnavailable (and leaves the cards pending) when one of them does not answer.
    """
    told = 0
    for chunk in in_chunks(card_ids):
        cards = list(Record.objects.pending().filter(pk__in=chunk).order_by("updated_at", "pk"))
        try:
            told += _tell(chroma, cards)
        except BrokenCollection:
            raise
        except (StoreUnavailable, ValueError) as error:
            if not _answers(chroma):
                raise
            logger.warning("%d records are told one by one: %s", len(cards), type(error).__name__)
            told += sum(_tell_or_refuse(chroma, card) for card in cards)
        if progress:
            progress(len(cards))
    return told


def _tell(chroma: ChromaStore, cards: Sequence[Record]) -> int:
    _embed(chroma, [card for card in cards if card.is_live and not _has_vectors(card, chroma)])
    live = [as_chroma(card, chroma) for card in cards if card.is_live]
    try:
        chroma.apply(live, [(card.labels, card.key) for card in cards if not card.is_live])
    except StoreUnavailable:
        _mark(cards, in_store=False)  # with their vectors, so that the embedder is not asked again
        raise
    return len(cards) + _settle_overtaken(chroma, _mark(cards, in_store=True))


def _tell_or_refuse(chroma: ChromaStore, card: Record) -> int:
    try:
        return _tell(chroma, [card])
    except BrokenCollection:
        raise
    except (StoreUnavailable, ValueError) as error:
        chroma.apply([], [(card.labels, card.key)])  # raises if nothing can be written
        reason = str(error) if isinstance(error, StoreUnavailable) else type(error).__name__  # others quote the value
        tell_once(StoreEvent.Kind.REFUSED, f"Record {card.pk} is kept in the ledger and not answered: {reason}")
        return 0


def _answers(chroma: ChromaStore) -> bool:
    """Whether Chroma can be read and the embedder embeds: then it is the record that they do not take."""
    try:
        chroma.get(("shop", "help"), "is anybody there?")
        chroma.query_vectors(["Is anybody there?"])
    except StoreError:
        return False
    return True


def as_chroma(card: Record, chroma: ChromaStore) -> ChromaRecord:
    """The card as Chroma keeps it. The card must be live and have its vectors."""
    return ChromaRecord(
        namespace=card.labels,
        key=card.key,
        value=card.value or {},
        vectors=unpack(bytes(card.vectors or b""), chroma.dims),
        index=card.index,
        created_at=card.created_at,
        updated_at=card.updated_at,
        ttl=card.ttl_minutes,
        expires_at=card.expires_at,
    )


def rebuildable(chroma: ChromaStore) -> Iterable[ChromaRecord]:
    """Every record that can be given to Chroma without asking the embedder, in the order of its writing."""
    cards = Record.objects.live().filter(vectors__isnull=False, embedder=chroma.embedder)
    for card in cards.order_by("updated_at", "pk").iterator(chunk_size=500):
        yield as_chroma(card, chroma)


def _has_vectors(card: Record, chroma: ChromaStore) -> bool:
    return card.vectors is not None and card.embedder == chroma.embedder


def _embed(chroma: ChromaStore, cards: Sequence[Record]) -> None:
    puts = [ops.Put(card.labels, card.key, card.value, index=card.index).op() for card in cards]
    for card, prepared in zip(cards, chroma.prepare(puts) if puts else (), strict=True):
        card.vectors, card.embedder = pack(prepared.vectors), chroma.embedder


#: For thousands of cards at once; the revision keeps it off a card that was written anew.
_MARK = "UPDATE memory_record SET in_store = %s, vectors = %s, embedder = %s WHERE id = %s AND revision = %s"


def _mark(cards: Sequence[Record], *, in_store: bool) -> list[Record]:
    """Write down whether Chroma has the cards, and their vectors. Returns those written anew in the meantime."""
    vectors = [None if card.vectors is None else bytes(card.vectors) for card in cards]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            _MARK,
            [
                (in_store, vector, card.embedder, card.pk, card.revision)
                for card, vector in zip(cards, vectors, strict=True)
            ],
        )
    revisions = dict(Record.objects.filter(pk__in=[card.pk for card in cards]).values_list("pk", "revision"))
    return [card for card in cards if revisions.get(card.pk) != card.revision]


def _settle_overtaken(chroma: ChromaStore, cards: Sequence[Record]) -> int:
    """Somebody wrote between our look at a card and our write to Chroma, which may now hold the older value."""
    if not cards:
        return 0
    Record.objects.filter(pk__in=[card.pk for card in cards]).update(in_store=False)
    left = set(Record.objects.filter(pk__in=[card.pk for card in cards]).values_list("pk", flat=True))
    chroma.apply([], [(card.labels, card.key) for card in cards if card.pk not in left])
    return apply(chroma, sorted(left))
