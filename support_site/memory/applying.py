"""From the ledger to Chroma: what the cards say is embedded, written and marked as done."""

from collections.abc import Callable, Iterable, Sequence

from django.db import connection, transaction
from langgraph.store.base import PutOp

from agents.store import ChromaStore, pack, unpack
from agents.store import Record as ChromaRecord
from support_site.memory.cards import in_chunks
from support_site.memory.models import Record

Progress = Callable[[int], object]


def apply(chroma: ChromaStore, card_ids: Sequence[int], *, progress: Progress | None = None) -> int:
    """Make Chroma hold what these cards say. Returns how many it was told; may be repeated at any time.

    Raises StoreUnavailable (and leaves the cards pending) when Chroma or the embedder does not answer.
    """
    told = 0
    for chunk in in_chunks(card_ids):
        cards = list(Record.objects.pending().filter(pk__in=chunk).order_by("updated_at", "pk"))
        _embed(chroma, [card for card in cards if card.is_live and not _has_vectors(card, chroma)])
        live = [as_chroma(card, chroma) for card in cards if card.is_live]
        chroma.apply(live, [(card.labels, card.key) for card in cards if not card.is_live])
        told += len(cards) + _settle_overtaken(chroma, _mark(cards))
        if progress:
            progress(len(cards))
    return told


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
    puts = [PutOp(card.labels, card.key, card.value, index=card.index) for card in cards]
    for card, prepared in zip(cards, chroma.prepare(puts) if puts else (), strict=True):
        card.vectors, card.embedder = pack(prepared.vectors), chroma.embedder


#: For thousands of cards at once; the revision keeps it off a card that was written anew.
_MARK = "UPDATE memory_record SET in_store = %s, vectors = %s, embedder = %s WHERE id = %s AND revision = %s"


def _mark(cards: Sequence[Record]) -> list[Record]:
    """Write down that Chroma has the cards. Returns those that were written anew in the meantime."""
    vectors = [None if card.vectors is None else bytes(card.vectors) for card in cards]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            _MARK,
            [
                (True, vector, card.embedder, card.pk, card.revision)
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
