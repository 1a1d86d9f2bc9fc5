"""Rules and enumeration side by side, for each quantity of a pattern."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from glmc.analysis import cost, influence
from glmc.analysis.batches import TooManyEntries
from glmc.analysis.bounds import at_lengths
from glmc.analysis.cache import cache
from glmc.analysis.congestion import Congestion, congestion
from glmc.analysis.facts import CongestionFact, Fact, Status
from glmc.analysis.formula import N, call, number
from glmc.analysis.growth import CONSTANT, Growth
from glmc.analysis.rules.derive import Laws, laws
from glmc.analysis.rules.laws import Law
from glmc.analysis.rules.sizes import added
from glmc.pattern.evaluate import Environment, IntArray, evaluate_integer
from glmc.pattern.nodes import Expr, FloorDivide, Pattern
from glmc.pattern.printer import print_expr

_ENUMERATED = "enumeration of every length up to the one asked; no rule applies"
_AFFORDABLE = 4096
_COPIED = 1024
_MOST_STEPS = 4

QUANTITIES = ("time", "total", "cache", "path")
"""The quantities that are enumerated at every length."""


@dataclass(frozen=True, eq=False)
class Quantity:
    """A quantity that never falls with n: its law, and its enumerated values at index n.

    ``exact`` is the value for every n >= 2. ``unreachable`` is a pair (j, i) without a path: the quantity is
    infinite from n = i + 1 on, where ``values`` ends. ``horizon``: the rows looked at, where the
    true values may be larger; None where they are exact.
    """

    law: Law | None
    values: IntArray
    exact: Expr | None
    unreachable: tuple[int, int] | None = None
    horizon: int | None = None

    @property
    def is_lower_bound(self) -> bool:
        return self.horizon is not None

    @property
    def checked_to(self) -> int:
        return len(self.values) - 1

    @property
    def growth(self) -> Growth | None:
        return None if self.law is None else self.law.growth

    @property
    def because(self) -> str:
        return _ENUMERATED if self.law is None else self.law.because

    def at(self, length: int) -> int | None:
        """The value at ``length``, None where it is infinite or unknown."""
        if length < len(self.values):
            return int(self.values[length])
        if self.exact is None or self.unreachable is not None:
            return None
        return evaluate_integer(self.exact, Environment(length=length))

    def fact(self, length: int) -> Fact:
        if self.unreachable is not None:
            return Fact(None, None, None, "proved", self.because, length, self.unreachable)
        proved = self.growth is not None and not self.is_lower_bound
        status: Status = "proved" if proved else "checked"
        because = self.because if proved or self.law is None else f"only bounds are proved ({self.because})"
        if self.is_lower_bound:
            because = f"enumeration of {self.horizon} rows: later readers may exist, so the value is a lower bound"
        expression = None if self.exact is None else print_expr(self.exact)
        return Fact(self.growth, expression, self.at(length), status, because, self.checked_to)


@dataclass(frozen=True, eq=False)
class Copying:
    """Congestion: its law, and an interval at one length; None where that is not affordable."""

    law: Law
    length: int
    measured: Congestion | None

    @property
    def unroutable(self) -> tuple[int, int] | None:
        return None if self.measured is None else self.measured.unroutable

    def fact(self) -> CongestionFact:
        if self.unroutable is not None:
            j, i = self.unroutable
            because = f"no path leads from input {j} to output {i}"
            return CongestionFact(self.length, None, None, None, "proved", because, self.unroutable)
        lower = None if self.measured is None else self.measured.lower
        upper = None if self.measured is None else self.measured.upper
        growth = self.law.growth
        status: Status = "checked" if growth is None else "proved"
        because = self.law.because if growth is not None else f"only bounds are proved ({self.law.because})"
        return CongestionFact(self.length, lower, upper, growth, status, because)


@dataclass(frozen=True, eq=False)
class Evidence:
    time: Quantity
    total: Quantity
    cache: Quantity
    path: Quantity
    pattern: Pattern
    length: int

    @cached_property
    def congestion(self) -> Copying:
        """Measured when it is first asked for: it takes longer than all the rest."""
        return _congestion(self.pattern, laws(self.pattern).congestion, min(self.length, _COPIED))


@lru_cache(maxsize=8)
def evidence(pattern: Pattern, length: int) -> Evidence:
    """Laws and values up to ``length``, or to a length that enumeration can afford."""
    known = laws(pattern)
    tokens = _token_times(pattern, length)
    return Evidence(
        _quantity(known.time, cost.time(tokens)),
        _quantity(known.total, cost.total(tokens)),
        _cache(pattern, known, length),
        _path(pattern, known, length),
        pattern,
        length,
    )


def _token_times(pattern: Pattern, length: int) -> IntArray:
    try:
        return cost.token_times(pattern, length)
    except TooManyEntries:
        return cost.token_times(pattern, min(length, _AFFORDABLE))


def _cache(pattern: Pattern, known: Laws, length: int) -> Quantity:
    try:
        found = cache(pattern, length)
    except TooManyEntries:
        found = cache(pattern, min(length, _AFFORDABLE))
    if found.horizon is not None:
        return Quantity(known.cache, found.values, None, horizon=found.horizon)
    return _quantity(known.cache, found.values)


def _path(pattern: Pattern, known: Laws, length: int) -> Quantity:
    try:
        found = influence.paths(pattern, length)
    except TooManyEntries:
        found = influence.paths(pattern, min(length, _AFFORDABLE))
    if found.unreachable is None:
        return _quantity(known.path, found.values)
    j, i = found.unreachable
    law = known.path
    if law is None or not law.infinite:
        law = Law(f"no path leads from input {j} to output {i}", infinite=True)
    return Quantity(law, found.values, None, found.unreachable)


def _congestion(pattern: Pattern, law: Law, length: int) -> Copying:
    try:
        return Copying(law, length, congestion(pattern, length))
    except TooManyEntries:
        return Copying(law, length, None)


def _quantity(law: Law | None, values: IntArray) -> Quantity:
    """A law that enumeration contradicts is not used."""
    if law is None or not agrees(law, values):
        return Quantity(None, values, None)
    exact = law.exact or _steps(law, values)
    return Quantity(law if exact is None else replace(law, at_least=exact, at_most=exact), values, exact)


def agrees(law: Law, values: IntArray) -> bool:
    """Whether enumerated values for n >= 2 lie within the law's closed bounds."""
    lengths = np.arange(2, len(values))
    if not len(lengths):
        return True
    above = law.at_least is None or bool((at_lengths(law.at_least, lengths) <= values[2:]).all())
    return above and (law.at_most is None or bool((at_lengths(law.at_most, lengths) >= values[2:]).all()))


def _steps(law: Law, values: IntArray) -> Expr | None:
    """The exact expression of a quantity that never falls and has reached its proved largest value.

    From there on it stays; before, its steps are those of enumeration: v(2) + Σ min(n // m, 1) over the
    lengths m at which it rises by one.
    """
    top = law.at_most if law.growth == CONSTANT and law.at_most is not None else None
    if top is None or len(values) < 3 or evaluate_integer(top, Environment(length=len(values))) != values[-1]:
        return None
    rises = [n for n in range(3, len(values)) for _ in range(int(values[n] - values[n - 1]))]
    if len(rises) > _MOST_STEPS:
        return None
    terms = [call("min", FloorDivide(N, number(n)), number(1)) for n in rises]
    return added((*terms, number(int(values[2]))))
