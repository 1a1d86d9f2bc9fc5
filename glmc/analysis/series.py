"""Expressions in n as sums of scales with enclosed coefficients: growth classes, and bounds for large n.

A scale is a product of powers of n, log2 n, log2 log2 n and log2 log2 log2 n. ``series(expr, m)`` encloses
``expr`` by Σ c_s(n)·s(n) with every c_s(n) in a fixed interval, for all n >= 2^m. Floor adds [−1, 0], ceil
[0, 1]; a quotient, root or logarithm of a sum takes its leading term out and encloses the rest at n = 2^m,
where the ratio of a lower scale to a higher one is largest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import log, log2
from typing import assert_never

from glmc.analysis import intervals
from glmc.analysis.growth import Growth
from glmc.analysis.intervals import ONE, ZERO, Interval, OutOfRange, point
from glmc.pattern.nodes import (
    Call,
    Earlier,
    Expr,
    FloorDivide,
    Length,
    MapValue,
    Number,
    Power,
    Product,
    Quotient,
    Remainder,
    Row,
    Sum,
    Variable,
)

Scale = tuple[Fraction, ...]
"""Exponents of n, log2 n, log2 log2 n, log2 log2 log2 n; tuples compare as the scales grow."""

Series = Mapping[Scale, Interval]

DEPTH = 4
UNIT: Scale = (Fraction(0),) * DEPTH


class Unknown(Exception):
    """The series does not show what was asked."""


class TooFast(Exception):
    """The expression grows (``sign`` 1) beyond every power of n, or vanishes (−1) faster than every power of
    1/n.
    """

    def __init__(self, sign: int) -> None:
        super().__init__()
        self.sign = sign


def level(index: int) -> Scale:
    return tuple(Fraction(int(index == other)) for other in range(DEPTH))


def growth(scale: Scale) -> Growth | None:
    """The growth class, None beyond log log n."""
    power, logs, loglogs, *deeper = scale
    return None if any(deeper) else Growth(power, logs, loglogs)


def scale_of(growth: Growth) -> Scale:
    return (growth.power, growth.log, growth.loglog, *(Fraction(0) for _ in range(DEPTH - 3)))


def leading(x: Series) -> tuple[Scale, Interval]:
    """The fastest-growing scale and its coefficient, whose sign is certain. Raises Unknown."""
    for scale in sorted(x, reverse=True):
        coefficient = x[scale]
        if coefficient.low > 0 or coefficient.high < 0:
            return scale, coefficient
        if coefficient != ZERO:
            raise Unknown
    raise Unknown


def is_zero(x: Series) -> bool:
    return all(coefficient == ZERO for coefficient in x.values())


def certainly_at_least_zero(x: Series, m: int) -> bool:
    """Whether the series is >= 0 for every n >= 2^m, as far as it shows."""
    negative = {scale: Interval(min(c.low, Fraction(0)), Fraction(0)) for scale, c in x.items() if c.low < 0}
    if not negative:
        return True
    try:
        scale, coefficient = leading(x)
        rest = sum((_ratio(other, scale, m) * -c.low for other, c in negative.items()), Fraction(0))
    except Unknown:
        return False
    return coefficient.low >= rest


def series(expr: Expr, m: int) -> Series:
    """The enclosing series for n >= 2^m. Raises Unknown, TooFast or OutOfRange."""
    match expr:
        case Number(value):
            return {UNIT: point(value)}
        case Length():
            return {level(0): ONE}
        case Sum(terms):
            return _sum([series(term, m) for term in terms])
        case Product(factors):
            product: Series = {UNIT: ONE}
            for factor in _with_fast_last(factors, m):
                product = _product(product, factor)
            return product
        case Quotient(numerator, denominator):
            return _product(series(numerator, m), _inverse(denominator, m))
        case FloorDivide(numerator, denominator):
            return _sum(
                [
                    _product(series(numerator, m), _inverse(denominator, m)),
                    {UNIT: Interval(-Fraction(1), Fraction(0))},
                ]
            )
        case Remainder(_, denominator):
            return _product(series(denominator, m), {UNIT: Interval(Fraction(0), Fraction(1))})
        case Power(base, exponent):
            return _power(base, exponent, m)
        case Call():
            return _call(expr, m)
        case Row() | Variable() | MapValue() | Earlier():
            raise TypeError(f"{expr} is not an expression in the length")
        case _:
            assert_never(expr)


def _with_fast_last(factors: Iterable[Expr], m: int) -> list[Series]:
    """The factors' series; a factor beyond all powers makes the whole product so, with the sign of the
    others.
    """
    found: list[Series] = []
    fast: list[TooFast] = []
    for factor in factors:
        try:
            found.append(series(factor, m))
        except TooFast as beyond:
            fast.append(beyond)
    if not fast:
        return found
    if len({beyond.sign for beyond in fast}) > 1:
        raise Unknown
    if any(leading(x)[1].low < 0 for x in found):
        raise Unknown
    raise fast[0]


def _sum(parts: Iterable[Series]) -> Series:
    total: dict[Scale, Interval] = {}
    for part in parts:
        for scale, coefficient in part.items():
            total[scale] = (total.get(scale, ZERO) + coefficient).rounded()
    return total


def _product(left: Series, right: Series) -> Series:
    total: dict[Scale, Interval] = {}
    for a, p in left.items():
        for b, q in right.items():
            scale = tuple(x + y for x, y in zip(a, b, strict=True))
            total[scale] = (total.get(scale, ZERO) + p * q).rounded()
    if len(total) > 64:
        raise Unknown
    return total


def _scaled(x: Series, factor: Interval) -> Series:
    return {scale: (coefficient * factor).rounded() for scale, coefficient in x.items()}


# -- leading term and rest -


def _split(x: Series, m: int) -> tuple[Scale, Interval, Interval]:
    """Scale s, coefficient c > 0 and an interval R with x = c·s·(1 + ρ), ρ in R, for n >= 2^m."""
    scale, coefficient = leading(x)
    if coefficient.high < 0:
        raise Unknown
    rest = ZERO
    for other, c in x.items():
        if other != scale:
            bound = c * Interval(Fraction(0), _ratio(other, scale, m)) * coefficient.reciprocal()
            rest = rest + bound
    if rest.low <= Fraction(-1, 2):
        raise Unknown
    return scale, coefficient, rest.rounded()


def _ratio(low: Scale, high: Scale, m: int) -> Fraction:
    """An upper bound of low/high over n >= 2^m. Raises Unknown unless the ratio falls from there on.

    The logarithmic derivative of Π level_j^{e_j} is Σ e_j·w_j with w_0 = 1, w_{j+1} = w_j / ln(level_j),
    whose later terms lose against the first: if the sum is negative at 2^m with positive exponents only
    counted, it stays so.
    """
    exponents = [float(a - b) for a, b in zip(low, high, strict=True)]
    binary_logs, weights = [float(m)], [1.0]  # of level_j, at n = 2^m
    for _ in exponents[1:]:
        binary_logs.append(log2(binary_logs[-1]) if binary_logs[-1] > 0 else -1.0)
        weights.append(weights[-1] / (binary_logs[-2] * log(2)) if binary_logs[-2] > 0 else 0.0)
    used = [j for j, exponent in enumerate(exponents) if exponent]
    if not used or exponents[used[0]] >= 0 or any(binary_logs[j] < 0.1 for j in used):
        raise Unknown
    slope = sum(exponents[j] * weights[j] for j in used if j == used[0] or exponents[j] > 0)
    if slope >= -1e-9 * weights[used[0]]:
        raise Unknown
    bits = -sum(exponents[j] * binary_logs[j] for j in used) * (1 - 1e-9) - 1e-9
    return Fraction(2 ** -min(bits, 500.0))


def _raised(x: Series, exponent: Fraction, m: int) -> Series:
    """x^exponent for a rational exponent; exact for a single term with a coefficient of one."""
    if exponent.denominator == 1 and 0 <= exponent <= 8:
        product: Series = {UNIT: ONE}
        for _ in range(int(exponent)):
            product = _product(product, x)
        return product
    scale, coefficient, rest = _split(x, m)
    factor = intervals.power(coefficient, point(exponent))
    if rest != ZERO:
        factor = factor * intervals.power(ONE + rest, point(exponent))
    return {tuple(e * exponent for e in scale): factor.rounded()}


def _inverse(denominator: Expr, m: int) -> Series:
    try:
        return _raised(series(denominator, m), Fraction(-1), m)
    except TooFast as beyond:
        raise TooFast(-beyond.sign) from None


def _log2(expr: Expr, m: int) -> Series:
    match expr:
        case Power(base, exponent):
            return _product(series(exponent, m), _log2(base, m))
        case Product(factors):
            return _sum([_log2(factor, m) for factor in factors])
        case _:
            return _log2_of(series(expr, m), m)


def _log2_of(x: Series, m: int) -> Series:
    scale, coefficient, rest = _split(x, m)
    if scale[-1]:
        raise Unknown  # a fifth nested logarithm
    total: dict[Scale, Interval] = {
        level(index + 1): point(exponent) for index, exponent in enumerate(scale[:-1]) if exponent
    }
    fixed = intervals.log2(coefficient) + (intervals.log2(ONE + rest) if rest != ZERO else ZERO)
    if fixed != ZERO:
        total[UNIT] = fixed.rounded()
    return total


def _power(base: Expr, exponent: Expr, m: int) -> Series:
    power = series(exponent, m)
    if set(power) <= {UNIT} and (value := power.get(UNIT, ZERO)).is_point:
        try:
            return _raised(series(base, m), value.low, m)
        except TooFast as beyond:
            raise TooFast(beyond.sign * ((value.low > 0) - (value.low < 0))) from None
    return _exp2(_product(power, _log2(base, m)), m)


def _exp2(x: Series, m: int) -> Series:
    """2^x: Σ c_j·level_{j+1} becomes Π level_j^{c_j}; anything larger than a multiple of log2 n is too
    fast.
    """
    scale = list(UNIT)
    factor = ONE
    for term, coefficient in sorted(x.items(), reverse=True):
        if coefficient == ZERO:
            continue
        index = next((j for j in range(1, DEPTH) if term == level(j)), None)
        if term > level(1):
            _, lead = leading(x)
            raise TooFast(1 if lead.low > 0 else -1)
        if term == UNIT:
            factor = factor * intervals.power(point(2), coefficient)
        elif term < UNIT:
            bound = coefficient * Interval(Fraction(0), _ratio(term, UNIT, m))
            factor = factor * Interval(
                intervals.power(point(2), point(bound.low)).low,
                intervals.power(point(2), point(bound.high)).high,
            )
        elif index is not None and (coefficient.is_point or coefficient.high - coefficient.low < Fraction(1, 1 << 90)):
            scale[index - 1] += (coefficient.low + coefficient.high) / 2
        else:
            raise Unknown
    return {tuple(scale): factor.rounded()}


def _call(expr: Call, m: int) -> Series:
    x, *rest = expr.arguments
    match expr.function:
        case "floor":
            return _sum([series(x, m), {UNIT: Interval(Fraction(-1), Fraction(0))}])
        case "ceil":
            return _sum([series(x, m), {UNIT: Interval(Fraction(0), Fraction(1))}])
        case "sqrt":
            return _raised(series(x, m), Fraction(1, 2), m)
        case "log2":
            return _log2(x, m)
        case "log" if rest:
            return _product(_log2(x, m), _raised(_log2(rest[0], m), Fraction(-1), m))
        case "log":
            return _scaled(_log2(x, m), intervals.natural(point(2)))
        case "bitlen":
            return _sum([_log2(x, m), {UNIT: Interval(Fraction(0), Fraction(1))}])
        case "min" | "max":
            return _extreme(expr, m)
        case "abs":
            inside = series(x, m)
            return inside if leading(inside)[1].low > 0 else _scaled(inside, point(-1))
        case "gcd":
            smallest = min((series(argument, m) for argument in expr.arguments), key=lambda s: leading(s)[0])
            if set(smallest) != {UNIT}:
                raise Unknown
            return {UNIT: Interval(Fraction(1), smallest[UNIT].high)}
        case "lowbit":
            raise Unknown  # between 1 and n, over and over
        case _:
            assert_never(expr.function)


def _extreme(expr: Call, m: int) -> Series:
    """min or max: the one argument that is certainly the least or greatest, otherwise the hull of the
    coefficients.
    """
    known: list[Series] = []
    for argument in expr.arguments:
        try:
            known.append(series(argument, m))
        except TooFast as beyond:
            if (expr.function == "max") == (beyond.sign > 0):
                raise
            if beyond.sign < 0:
                raise Unknown from None
    if not known:
        raise TooFast(1)  # the least of bounds that are all beyond every power
    best, *others = known
    sign = point(1 if expr.function == "max" else -1)
    for other in others:
        if certainly_at_least_zero(_scaled(_sum([best, _scaled(other, point(-1))]), sign), m):
            continue
        if certainly_at_least_zero(_scaled(_sum([other, _scaled(best, point(-1))]), sign), m):
            best = other
        else:
            best = {scale: best.get(scale, ZERO).hull(other.get(scale, ZERO)) for scale in {*best, *other}}
    return best


def order(expr: Expr) -> Scale:
    """The Theta scale of an expression that is positive for all large n.

    Raises Unknown (or ``NotPositive``), TooFast and OutOfRange.
    """
    for m in (64, 1 << 12, 1 << 40):
        try:
            scale, coefficient = leading(series(expr, m))
        except (Unknown, OutOfRange):
            continue
        if coefficient.high < 0:
            raise NotPositive
        return scale
    if is_zero(series(expr, 64)):
        raise NotPositive
    raise Unknown


class NotPositive(Exception):
    """The expression is zero or negative for all large n."""
