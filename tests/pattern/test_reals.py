"""Signs, floors and comparisons of irrational numbers, where floats cannot tell."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmc.pattern import reals
from glmc.pattern.reals import (
    Real,
    Undecided,
    Value,
    add,
    compare,
    divide,
    floor,
    logarithm,
    multiply,
    power,
    root,
)

POSITIVE = st.one_of(st.integers(1, 10**9), st.fractions(Fraction(1, 1000), 1000, max_denominator=1000))


def test_perfect_powers_are_rational() -> None:
    assert root(49, 2) == 7
    assert root(Fraction(27, 8), 3) == Fraction(3, 2)
    assert logarithm(27, 9) == Fraction(3, 2)
    assert logarithm(Fraction(1, 8), 2) == -3
    assert isinstance(root(50, 2), Real)
    assert isinstance(logarithm(3, 2), Real)


def test_equal_numbers_that_are_built_differently() -> None:
    two, three = root(2, 2), root(3, 2)
    assert floor(multiply(two, two)) == 2
    assert compare(multiply(two, three), root(6, 2)) == 0
    nested = root(add(3, multiply(2, two)), 2)  # √(3 + 2√2) = 1 + √2
    assert compare(nested, add(1, two)) == 0
    assert floor(add(nested, multiply(two, -1))) == 1
    assert compare(add(logarithm(3, 2), logarithm(5, 2)), logarithm(15, 2)) == 0
    assert floor(divide(multiply(three, 2), three)) == 2


def test_numbers_that_differ_far_behind_the_point() -> None:
    close = root(10**60 + 1, 2)  # 10^30 + 5e-31
    assert floor(close) == 10**30
    assert compare(close, 10**30) == 1
    assert reals.ceil(close) == 10**30 + 1
    assert floor(logarithm(2**200 - 1, 2)) == 199
    assert compare(multiply(3, logarithm(2**200 - 1, 2)), 600) == -1


def test_powers_of_irrational_numbers() -> None:
    two = root(2, 2)
    assert compare(power(two, 100, 4096), 2**50) == 0
    assert floor(power(add(two, 1), 20, 4096)) == 45239073  # (1 + √2)^20 = 45239074 − (√2 − 1)^20
    assert power(2, logarithm(3, 2), 4096) == 3
    assert floor(power(2, two, 4096)) == 2
    assert floor(multiply(power(2, two, 4096), 10**12)) == 2665144142690
    assert floor(multiply(power(10, multiply(two, -1), 4096), 10**12)) == 38528884700
    many = two
    for prime in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53):
        many = multiply(many, root(prime, 2))
    assert floor(many) == math.isqrt(32589158477190044730)


def test_what_no_method_decides_is_not_guessed() -> None:
    product = multiply(logarithm(3, 2), logarithm(4, 3))  # 2, by a change of base
    with pytest.raises(Undecided):
        floor(product)


@given(POSITIVE, st.integers(2, 5))
def test_roots(x: int | Fraction, degree: int) -> None:
    found = floor(root(x, degree))
    assert found**degree <= x < (found + 1) ** degree


@given(POSITIVE, st.integers(2, 20))
def test_logarithms(x: int | Fraction, base: int) -> None:
    found = floor(logarithm(x, base))
    assert Fraction(base) ** found <= x < Fraction(base) ** (found + 1)


@given(POSITIVE, POSITIVE, POSITIVE, st.fractions(-50, 50, max_denominator=12))
def test_enclosures_hold_the_number(x: Value, y: Value, z: Value, c: Fraction) -> None:
    number = add(multiply(root(x, 2), c), divide(root(y, 3), logarithm(add(z, 1), None)))
    with mpmath.workdps(80):
        exact = mpmath.sqrt(_mp(x)) * _mp(c) + mpmath.root(_mp(y), 3) / mpmath.log(_mp(z) + 1)
        for bits in (64, 128, 200):
            low, high = reals.enclosure(number, bits)
            assert _mp(low) <= exact + mpmath.mpf(10) ** -70 and exact - mpmath.mpf(10) ** -70 <= _mp(high)
            assert high - low < Fraction(1 + abs(floor(number)), 2 ** (bits - 30))


@given(st.integers(1, 1000), st.integers(1, 12), st.integers(1, 5))
def test_fractional_powers(x: int, p: int, q: int) -> None:
    found = floor(power(x, Fraction(p, q), 4096))
    assert found**q <= x**p < (found + 1) ** q


def _mp(x: Value) -> mpmath.mpf:
    assert not isinstance(x, Real)
    return mpmath.mpf(x.numerator) / x.denominator
