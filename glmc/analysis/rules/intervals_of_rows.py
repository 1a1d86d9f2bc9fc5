"""Rows { j : low(i) <= j < high(i) } whose ends move with floor(sqrt(i)) and the like."""

from __future__ import annotations

from fractions import Fraction

from glmc.analysis import series
from glmc.analysis.formula import N, call, number
from glmc.analysis.growth import CONSTANT, Growth
from glmc.analysis.intervals import OutOfRange
from glmc.analysis.polynomial import Polynomial, TooLarge, polynomial
from glmc.analysis.series import TooFast, Unknown
from glmc.pattern.evaluate import Environment, evaluate_integer
from glmc.pattern.nodes import Call, Expr, FloorDivide, Length, Number, Power, Product, Quotient, Row, Sum

_LARGE = 64


def gap_bound(low: Expr, high: Expr) -> Growth | None:
    """An upper bound of the growth of high(i) − low(i), by the series of the difference; None where it does not show."""
    try:
        difference = polynomial(high) - polynomial(low)
        gap = series.series(_in_length(difference.expression()), _LARGE)
    except (TooLarge, Unknown, TooFast, OutOfRange, TypeError):
        return None
    for scale in sorted(gap, reverse=True):
        if gap[scale].high > 0 or gap[scale].low < 0:
            return series.growth(max(scale, series.UNIT))
    return CONSTANT


def root_gap(low: Expr, high: Expr) -> Growth | None:
    """A lower bound of the growth of high(i) − low(i) on a fixed fraction of all rows, where floor(sqrt(i)) moves the ends.

    Rows i = m² + t with m <= t <= 2m have floor(sqrt(i)) = m, and are at least a third of all rows. If no term with i
    in the gap is negative, it does not fall with t, so it is at least its value at t = m there, a polynomial in m of
    some degree p: the gap is at least a constant times i^(p/2). The low end is never below 0, so nothing is dropped.
    """
    root = call("floor", call("sqrt", Row()))
    try:
        gap = polynomial(high) - polynomial(low)
        named = _substituted(gap, root)
    except TooLarge:
        return None
    if named is None:
        return None
    rises = all(c > 0 for monomial, c in gap.terms if any(atom == Row() for atom, _ in monomial))
    if not (rises and never_falls(low) and _at_zero(low) >= 0):
        return None
    try:
        scale = series.order(named.expression())
    except (Unknown, TooFast, OutOfRange, series.NotPositive, TypeError):
        return None
    found = series.growth(scale)
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


def _at_zero(expr: Expr) -> int:
    return evaluate_integer(expr, Environment(row=0))


def never_falls(expr: Expr) -> bool:
    """Whether an expression of i is evidently non-decreasing: sums, products and roots of such with no minus sign."""
    match expr:
        case Number(value):
            return value >= 0
        case Row():
            return True
        case Sum(terms):
            return all(isinstance(term, Number) or never_falls(term) for term in terms)
        case Product(factors):
            return all(map(never_falls, factors))
        case Quotient(numerator, Number(value)) | FloorDivide(numerator, Number(value)):
            return value > 0 and never_falls(numerator)
        case Power(base, Number(value)):
            return value >= 0 and never_falls(base)
        case Power(Number(value), exponent):
            return value >= 1 and never_falls(exponent)
        case Call("floor" | "ceil" | "sqrt" | "log2" | "min" | "max", arguments):
            return all(map(never_falls, arguments))
        case _:
            return False


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
