"""Inequalities between closed expressions in n: proved for all large n, or decided length by length."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt, lcm

import numpy as np

from glmc.analysis import series
from glmc.analysis.formula import call, enclose, normal, number, rewrite
from glmc.analysis.growth import LINEAR
from glmc.analysis.intervals import Interval, OutOfRange, point
from glmc.analysis.polynomial import Polynomial, TooLarge, constant, polynomial
from glmc.analysis.series import TooFast, Unknown
from glmc.pattern.evaluate import Environment, EvaluationError, IntArray, Rows, evaluate, evaluate_rows
from glmc.pattern.nodes import Call, Expr, Length, Product, Row, Sum
from glmc.pattern.reals import Undecided, compare

_FAR = 64
"""Tails are proved from 2^64 on where they do not hold from the checked lengths on."""

_ONE_BY_ONE = 1 << 16
_MOST_BOXES = 1000
_FEW_BOXES = 96
_NARROW = 4


def at_lengths(expr: Expr, lengths: IntArray) -> IntArray:
    """⌊expr⌋ at many lengths, exactly. Raises EvaluationError."""
    return evaluate_rows(call("floor", rewrite(expr, _length_as_row)), Rows(lengths))


def _length_as_row(expr: Expr) -> Expr:
    return Row() if isinstance(expr, Length) else expr


def same(left: Expr, right: Expr) -> bool:
    """Whether both have one normal form, so that they are equal for every n >= 2."""
    try:
        return normal(left) == normal(right)
    except (TooLarge, OutOfRange):
        return False


def never_above(left: Expr, right: Expr, checked_to: int) -> bool:
    """Whether left <= right is proved for every n > checked_to (at least 2).

    The normal form of right − left is a non-negative constant; or its series is non-negative for all n from
    2^⌊log2 checked_to⌋ on; or from 2^64 on, and enclosures show it on the lengths between.
    """
    try:
        difference = _monotone(normal(right) - normal(left), checked_to)
    except (TooLarge, OutOfRange, TypeError):
        return False
    if difference.constant is not None:
        return difference.constant >= 0
    near = max(checked_to, 2).bit_length() - 1
    if _tail_is_nonnegative(difference, near) or _logarithm_is_larger(left, right, near):
        return True
    if not _tail_is_nonnegative(difference, _FAR):
        return False
    return _nonnegative_between(difference.expression(), checked_to + 1, 1 << _FAR, _MOST_BOXES)


def _tail_is_nonnegative(difference: Polynomial, m: int) -> bool:
    try:
        return series.certainly_at_least_zero(series.series(difference.expression(), m), m)
    except (Unknown, TooFast, OutOfRange, TypeError):
        return False


def _logarithm_is_larger(left: Expr, right: Expr, m: int) -> bool:
    """left <= right for n >= 2^m by their logarithms, where right is beyond every power of n."""
    try:
        gap = Sum((call("log2", right), Product((number(-1), call("log2", left)))))
        return series.certainly_at_least_zero(series.series(gap, m), m)
    except (Unknown, TooFast, OutOfRange, TypeError):
        return False


def _monotone(difference: Polynomial, checked_to: int) -> Polynomial:
    """Something that is not above ``difference``, without floors outside products.

    c·⌊x⌋ − c·⌊y⌋ with x >= y is dropped, as it is not negative; other floors go to x or to a little below x.
    """
    floors = [
        (atom, c)
        for ((atom, exponent), *more), c in ((m, c) for m, c in difference.terms if m)
        if exponent == 1 and not more and isinstance(atom, Call) and atom.function == "floor"
    ]
    for x, gain in floors:
        for y, loss in floors:
            if gain <= 0 or loss >= 0 or x == y or not isinstance(x, Call) or not isinstance(y, Call):
                continue
            if never_above(y.arguments[0], x.arguments[0], checked_to):
                common = min(gain, -loss)
                rest = difference - polynomial(x).scaled(common) + polynomial(y).scaled(common)
                return _monotone(rest, checked_to)
    for atom, c in floors:
        inner = polynomial(atom.arguments[0]) if isinstance(atom, Call) else polynomial(atom)
        least = inner if c < 0 else inner - constant(_lost(inner))
        difference = difference + (least - polynomial(atom)).scaled(c)
    return difference


def _lost(inner: Polynomial) -> Fraction:
    """How much ⌊x⌋ may be below x: (q − 1)/q for a fraction p/q of integers, else 1."""
    denominator = lcm(*(c.denominator for _, c in inner.terms))
    whole = inner.scaled(Fraction(denominator)).is_integral
    return Fraction(denominator - 1, denominator) if whole else Fraction(1)


def _nonnegative_between(expr: Expr, start: int, stop: int, most: int) -> bool:
    """Whether enclosures over boxes of lengths show expr >= 0 for start <= n <= stop."""
    boxes = [(start, stop)]
    for _ in range(most):
        if not boxes:
            return True
        low, high = boxes.pop()
        try:
            found = enclose(expr, Interval(Fraction(low), Fraction(high)))
        except OutOfRange:
            found = Interval(Fraction(-1), Fraction(1))
        if found.low >= 0:
            continue
        if found.high < 0 or low == high:
            return False
        middle = 1 << ((low.bit_length() + high.bit_length()) // 2) if high > 4 * low else (low + high) // 2
        middle = min(max(middle, low), high - 1)
        boxes += [(middle + 1, high), (low, middle)]
    return not boxes


def first_above(values: IntArray, bound: Expr) -> int | None:
    """The least n >= 2 with values[n] > bound(n), among the lengths of ``values``, which never fall.

    A bound that grows too large to write down is above all values. Raises EvaluationError.
    """
    for n in map(int, _undecided(values, bound)):
        try:
            if sign_at(bound, int(values[n]), n) < 0:
                return n
        except EvaluationError as error:
            if error.kind != "too large" or not _grows_fast(bound):
                raise
            return None
    return None


def sign_at(bound: Expr, value: int, n: int) -> int:
    """The sign of bound(n) − value: by enclosures, exactly where they do not tell. Raises EvaluationError."""
    try:
        gap = enclose(bound, point(n)) - point(value)
        if gap.is_point or gap.low > 0 or gap.high < 0:
            return (gap.high > 0) - (gap.low < 0)
    except OutOfRange:
        pass  # evaluation says why
    try:
        return compare(evaluate(bound, Environment(length=n)), value)
    except Undecided:
        raise EvaluationError("undecided", bound) from None


def _undecided(values: IntArray, bound: Expr) -> IntArray:
    """The lengths n >= 2 at which a few enclosures over boxes of lengths do not show values[n] <=
    bound(n).
    """
    boxes = [(2, len(values) - 1)] if len(values) > 2 else []
    for _ in range(_FEW_BOXES):
        if not boxes:
            break
        low, high = boxes.pop()
        try:
            least = enclose(bound, Interval(Fraction(low), Fraction(high))).low
        except OutOfRange:
            least = Fraction(-1)
        if values[high] <= least:
            continue
        if high - low < _NARROW:
            boxes.insert(0, (low, high))
            continue
        middle = isqrt(low * high) if high > 4 * low else (low + high) // 2
        boxes += [(middle + 1, high), (low, middle)]
    kept = [np.arange(low, high + 1) for low, high in sorted(boxes)]
    return np.concatenate(kept) if kept else np.arange(0)


def _grows_fast(bound: Expr) -> bool:
    """Whether a bound is beyond n^4 for large n, as far as its series shows."""
    try:
        return series.order(bound) > series.scale_of(LINEAR**4)
    except TooFast as beyond:
        return beyond.sign > 0
    except (Unknown, OutOfRange, series.NotPositive):
        return False


def first_below(values: IntArray, bound: Expr) -> int | None:
    """The least n >= 2 with values[n] < bound(n), among the lengths of ``values``. Raises EvaluationError."""
    for n in range(2, len(values)):
        if sign_at(bound, int(values[n]), n) > 0:
            return n
    return None


def below_at(left: Expr, right: Expr, start: int, stop: int) -> bool:
    """left <= right for start <= n <= stop. Raises EvaluationError."""
    try:
        gap = (normal(right) - normal(left)).constant
    except TooLarge:
        gap = None
    if gap is not None:
        return gap >= 0
    difference = Sum((right, Product((number(-1), left))))
    if _nonnegative_between(difference, start, stop, _FEW_BOXES):
        return True
    return all(sign_at(difference, 0, n) >= 0 for n in range(start, stop + 1))


def far_above(value: Expr, bound: Expr, checked_to: int) -> int | None:
    """The least n > checked_to with value(n) > bound(n), as far as lengths near powers of two up to 2^64 lead to it.

    Exact to 2^16; beyond, the difference changes its sign at n, but it may do so before. None where none is found.
    """
    found = _somewhere_above(value, bound, checked_to)
    if found is None:
        return None
    if found <= _ONE_BY_ONE:
        values = np.append(np.zeros(checked_to + 1, np.int64), at_lengths(value, np.arange(checked_to + 1, found + 1)))
        return first_above(values, bound) or found
    within, gap = checked_to, Sum((value, Product((number(-1), bound))))
    while found - within > 1:
        middle = (within + found) // 2
        try:
            is_above = sign_at(gap, 0, middle) > 0
        except EvaluationError:
            return found
        within, found = (within, middle) if is_above else (middle, found)
    return found


def _is_above(value: Expr, bound: Expr, n: int) -> bool:
    at = point(n)
    return (enclose(value, at) - enclose(bound, at)).low > 0


def _somewhere_above(value: Expr, bound: Expr, checked_to: int) -> int | None:
    first: int = max(checked_to, 2).bit_length() - 1
    for exponent in range(first, _FAR + 1):
        power = 1 << exponent
        for n in (power - 1, power, power + 1, 3 * power // 2):
            if n <= checked_to:
                continue
            try:
                if _is_above(value, bound, n):
                    return n
            except OutOfRange:
                return None
    return None
