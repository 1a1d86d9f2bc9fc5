"""Closed intervals with rational ends, which enclose the real numbers that claims speak of.

Rational results are exact (a point); irrational ones are enclosed to ``DIGITS`` decimal digits, rounded
outwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, isqrt

DIGITS = 60
_CONTEXT = Context(prec=DIGITS, Emax=999_999_999, Emin=-999_999_999)
_SLACK = Fraction(1, 10 ** (DIGITS - 20))  # far above the rounding of a handful of operations
_LARGEST_BITS = 1 << 20


class OutOfRange(ArithmeticError):
    """A value that is undefined (log2(0), a zero divisor) or too large to write down."""


@dataclass(frozen=True)
class Interval:
    low: Fraction
    high: Fraction

    @property
    def is_point(self) -> bool:
        return self.low == self.high

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __sub__(self, other: Interval) -> Interval:
        return self + -other

    def __mul__(self, other: Interval) -> Interval:
        products = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(min(products), max(products))

    def reciprocal(self) -> Interval:
        if self.low <= 0 <= self.high:
            raise OutOfRange("division by zero")
        return Interval(1 / self.high, 1 / self.low)

    def hull(self, other: Interval) -> Interval:
        return Interval(min(self.low, other.low), max(self.high, other.high))

    def rounded(self) -> Interval:
        """This interval or one barely larger, with short fractions; points stay points."""
        if self.is_point:
            return self
        unit = 1 << 200
        return Interval(Fraction(floor(self.low * unit), unit), Fraction(ceil(self.high * unit), unit))


def point(value: Fraction | int) -> Interval:
    return Interval(Fraction(value), Fraction(value))


ZERO, ONE = point(0), point(1)


def floor_of(x: Interval) -> Interval:
    return Interval(Fraction(floor(x.low)), Fraction(floor(x.high)))


def root(x: Interval) -> Interval:
    if x.low < 0:
        raise OutOfRange("square root of a negative number")
    low, high = _root(x.low), _root(x.high)
    return Interval(low.low, high.high)


def _root(x: Fraction) -> Interval:
    numerator, denominator = isqrt(x.numerator), isqrt(x.denominator)
    if numerator**2 == x.numerator and denominator**2 == x.denominator:
        return point(Fraction(numerator, denominator))
    unit = 1 << 128
    low = isqrt(x.numerator * unit * unit // x.denominator)
    return Interval(Fraction(low, unit), Fraction(low + 1, unit))


def log2(x: Interval) -> Interval:
    if x.low <= 0:
        raise OutOfRange("logarithm of a number that is not positive")
    return Interval(_log2(x.low).low, _log2(x.high).high)


def logarithm(x: Interval, base: Interval) -> Interval:
    """log(x) to a base above 1, exact where it is rational."""
    if base.low <= 1:
        raise OutOfRange("a base that is not above 1")
    if x.is_point and base.is_point and x.low.denominator == base.low.denominator == 1 and x.low > 0:
        exact = _rational_logarithm(int(x.low), int(base.low))
        if exact is not None:
            return point(exact)
    return log2(x) * log2(base).reciprocal()


def natural(x: Interval) -> Interval:
    return log2(x) * _ln2()


@lru_cache(maxsize=4096)
def _log2(x: Fraction) -> Interval:
    exact = x if x >= 1 else 1 / x
    if exact.denominator == 1 and exact.numerator & (exact.numerator - 1) == 0:
        exponent = exact.numerator.bit_length() - 1
        return point(exponent if x >= 1 else -exponent)
    logarithms = _CONTEXT.subtract(_ln(x.numerator), _ln(x.denominator))
    value = Fraction(_CONTEXT.divide(logarithms, _ln(2)))
    slack = _SLACK * (1 + x.numerator.bit_length() + x.denominator.bit_length())
    return Interval(value - slack, value + slack)


def _ln(x: int) -> Decimal:
    if x.bit_length() > _LARGEST_BITS:
        raise OutOfRange("a number too large to write down")
    return _CONTEXT.ln(Decimal(x))


def _ln2() -> Interval:
    value = Fraction(_ln(2))
    return Interval(value - _SLACK, value + _SLACK)


def _rational_logarithm(x: int, base: int) -> Fraction | None:
    """p/q with x^q = base^p for integers x >= 1, base >= 2; None where there is none (Euclid on the
    exponents).
    """
    if x == 1:
        return Fraction(0)
    whole = 0
    while x % base == 0:
        x //= base
        whole += 1
    if x == 1:
        return Fraction(whole)
    if x > base or base % x:
        return None
    inverse = _rational_logarithm(base, x)
    return None if inverse is None else whole + 1 / inverse


def power(x: Interval, exponent: Interval) -> Interval:
    """x^exponent; any x for an integer exponent, x > 0 (or x = 0 < exponent) otherwise."""
    if exponent.is_point and exponent.low.denominator == 1:
        return _integer_power(x, int(exponent.low))
    if exponent.is_point and exponent.low.denominator == 2:
        return _integer_power(root(x), exponent.low.numerator)
    if x == ZERO and exponent.low > 0:
        return ZERO
    return _exp2(log2(x) * exponent)


def _integer_power(x: Interval, exponent: int) -> Interval:
    if x == ONE:
        return ONE
    size = max(abs(end.numerator).bit_length() + end.denominator.bit_length() for end in (x.low, x.high))
    if size * abs(exponent) > _LARGEST_BITS:
        raise OutOfRange("a number too large to write down")
    if exponent < 0:
        return _integer_power(x.reciprocal(), -exponent)
    ends = (x.low**exponent, x.high**exponent)
    crosses = x.low < 0 < x.high and exponent % 2 == 0 and exponent > 0
    return Interval(Fraction(0) if crosses else min(ends), max(ends))


def _exp2(exponent: Interval) -> Interval:
    if max(abs(exponent.low), abs(exponent.high)) > _LARGEST_BITS:
        raise OutOfRange("a number too large to write down")
    return Interval(_exp2_of(exponent.low).low, _exp2_of(exponent.high).high)


def _exp2_of(exponent: Fraction) -> Interval:
    if exponent.denominator == 1:
        return point(Fraction(2) ** int(exponent))
    with localcontext(_CONTEXT):
        scaled = Decimal(exponent.numerator) / Decimal(exponent.denominator) * _ln(2)
        value = Fraction(scaled.exp())
    relative = _SLACK * (1 + abs(exponent))
    return Interval(value * (1 - relative), value * (1 + relative))
