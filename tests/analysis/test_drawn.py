"""Whole random mixers: measured quantities and forms against the rows themselves."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from hypothesis import example, given, settings

from glmc.analysis import cost
from glmc.analysis.cache import cache
from glmc.analysis.congestion import congestion
from glmc.analysis.forms import Band, Block, Columns, Compact, Fenwick, Form, Interval, Opaque, Shifts, Stride
from glmc.analysis.influence import paths
from glmc.analysis.recognise import is_shift_invariant, reach, recognise
from glmc.diagnostics import Sink
from glmc.pattern.elaborate import elaborate
from glmc.pattern.evaluate import Environment, EvaluationError, evaluate_integer
from glmc.pattern.nodes import Expr, Pattern, Variable
from glmc.pattern.rows import entries
from glmc.source import Source
from glmc.syntax.parser import parse
from tests import strategies
from tests.analysis import brute

LENGTH = 16
HORIZON = 500


def drawn_pattern(drawn: strategies.Drawn) -> Pattern:
    report = Sink(Source("drawn.glm", drawn.text))
    module = parse(report.source, report)
    assert module is not None
    (pattern,) = elaborate(module, report, mixer=drawn.name)
    return pattern


@settings(max_examples=25, deadline=None)
@given(strategies.mixers())
def test_quantities_are_those_of_the_definitions(drawn: strategies.Drawn) -> None:
    pattern = drawn_pattern(drawn)
    mixer = brute.of(pattern, HORIZON)
    tokens, cached, found = (
        cost.token_times(pattern, LENGTH),
        cache(pattern, LENGTH),
        paths(pattern, LENGTH),
    )
    hops = mixer.hops(LENGTH)
    assert found.unreachable == brute.unreachable(hops, LENGTH)
    for n in (1, 2, 7, LENGTH):
        assert cost.time(tokens)[n] == mixer.time(n)
        assert cost.total(tokens)[n] == mixer.total(n)
        assert found.at(n) == brute.path(hops, n)
        if cached.horizon is None:
            assert cached.values[n] == mixer.cache(n)
        else:
            assert cached.values[n] <= mixer.cache(n)


IDLE = strategies.Drawn(  # a share of the heads reads none of what is routed
    """glm 1
mixer half { A[i] = { i - k for k in 0..2 if gcd(i, k) == 1 } B[i] = { i - 2^k for k in 0..bitlen(i) } }
mixer other { let f(k) = k^2 + 1 A[i] = landmarks(f)[i] }
mixer drawn {
  heads 1/2: half
  heads 1/2: other
}
""",
    "drawn",
    2,
)


@settings(max_examples=15, deadline=None)
@given(strategies.mixers())
@example(IDLE)
def test_congestion_interval_is_one(drawn: strategies.Drawn) -> None:
    pattern = drawn_pattern(drawn)
    hops = brute.of(pattern, HORIZON).hops(2 * LENGTH)
    found = congestion(pattern, LENGTH)
    missing = [(j, j + LENGTH) for j in range(LENGTH) if (j, j + LENGTH) not in hops]
    if missing:
        assert found.unroutable == missing[0]
    else:
        assert found.lower is not None and found.upper is not None
        assert 1 <= found.lower <= found.upper <= LENGTH


@settings(max_examples=50, deadline=None)
@given(strategies.mixers())
def test_forms_are_the_rows(drawn: strategies.Drawn) -> None:
    for group in drawn_pattern(drawn).groups:
        for row_set in (group.a, group.b):
            rows = brute.rows_of(row_set, 40)
            forms = recognise(row_set)
            for i, row in enumerate(rows):
                assert set().union(*(written(form, i) for form in forms)) == row
            bound = reach(row_set)
            assert bound is None or all(i - j <= bound for i, row in enumerate(rows) for j in row)
            if is_shift_invariant(row_set):
                for before, row in pairwise(rows):
                    assert {j - 1 for j in row if j} == before


def written(form: Form, i: int) -> set[int]:
    """Row i of a form, read off its docstring."""
    match form:
        case Band(first, stop):
            elements = {i - d for d in range(first, i + 1 if stop is None else stop)}
        case Stride(first, step, count):
            elements = {i - first - step * k for k in range(i + 1 if count is None else count)}
        case Shifts(distance, variable, start, stop):
            f = function(distance, variable)
            elements = {i - f(k) for k in range(start, i + start + 2 if stop is None else stop)}
        case Columns(column, variable, start, stop, lag):
            f = function(column, variable)
            values = [f(k) for k in range(start, i + start + 2 if stop is None else stop)]
            elements = {value for value in values if value <= i - lag}
        case Block(width, lag):
            elements = set(range(i - i % width, i - lag + 1))
        case Interval(low, high):
            ends = [evaluate_integer(end, Environment(row=i)) for end in (low, high)]
            elements = set(range(max(ends[0], 0), ends[1]))
        case Compact(distance, unit, variable):
            f, a = function(distance, variable), function(unit, variable)
            elements = {a(k) * -(-(i + 1 - f(k)) // a(k)) - 1 for k in range(i + 1) if f(k) <= i}
        case Fenwick(lag, back):
            cleared = {(i >> k) << k for k in range(i.bit_length() + 1)}
            elements = {c - back for c in cleared if c - back <= i - lag}
        case Opaque(row_set):
            elements = set(entries(row_set, i, i + 1).column.tolist())
    return {j for j in elements if j >= 0}


def function(expr: Expr, variable: Variable) -> Callable[[int], int]:
    def value(k: int) -> int:
        try:
            return evaluate_integer(expr, Environment(variables={variable.name: k}))
        except EvaluationError as error:
            assert error.kind == "too large"
            return HORIZON

    return value
