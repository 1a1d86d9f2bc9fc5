"""The facts of a pattern: what rules prove, what enumeration finds, and that both agree."""

from __future__ import annotations

import numpy as np

from glmc.analysis import cost, influence
from glmc.analysis.batches import TooManyEntries
from glmc.analysis.cache import cache
from glmc.analysis.facts import CongestionFact, Fact, Facts, Status
from glmc.analysis.formula import N, call, number, rewrite
from glmc.analysis.growth import CONSTANT
from glmc.analysis.rules.derive import Laws, laws
from glmc.analysis.rules.laws import Law
from glmc.pattern.evaluate import Environment, IntArray, Rows, evaluate_integer, evaluate_rows
from glmc.pattern.nodes import Expr, FloorDivide, Length, Pattern, Row, Sum
from glmc.pattern.printer import print_expr

_ENUMERATED = "enumeration of every length up to the one asked; no rule applies"
_SHORTER = 4096


def analyze(pattern: Pattern, length: int) -> Facts:
    """Facts at ``length`` (at least 1), with growths and closed expressions where a rule proves them."""
    known = laws(pattern)
    tokens = token_times(pattern, length)
    return Facts(
        length,
        _fact(known.time, cost.time(tokens), length),
        _fact(known.total, cost.total(tokens), length),
        _cache_fact(pattern, known, length),
        _path_fact(pattern, known, length),
        CongestionFact(min(length, 1024), None, None, None, "checked", "not computed"),
    )


def token_times(pattern: Pattern, length: int) -> IntArray:
    """time(i) for i below ``length``, or below a length that is affordable."""
    try:
        return cost.token_times(pattern, length)
    except TooManyEntries:
        return cost.token_times(pattern, min(length, _SHORTER))


def _fact(law: Law | None, values: IntArray, length: int) -> Fact:
    """``values`` holds the quantity at index n, as far as it was enumerated."""
    checked_to = len(values) - 1
    at_length = int(values[length]) if length < len(values) else None
    if law is None or not agrees(law, values):
        return Fact(None, None, at_length, "checked", _ENUMERATED, checked_to)
    exact = law.exact or steps(law, values)
    if at_length is None and exact is not None:
        at_length = evaluate_integer(exact, Environment(length=length))
    status: Status = "checked" if law.growth is None else "proved"
    expression = None if exact is None else print_expr(exact)
    return Fact(law.growth, expression, at_length, status, law.because, checked_to)


def agrees(law: Law, values: IntArray) -> bool:
    """Whether enumerated values for n >= 2 lie within the law's closed bounds."""
    lengths = np.arange(2, len(values))
    if not len(lengths):
        return True
    above = law.at_least is None or bool((at_lengths(law.at_least, lengths) <= values[2:]).all())
    return above and (law.at_most is None or bool((at_lengths(law.at_most, lengths) >= values[2:]).all()))


def at_lengths(expr: Expr, lengths: IntArray) -> IntArray:
    """An integer expression in n at many lengths."""
    return evaluate_rows(rewrite(expr, lambda e: Row() if isinstance(e, Length) else e), Rows(lengths))


_MOST_STEPS = 4


def steps(law: Law, values: IntArray) -> Expr | None:
    """The exact expression of a quantity that never falls and has reached its proved largest value.

    From there on it stays; before, its steps are those of enumeration: v(2) + Σ min(n // m, 1) over the lengths m at
    which it rises by one.
    """
    top = law.at_most if law.growth == CONSTANT and law.at_most is not None else None
    if top is None or len(values) < 3 or evaluate_integer(top, Environment(length=len(values))) != values[-1]:
        return None
    rises = [int(n) for n in range(3, len(values)) for _ in range(int(values[n] - values[n - 1]))]
    if len(rises) > _MOST_STEPS:
        return None
    terms = [call("min", FloorDivide(N, number(n)), number(1)) for n in rises]
    return Sum((*terms, number(int(values[2])))) if terms else number(int(values[2]))


def _cache_fact(pattern: Pattern, known: Laws, length: int) -> Fact:
    try:
        found = cache(pattern, length)
    except TooManyEntries:
        found = cache(pattern, min(length, _SHORTER))
    fact = _fact(known.cache, found.values, length)
    if found.horizon is None:
        return fact
    because = f"readers were looked for in the first {found.horizon} rows, so the value is a lower bound"
    return Fact(fact.growth, None, fact.at_length, "checked", because, fact.checked_to)


def _path_fact(pattern: Pattern, known: Laws, length: int) -> Fact:
    try:
        found = influence.paths(pattern, length)
    except TooManyEntries:
        found = influence.paths(pattern, min(length, _SHORTER))
    if found.unreachable is None:
        return _fact(known.path, found.values, length)
    j, i = found.unreachable
    because = f"no path leads from input {j} to output {i}"
    if known.path is not None and known.path.infinite:
        because = known.path.because
    return Fact(None, None, None, "proved", because, length, (j, i))
