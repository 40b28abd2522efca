"""What stands on the dashboard: tiles, each with how it changed since the period before, and charts."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from support_site.review.charts import Chart, Series
from support_site.review.dashboard import Figures, Overview

#: What a series is called, its colour, and its key among the counts.
Named = tuple[str, str, str]

TURNS: Named = ("Turns", "first", "turns")
CONVERSATIONS: Named = ("Conversations begun", "strong", "conversations")
ENDINGS: tuple[Named, ...] = (
    ("Answered", "good", "answered"),
    ("Handed to a person", "second", "handed_over"),
    ("Stopped", "quiet", "stopped"),
    ("Failed", "bad", "failed"),
)
THUMBS: tuple[Named, ...] = (("Up", "good", "up"), ("Down", "bad", "down"))
WAITS: tuple[Named, ...] = (("Half came within", "strong", "median"), ("19 of 20 came within", "second", "slow"))
TOKENS: tuple[Named, ...] = (("Read", "first", "input_tokens"), ("Written", "second", "output_tokens"))
MEMORIES: tuple[Named, ...] = (
    ("Learned", "first", "learned"),
    ("Corrected", "second", "corrected"),
    ("Quarantined", "bad", "quarantined"),
    ("Forgotten", "quiet", "forgotten"),
)

#: Per cent or points from which a change is called better or worse.
NOTABLE = 5

Read = Callable[[Figures], float | Decimal | None]


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A figure and what to say of it; ``tone`` is "good", "bad" or "" where neither can be told."""

    name: str
    value: str
    note: str = ""
    change: str = ""
    tone: str = ""


def tiles(told: Overview, *, is_priced: bool) -> list[Tile]:
    """Ten tiles; tokens stand in for their cost where no price is set."""
    now, was = told.now, told.before
    return [
        _tile("Conversations begun", now, was, lambda of: of.counts["conversations"], count),
        _tile("Turns", now, was, lambda of: of.counts["turns"], count, note="a message and its answer"),
        _tile("Answered by the agent alone", now, was, lambda of: of.answered_share, share, better="up"),
        _tile("Handed to a person", now, was, lambda of: of.counts["handed_over"], count, better="down"),
        _tile("Thumbs up", now, was, lambda of: of.up_share, share, note=_votes(now), better="up"),
        _tile("Time to first word", now, was, _median, seconds, note=_slowest(now), better="down"),
        _tile("Cost of the model", now, was, lambda of: of.cost, money) if is_priced else _tokens(now, was),
        _tile("Memories learned", now, was, lambda of: of.counts["learned"], count),
        _tile("Memories corrected", now, was, lambda of: of.counts["corrected"], count, note=_forgotten(now)),
        _tile("Memories quarantined", now, was, lambda of: of.counts["quarantined"], count),
    ]


def charts(told: Overview, *, is_priced: bool) -> list[Chart]:
    """The six charts of the page."""
    days, figures = list(told.days), list(told.days.values())

    def counted(*series: Named) -> list[Series]:
        return [
            Series(name=name, tone=tone, values=[each.counts[key] for each in figures]) for name, tone, key in series
        ]

    def waited(*series: Named) -> list[Series]:
        waits = [each.wait for each in figures]
        return [
            Series(name=name, tone=tone, values=[getattr(w, key, None) for w in waits]) for name, tone, key in series
        ]

    cost = Series(name="Cost", tone="first", values=[float(each.cost) for each in figures])
    priced = Chart(title="Cost of the model", days=days, bars=[cost], shown=money, least_top=0.02)
    return [
        Chart(title="Turns and conversations", days=days, bars=counted(TURNS), lines=counted(CONVERSATIONS)),
        Chart(title="How turns ended", days=days, bars=counted(*ENDINGS)),
        Chart(title="Thumbs", days=days, bars=counted(*THUMBS)),
        Chart(title="Time to first word", days=days, lines=waited(*WAITS), shown=seconds, least_top=1000),
        priced if is_priced else Chart(title="Tokens of the model", days=days, bars=counted(*TOKENS)),
        Chart(title="Memories", days=days, bars=counted(*MEMORIES)),
    ]


def count(value: float | Decimal) -> str:
    return f"{value:,.0f}"


def share(value: float | Decimal) -> str:
    return f"{100 * value:.0f} %"


def money(value: float | Decimal) -> str:
    return f"{value:,.2f}"


def seconds(milliseconds: float | Decimal) -> str:
    return f"{float(milliseconds) / 1000:.1f} s" if milliseconds < 10_000 else f"{float(milliseconds) / 1000:.0f} s"


def _tile(
    name: str, now: Figures, was: Figures, read: Read, shown: Callable[[float | Decimal], str], *,
    note: str = "", better: str = "",
) -> Tile:  # fmt: skip
    value, is_share = read(now), shown is share
    change = _change(value, read(was), is_share=is_share)
    shown_value = "—" if value is None else shown(value)
    words, tone = _in_words(change, is_share=is_share), _tone(change, better)
    return Tile(name=name, value=shown_value, note=note, change=words, tone=tone)


def _change(value: float | Decimal | None, before: float | Decimal | None, *, is_share: bool) -> int | None:
    """In per cent, of shares in points; None where there was nothing before."""
    if value is None or not before:
        return None
    return round(100 * (float(value) - float(before)) / (1 if is_share else float(before)))


def _in_words(change: int | None, *, is_share: bool) -> str:
    if not change:
        return "" if change is None else "as before"
    unit = "%" if not is_share else "point" if abs(change) == 1 else "points"
    return f"{'▲' if change > 0 else '▼'} {abs(change):,} {unit}"


def _tone(change: int | None, better: str) -> str:
    if not better or change is None or abs(change) < NOTABLE:
        return ""
    return "good" if (change > 0) == (better == "up") else "bad"


def _median(of: Figures) -> int | None:
    return of.wait.median if of.wait else None


def _tokens(now: Figures, was: Figures) -> Tile:
    note = f"{count(now.counts['output_tokens'])} of them written"
    return _tile(
        "Tokens of the model",
        now,
        was,
        lambda of: of.counts["input_tokens"] + of.counts["output_tokens"],
        count,
        note=note,
    )


def _votes(now: Figures) -> str:
    votes = now.counts["up"] + now.counts["down"]
    return f"of {votes:,} {'vote' if votes == 1 else 'votes'}"


def _slowest(now: Figures) -> str:
    return f"slowest twentieth above {seconds(now.wait.slow)}" if now.wait else ""


def _forgotten(now: Figures) -> str:
    return f"and {count(now.counts['forgotten'])} forgotten"
