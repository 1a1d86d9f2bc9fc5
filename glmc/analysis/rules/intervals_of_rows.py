"""Rows { j : low(i) <= j < high(i) } whose ends move with floor(sqrt(i)) and the like."""

from __future__ import annotations

from fractions import Fraction

from glmc.analysis import series
from glmc.analysis.formula import N, call, number
from glmc.analysis.growth import CONSTANT, Growth
from glmc.analysis.intervals import OutOfRange
from glmc.analysis.polynomial import Polynomial, TooLarge, polynomial
from glmc.analysis.series import TooFast, Unknown
from glmc.pattern.nodes import Call, Expr, Length, Number, Power, Product, Row, Sum

_LARGE = 64


def gap_bound(low: Expr, high: Expr) -> Growth | None:
    """An upper bound of the growth of high(i) − low(i), by the series of the difference; None where it does
    not show.
    """
    try:
        difference = polynomial(high) - polynomial(low)
        gap = series.series(_in_length(difference.expression()), _LARGE)
    except (TooLarge, Unknown, TooFast, OutOfRange, TypeError):
        return None
    for scale in sorted(gap, reverse=True):
        if gap[scale].high > 0 or gap[scale].low < 0:
            return series.growth(max(scale, series.UNIT))
    return CONSTANT


def least_gap(low: Expr, high: Expr) -> Growth:
    """A lower bound of the growth of |row i| = high(i) − max(low(i), 0) on a fixed fraction of all rows.

    That is the smaller one of high(i) and the gap high(i) − low(i): their series, or for the gap that of
    ``_root_gap``.
    """
    try:
        gap = polynomial(high) - polynomial(low)
        top = _order(polynomial(high))
    except TooLarge:
        return CONSTANT
    found = _order(gap) or _root_gap(gap)
    return CONSTANT if found is None or top is None else max(min(found, top), CONSTANT)


def end_growth(end: Expr) -> Growth | None:
    """The Theta class of a moving end, None where its series does not show it to be positive."""
    try:
        return _order(polynomial(end))
    except TooLarge:
        return None


def _order(difference: Polynomial) -> Growth | None:
    """The Theta class of an expression of i, if its series shows it to be positive."""
    try:
        return series.growth(series.order(_in_length(difference.expression())))
    except (Unknown, TooFast, OutOfRange, series.NotPositive, TypeError):
        return None


def _root_gap(gap: Polynomial) -> Growth | None:
    """A lower bound on a third of all rows where floor(sqrt(i)) moves the ends.

    Rows i = m² + t with m <= t <= 2m have floor(sqrt(i)) = m. If no term with i in the gap is negative, it
    does not fall with t, so it is at least its value at t = m there, a polynomial in m of some degree p: the
    gap is at least a constant times i^(p/2).
    """
    named = _substituted(gap, call("floor", call("sqrt", Row())))
    rises = all(c > 0 for monomial, c in gap.terms if any(atom == Row() for atom, _ in monomial))
    found = _order(named) if named is not None and rises else None
    return None if found is None else found ** Fraction(1, 2)


def _substituted(gap: Polynomial, root: Expr) -> Polynomial | None:
    """The gap with floor(sqrt(i)) = n and i = n² + n; None where i stands elsewhere."""
    total = polynomial(number(0))
    m = polynomial(N)
    for monomial, c in gap.terms:
        term = polynomial(number(c))
        for atom, exponent in monomial:
            if exponent < 0 or atom not in (root, Row()):
                return None
            for _ in range(exponent):
                term = term * (m if atom == root else m * m + m)
        total = total + term
    return total


def _in_length(expr: Expr) -> Expr:
    """An expression of i as the same expression of n."""
    match expr:
        case Row():
            return N
        case Number() | Length():
            return expr
        case Sum(terms):
            return Sum(tuple(map(_in_length, terms)))
        case Product(factors):
            return Product(tuple(map(_in_length, factors)))
        case Power(base, exponent):
            return Power(_in_length(base), _in_length(exponent))
        case Call(function, arguments):
            return Call(function, tuple(map(_in_length, arguments)))
        case _:
            raise TypeError(f"{expr} has no series")
