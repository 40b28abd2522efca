"""Charts as geometry, for a template that draws them as SVG: no script, and no style but classes.

A chart is ``WIDTH`` a day wide and ``HEIGHT`` high, and is stretched to the place it gets; words stand beside it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from typing import NamedTuple

from django.utils.formats import date_format

WIDTH, GAP, HEIGHT = 10, 1.5, 100

Number = float | None


@dataclass(frozen=True, kw_only=True)
class Series:
    """Values by day under one name; ``tone`` is the class that colours it. None: nothing was measured."""

    name: str
    tone: str
    values: Sequence[Number]


class Bar(NamedTuple):
    """A rectangle."""

    tone: str
    x: float
    y: float
    width: float
    height: float


class Line(NamedTuple):
    """A line through what was measured, as the ``d`` of a path."""

    tone: str
    path: str


class Column(NamedTuple):
    """A day as a whole: where it stands, and everything about it in words."""

    x: float
    words: str


class Row(NamedTuple):
    """A day in the table beside the chart."""

    day: str
    cells: list[str]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Bars stand on each other in the order of their series; lines go before them."""

    title: str
    days: Sequence[date]
    bars: Sequence[Series] = ()
    lines: Sequence[Series] = ()
    #: How a value is written.
    shown: Callable[[float], str] = lambda value: f"{value:,.0f}"
    least_top: float = 2

    @property
    def series(self) -> list[Series]:
        return [*self.bars, *self.lines]

    @property
    def is_empty(self) -> bool:
        return not any(value for series in self.series for value in series.values)

    @property
    def width(self) -> int:
        return WIDTH * len(self.days)

    @property
    def top(self) -> float:
        """The value at the upper edge: a round number above everything."""
        stacked = [sum(value or 0 for value in day) for day in zip_longest(*(each.values for each in self.bars))]
        lines = [value or 0 for each in self.lines for value in each.values]
        return max(self.least_top, round_above(max([*stacked, *lines], default=0)))

    @property
    def scale(self) -> list[str]:
        """What is written at the upper edge, in the middle and at the bottom."""
        return [self.shown(value) for value in (self.top, self.top / 2, 0)]

    @property
    def ends(self) -> list[str]:
        return [_shown_day(day) for day in (self.days[0], self.days[-1])]

    @property
    def rectangles(self) -> list[Bar]:
        drawn, heights = [], [0.0] * len(self.days)
        for series in self.bars:
            for place, value in enumerate(series.values):
                if height := self._height(value or 0):
                    heights[place] += height
                    x, y = place * WIDTH + GAP / 2, round(HEIGHT - heights[place], 2)
                    drawn.append(Bar(series.tone, x, y, WIDTH - GAP, height))
        return drawn

    @property
    def paths(self) -> list[Line]:
        return [Line(series.tone, " ".join(self._points(series.values))) for series in self.lines]

    @property
    def columns(self) -> list[Column]:
        return [
            Column(place * WIDTH, ", ".join([row.day, *self._named(row.cells)])) for place, row in enumerate(self.rows)
        ]

    @property
    def rows(self) -> list[Row]:
        by_day = zip(*(series.values for series in self.series), strict=True)
        return [
            Row(_shown_day(day), [self._in_words(v) for v in values])
            for day, values in zip(self.days, by_day, strict=True)
        ]

    @property
    def summary(self) -> str:
        """The chart in a sentence, for those who do not see it."""
        highest = [(max((v for v in each.values if v is not None), default=None), each.name) for each in self.series]
        told = [f"{name} at most {self.shown(value)} a day" for value, name in highest if value is not None]
        return f"{self.ends[0]} to {self.ends[1]}: {'; '.join(told) or 'nothing'}."

    def _height(self, value: float) -> float:
        return round(HEIGHT * value / self.top, 2)

    def _points(self, values: Sequence[Number]) -> list[str]:
        """A step of the pen for every day; it is lifted over days on which nothing was measured.

        A day that stands alone is a dash, for a dot is overlooked.
        """
        steps, is_down = [], False
        for place, value in enumerate(values):
            if value is not None:
                x, y = (place + 0.5) * WIDTH, round(HEIGHT - self._height(value), 2)
                is_lone = not is_down and values[place + 1 : place + 2] in ([None], [])
                start = f"M{x - 3} {y}h6" if is_lone else f"M{x} {y}"
                steps.append(f"L{x} {y}" if is_down else start)
            is_down = value is not None
        return steps

    def _in_words(self, value: Number) -> str:
        return "—" if value is None else self.shown(value)

    def _named(self, cells: list[str]) -> list[str]:
        return [f"{series.name}: {cell}" for series, cell in zip(self.series, cells, strict=True)]


def round_above(value: float) -> float:
    """The next number of the kind 1, 2, 4, 6, 8 times a power of ten; 0 for 0."""
    if value <= 0:
        return 0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value * (1 - 1e-9))


def _shown_day(day: date) -> str:
    return date_format(day, "j M")
