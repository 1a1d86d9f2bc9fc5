"""The algebra of growth classes, and the growth of what claims write."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmc.analysis import series
from glmc.analysis.growth import CONSTANT, LINEAR, LOG, LOGLOG, Growth
from glmc.analysis.series import NotPositive, TooFast, Unknown
from tests.analysis.mixers import pattern

HALF = Fraction(1, 2)

EXPONENTS = st.fractions(min_value=-3, max_value=3, max_denominator=4)
GROWTHS = st.builds(Growth, EXPONENTS, EXPONENTS, EXPONENTS)


@pytest.mark.parametrize(
    ("growth", "text"),
    [
        (CONSTANT, "1"),
        (LINEAR, "n"),
        (LINEAR * LOG, "n*log(n)"),
        (LINEAR**HALF, "sqrt(n)"),
        (LINEAR ** Fraction(3, 2), "n^(3/2)"),
        (LINEAR**2, "n^2"),
        (LOG**HALF, "sqrt(log(n))"),
        (LOG * LOGLOG, "log(n)*log(log(n))"),
        (LINEAR * LOG**-1, "n*log(n)^-1"),
        (LINEAR ** Fraction(1, 3), "n^(1/3)"),
        (LINEAR**HALF * LOG**2, "sqrt(n)*log(n)^2"),
    ],
)
def test_normal_form(growth: Growth, text: str) -> None:
    assert str(growth) == text


def test_order_is_dominance() -> None:
    rising = [
        LINEAR**-1, LOG**-1, CONSTANT, LOGLOG, LOG**HALF, LOG, LOG * LOGLOG, LOG**2, LINEAR ** Fraction(1, 9),
        LINEAR**HALF, LINEAR * LOG**-1, LINEAR, LINEAR * LOGLOG, LINEAR * LOG, LINEAR ** Fraction(3, 2),
    ]  # fmt: skip
    assert sorted(rising, key=lambda growth: growth) == rising


@given(GROWTHS, GROWTHS, GROWTHS)
def test_products_keep_order(a: Growth, b: Growth, c: Growth) -> None:
    assert (a < b) == (a * c < b * c)
    assert a * b == b * a
    assert a**2 == a * a


def _order(bound: str) -> str:
    (claim,) = pattern(f"B[i] = {{ i - 1 }} claim time in O({bound})").claims
    found = series.growth(series.order(claim.bound))
    return "beyond log log n" if found is None else str(found)


@pytest.mark.parametrize(
    ("bound", "growth"),
    [
        ("17", "1"),
        ("log n", "log(n)"),
        ("log log n", "log(log(n))"),
        ("log(log(log(n)))", "beyond log log n"),
        ("3 * log2(n) + 40", "log(n)"),
        ("log(n, 10) + 10^9", "log(n)"),
        ("n log n", "n*log(n)"),
        ("n / log n", "n*log(n)^-1"),
        ("sqrt n", "sqrt(n)"),
        ("n sqrt n", "n^(3/2)"),
        ("n^0.25", "n^(1/4)"),
        ("sqrt(sqrt(n) + n)", "sqrt(n)"),
        ("floor(n / 64) * ceil(sqrt(n))", "n^(3/2)"),
        ("n - sqrt(n)", "n"),
        ("n^2 - n * (n - 1)", "n"),
        ("log2(n^2 + 1)", "log(n)"),
        ("log2(2^n)", "n"),
        ("2^log2(n)", "n"),
        ("4^floor(log2(n))", "n^2"),
        ("2^(log2(n) / 2)", "sqrt(n)"),
        ("2^log(log2(n), 2)", "log(n)"),
        ("max(log n, 64)", "log(n)"),
        ("min(n, 64)", "1"),
        ("min(sqrt(n), n / 1000)", "sqrt(n)"),
        ("bitlen(n)", "log(n)"),
        ("abs(1 - n)", "n"),
        ("n // 3 + n % 3", "n"),
        ("(n + 1) / (n - 1)", "1"),
        ("1 / n", "n^-1"),
    ],
)
def test_growth_of_bounds(bound: str, growth: str) -> None:
    assert _order(bound) == growth


@pytest.mark.parametrize("bound", ["2^n", "n^n", "2^sqrt(n)", "n^log(n)", "n * 2^n", "2^n / n^9"])
def test_beyond_powers(bound: str) -> None:
    with pytest.raises(TooFast) as found:
        _order(bound)
    assert found.value.sign == 1


@pytest.mark.parametrize("bound", ["0", "-n", "8 - n", "n - n", "log n - n", "min(5 - n, n)"])
def test_not_positive(bound: str) -> None:
    with pytest.raises(NotPositive):
        _order(bound)


@pytest.mark.parametrize("bound", ["lowbit(n)", "n % 7", "sqrt(n^2 + 1) - n", "ceil(n / 2) - n / 2"])
def test_unknown_is_not_guessed(bound: str) -> None:
    with pytest.raises(Unknown):
        _order(bound)


def test_irrational_exponents_keep_their_place() -> None:
    (claim,) = pattern("B[i] = { i - 1 } claim time in O(3^log2(n))").claims
    scale = series.order(claim.bound)
    assert series.scale_of(LINEAR ** Fraction(3, 2)) < scale < series.scale_of(LINEAR ** Fraction(8, 5))
