"""Curves of a quantity over the length: what enumeration measured, and the derived law through it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from glmc.analysis.bounds import at_lengths
from glmc.analysis.evidence import Quantity
from glmc.analysis.facts import CongestionFact
from glmc.analysis.growth import Growth
from glmc.pattern.evaluate import EvaluationError, IntArray
from glmc.pattern.nodes import Expr
from glmc.pattern.printer import print_expr

# The frame that templates/report/chart.html.jinja draws, inside 320 × 200 units.
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 308, 12, 172
_MEASURED, _DRAWN = 28, 160
_LINEAR_UP_TO = 40
_MOST_TICKS = 6
_TOO_LOOSE = 64  # times what was measured: a bound so far up tells nothing


@dataclass(frozen=True)
class Tick:
    place: float
    text: str


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    n: int
    value: int


Kind = Literal["exact", "bound", "scaled"]


@dataclass(frozen=True)
class Chart:
    """``line`` is what an SVG polyline takes, empty where no law is known."""

    quantity: str
    points: tuple[Point, ...]
    line: str
    law: str
    kind: Kind
    note: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]

    @property
    def summary(self) -> str:
        """The curve in words, for who does not see it."""
        if not self.points:
            return self.note
        measured = ", ".join(f"{point.value} at n = {point.n}" for point in _thinned(self.points))
        law = f" The line is {self.law}." if self.law else ""
        return f"Measured {self.quantity}: {measured}.{law} {self.note}".rstrip()


def chart(name: str, quantity: Quantity, length: int) -> Chart:
    """The curve of one quantity for lengths 2 … ``length``, on a logarithmic axis."""
    lengths = _spread(2, min(length, quantity.checked_to), _MEASURED)
    measured = [(int(n), int(quantity.values[n])) for n in lengths]
    law = _law(quantity, length)
    largest = max([1.0, *(float(value) for _, value in measured), *(value for _, value in law.points)])
    x, y = _Axis(2, max(length, 3), _LEFT, _RIGHT, log=True), _vertical(largest)
    return Chart(
        name,
        tuple(Point(x.place(n), y.place(value), n, value) for n, value in measured),
        " ".join(f"{x.place(n):g},{y.place(value):g}" for n, value in law.points),
        law.words,
        law.kind,
        _note(quantity),
        x.ticks(),
        y.ticks(),
    )


@dataclass(frozen=True)
class _Line:
    points: tuple[tuple[int, float], ...]
    words: str
    kind: Kind


_NOTHING = _Line((), "", "exact")


def _spread(first: int, last: int, count: int) -> IntArray:
    """About ``count`` integers from ``first`` to ``last``, evenly spread on a logarithmic axis."""
    if last < first:
        return np.arange(0)
    return np.unique(np.geomspace(first, last, count).round().astype(np.int64))


def _thinned(points: tuple[Point, ...]) -> tuple[Point, ...]:
    step = max((len(points) - 1) // 4, 1)
    return tuple(sorted({*points[::step], points[-1]}, key=lambda point: point.n))


def _law(quantity: Quantity, length: int) -> _Line:
    """The exact expression, else a proved upper bound, else the growth scaled to the last measured value."""
    law, last = quantity.law, quantity.checked_to
    if law is None or quantity.unreachable is not None or last < 2:
        return _NOTHING
    measured = int(quantity.values[last])
    if quantity.exact is not None and (values := _values(quantity.exact, length)):
        return _Line(values, print_expr(quantity.exact), "exact")
    if law.at_most is not None and _value(law.at_most, last) <= _TOO_LOOSE * max(measured, 1):
        return _Line(_values(law.at_most, length), f"≤ {print_expr(law.at_most)}", "bound")
    if law.growth is None or not (scale := _growth_at(law.growth, last)):
        return _NOTHING
    curve = tuple((int(n), measured / scale * _growth_at(law.growth, int(n))) for n in _spread(3, length, _DRAWN))
    return _Line(curve, f"Θ({law.growth}), scaled to the last point", "scaled")


def _value(expression: Expr, n: int) -> int:
    return int(at_lengths(expression, np.array([n]))[0])


def _values(expression: Expr, length: int) -> tuple[tuple[int, float], ...]:
    lengths = _spread(2, length, _DRAWN)
    try:
        values = at_lengths(expression, lengths)
    except EvaluationError:
        return ()
    return tuple((int(n), float(value)) for n, value in zip(lengths, values, strict=True))


def _growth_at(growth: Growth, n: int) -> float:
    factors = ((n, growth.power), (math.log(n), growth.log), (math.log(max(math.log(n), 1.01)), growth.loglog))
    return math.prod(math.pow(base, power) for base, power in factors)


def _note(quantity: Quantity) -> str:
    if quantity.unreachable is not None:
        j, i = quantity.unreachable
        return f"Infinite from n = {i + 1} on: x_{j} never reaches y_{i}."
    if quantity.is_lower_bound:
        return "The measured values are lower bounds."
    return ""


# -- axes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Axis:
    """Values from ``low`` to ``high`` at places from ``start`` to ``end``; below ``low`` is at ``start``."""

    low: float
    high: float
    start: float
    end: float
    log: bool

    def place(self, value: float) -> float:
        share = (self._scaled(max(value, self.low)) - self._scaled(self.low)) / (
            self._scaled(self.high) - self._scaled(self.low)
        )
        return round(self.start + share * (self.end - self.start), 1)

    def _scaled(self, value: float) -> float:
        return math.log2(value) if self.log else value

    def ticks(self) -> tuple[Tick, ...]:
        values = self._powers() if self.log else self._multiples()
        return tuple(Tick(self.place(value), _short(value)) for value in values)

    def _powers(self) -> list[int]:
        first, last = math.ceil(math.log2(self.low)), math.floor(math.log2(self.high))
        step = max(-(-(last - first + 1) // _MOST_TICKS), 1)
        return [2**exponent for exponent in range(first, last + 1, step)]

    def _multiples(self) -> list[int]:
        step = next(step for step in (1, 2, 5, 10, 20) if self.high / step < _MOST_TICKS)
        return list(range(0, math.floor(self.high) + 1, step))


def _vertical(largest: float) -> _Axis:
    """Linear for small values, so that they can be read off; logarithmic for large ones, with 0 at the bottom."""
    if largest <= _LINEAR_UP_TO:
        return _Axis(0, largest * 1.08, _BOTTOM, _TOP, log=False)
    return _Axis(0.75, largest * 1.3, _BOTTOM, _TOP, log=True)


def _short(value: int) -> str:
    """A power of two as people write it: 4096 as 4k."""
    for unit, name in ((2**40, "T"), (2**30, "G"), (2**20, "M"), (2**10, "k")):
        if value >= unit and value % unit == 0:
            return f"{value // unit}{name}"
    return str(value)


# -- congestion --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class IntervalChart:
    """[lower, upper] on a logarithmic axis from 1 to the length."""

    lower: int
    upper: int
    left: float
    right: float
    ticks: tuple[Tick, ...]


def congestion_chart(fact: CongestionFact) -> IntervalChart | None:
    """None where there is no interval."""
    if fact.lower is None or fact.upper is None:
        return None
    axis = _Axis(1, max(fact.length, fact.upper, 2), _LEFT, _RIGHT, log=True)
    return IntervalChart(fact.lower, fact.upper, axis.place(fact.lower), axis.place(fact.upper), axis.ticks())
