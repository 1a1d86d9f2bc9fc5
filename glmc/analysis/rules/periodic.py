"""Rows that repeat: row i + p is row i moved by p, elements below 0 apart."""

from __future__ import annotations

from typing import assert_never

from glmc.analysis.forms import Band, Block, Columns, Compact, Fenwick, Form, Interval, Opaque, Shifts, Stride
from glmc.analysis.polynomial import TooLarge, constant, polynomial
from glmc.analysis.recognise import recognise
from glmc.pattern.nodes import Comprehension, Difference, Expr, Intersection, Listed, Row, RowSet, Union
from glmc.pattern.walk import compared

_LONGEST_PERIOD = 64


def common_period(row_sets: tuple[RowSet, ...]) -> int | None:
    """The least p up to 64 with which all row sets evidently repeat, None where there is none."""
    periods = range(1, _LONGEST_PERIOD + 1)
    return next((p for p in periods if all(_repeats(row_set, p) for row_set in row_sets)), None)


def _repeats(row_set: RowSet, period: int) -> bool:
    return all(_form_repeats(form, period) for form in recognise(row_set))


def _form_repeats(form: Form, period: int) -> bool:
    match form:
        case Band() | Stride() | Shifts():
            return True
        case Block(width):
            return period % width == 0
        case Interval(low, high):
            return _moves_by(low, period, period) and _moves_by(high, period, period)
        case Columns() | Compact() | Fenwick():
            return False
        case Opaque(row_set):
            return _opaque_repeats(row_set, period)
        case _:
            assert_never(form)


def _opaque_repeats(row_set: RowSet, period: int) -> bool:
    """An element that moves by p with i, over ranges and under a condition that do not change with it."""
    match row_set:
        case Difference(left, right) | Intersection(left, right):
            return _repeats(left, period) and _repeats(right, period)
        case Comprehension(element, generators, condition):
            fixed = [end for g in generators for end in (g.start, g.stop) if end is not None]
            fixed += () if condition is None else compared(condition)
            return _moves_by(element, period, period) and all(_moves_by(expr, period, 0) for expr in fixed)
        case Listed() | Union():
            return False
        case _:
            assert_never(row_set)


def _moves_by(expr: Expr, period: int, distance: int) -> bool:
    """Whether ``expr`` at i + period is ``expr`` at i plus ``distance``, as normal forms show it."""
    try:
        later = polynomial(expr, {Row(): polynomial(Row()) + constant(period)})
        return later - polynomial(expr) == constant(distance)
    except TooLarge:
        return False
