"""The figures of the dashboard: what happened day by day, in a number of queries that does not grow."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from support_site.chat import prices
from support_site.chat.models import Conversation, Message, Turn
from support_site.memory.models import RecordChange

RANGES = (7, 30, 90)

Status, Rating, Kind, Effect = Turn.Status, Message.Rating, RecordChange.Kind, RecordChange.Effect
#: Milliseconds that are told apart when waits are counted.
STEP = 50

Counts = Counter[str]
Waits = Counter[int]
K = TypeVar("K")


class Wait(NamedTuple):
    """Milliseconds to the first word: half of the replies began within ``median``, 95 of 100 within ``slow``."""

    median: int
    slow: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was counted in a day or a period; ``wait`` is None where no word was said."""

    counts: Counts
    wait: Wait | None = None

    @property
    def cost(self) -> Decimal:
        """Of the model's tokens, in the currency of MODEL_INPUT_PRICE and MODEL_OUTPUT_PRICE."""
        return prices.cost(self.counts["input_tokens"], self.counts["output_tokens"])

    @property
    def answered_share(self) -> float | None:
        """The part of the turns that the agent answered alone, of those that have ended; None if none has."""
        return self._share("answered", "answered", "handed_over", "stopped", "failed")

    @property
    def up_share(self) -> float | None:
        """The part of the votes that were thumbs up; None if nobody voted."""
        return self._share("up", "up", "down")

    def _share(self, part: str, *whole: str) -> float | None:
        total = sum(self.counts[name] for name in whole)
        return self.counts[part] / total if total else None


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The days of a period, the oldest first, the period as a whole and the one before it."""

    days: dict[date, Figures]
    now: Figures
    before: Figures


def overview(length: int) -> Overview:
    """The last ``length`` days, today included."""
    today = timezone.localdate()
    first = today - timedelta(days=length - 1)
    since = _midnight(first - timedelta(days=length))
    counts, waits = _counts(since), _waits(since)
    days = [first + timedelta(days=past - length) for past in range(2 * length)]

    def figures(of: Sequence[date]) -> Figures:
        told, waited = (_sum(found.get(day, Counter()) for day in of) for found in (counts, waits))
        return Figures(counts=told, wait=_wait(waited))

    return Overview(
        days={day: figures([day]) for day in days[length:]}, now=figures(days[length:]), before=figures(days[:length])
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _sum(counters: Iterable[Counter[K]]) -> Counter[K]:
    return sum(counters, Counter())


def _counts(since: datetime) -> dict[date, Counts]:
    """Everything that is counted, by day."""
    counts: dict[date, Counts] = {}
    for rows in (_conversations(since), _turns(since), _votes(since), _memories(since)):
        for row in rows:
            counts.setdefault(row.pop("day"), Counter()).update({name: count or 0 for name, count in row.items()})
    return counts


def _by_day(rows: QuerySet[Any], at: str, since: datetime, **counted: Any) -> Iterable[dict[str, Any]]:
    found = rows.filter(**{f"{at}__gte": since}).annotate(day=LocalDay(at)).order_by().values("day")
    return found.annotate(**counted)


def _conversations(since: datetime) -> Iterable[dict[str, Any]]:
    begun = Conversation.objects.exclude(title="")  # somebody has said something
    return _by_day(begun, "created_at", since, conversations=Count("pk"))


def _turns(since: datetime) -> Iterable[dict[str, Any]]:
    """A turn that ended without being begun is none of the agent's: a person had the conversation by then."""
    return _by_day(
        Turn.objects.all(),
        "created_at",
        since,
        turns=Count("pk"),
        answered=Count("pk", filter=Q(status=Status.DONE, handed_off=False, started_at__isnull=False)),
        handed_over=Count("pk", filter=Q(handed_off=True)),
        stopped=Count("pk", filter=Q(status=Status.STOPPED, handed_off=False)),
        failed=Count("pk", filter=Q(status=Status.FAILED, handed_off=False)),
        input_tokens=Sum("input_tokens"),
        output_tokens=Sum("output_tokens"),
    )


def _votes(since: datetime) -> Iterable[dict[str, Any]]:
    up, down = (Count("pk", filter=Q(rating=rating)) for rating in (Rating.UP, Rating.DOWN))
    return _by_day(Message.objects.all(), "rated_at", since, up=up, down=down)


def _memories(since: datetime) -> Iterable[dict[str, Any]]:
    """An approval is neither a correction nor a quarantine."""
    changes = RecordChange.objects.filter(record__kind="memories", record__account__is_synthetic=False)
    return _by_day(
        changes,
        "at",
        since,
        learned=Count("pk", filter=Q(kind=Kind.CREATED)),
        corrected=Count("pk", filter=Q(effect=Effect.CORRECTED)),
        quarantined=Count("pk", filter=Q(effect=Effect.QUARANTINED)),
        forgotten=Count("pk", filter=Q(kind=Kind.DELETED)),
    )


def _waits(since: datetime) -> dict[date, Waits]:
    """How many replies began after so many milliseconds, in steps of STEP, by day."""
    told = Turn.objects.filter(created_at__gte=since, first_word_ms__isnull=False)
    steps = told.annotate(day=LocalDay("created_at"), step=F("first_word_ms") / STEP).order_by()
    waits: dict[date, Waits] = {}
    for day, step, count in steps.values_list("day", "step").annotate(count=Count("pk")):
        waits.setdefault(day, Counter())[step * STEP] = count
    return waits


def _wait(waits: Waits) -> Wait | None:
    return Wait(median=_reached_by(waits, 0.5), slow=_reached_by(waits, 0.95)) if waits else None


def _reached_by(waits: Waits, part: float) -> int:
    """The step at which this part of the replies had begun."""
    left = part * waits.total()
    for wait in sorted(waits):
        left -= waits[wait]
        if left <= 0:
            return wait
    return max(waits)


class LocalDay(TruncDate):
    """The day in the time zone of the site.

    On SQLite Django would call Python for every row (2 s for 100,000 turns). There the offset of today is taken for
    every day, so in the months before the clocks changed an hour at midnight counts to the neighbouring day.
    """

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **context: Any) -> tuple[str, tuple[str | int, ...]]:
        offset = timezone.localtime().utcoffset() or timedelta()
        sql, parameters = compiler.compile(self.lhs)
        return f"date({sql}, '{offset.total_seconds():+.0f} seconds')", tuple(parameters)
