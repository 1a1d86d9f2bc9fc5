"""Bounds, trends and endings against plain enumeration, values computed here by Python's own integers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from glmc.pattern import arithmetic, nodes
from glmc.pattern.endings import endings
from glmc.pattern.monotone import NATURAL, difference, interval, map_difference, map_trend, trend

K = nodes.Variable("k")
BOX = {K: NATURAL}
ROWS = range(0, 14, 2)
VALUES = range(14)
FAR = 20000


@dataclass(frozen=True)
class Drawn:
    """An expression of i and k, and the function that it stands for."""

    expr: nodes.Expr
    value: Callable[[int, int], Fraction | int]


def number(value: int) -> Drawn:
    return Drawn(arithmetic.number(value), lambda i, k: value)


ROW = Drawn(nodes.Row(), lambda i, k: i)
VARIABLE = Drawn(K, lambda i, k: k)


def _plus(x: Drawn, y: Drawn) -> Drawn:
    return Drawn(arithmetic.total((x.expr, y.expr)), lambda i, k: x.value(i, k) + y.value(i, k))


def _minus(x: Drawn, y: Drawn) -> Drawn:
    negated = arithmetic.negative(y.expr)
    return Drawn(arithmetic.total((x.expr, negated)), lambda i, k: x.value(i, k) - y.value(i, k))


def _times(x: Drawn, y: Drawn) -> Drawn:
    return Drawn(arithmetic.product((x.expr, y.expr)), lambda i, k: x.value(i, k) * y.value(i, k))


def _floor_divide(x: Drawn, divisor: int) -> Drawn:
    expr = arithmetic.floor_divide(x.expr, arithmetic.number(divisor))
    return Drawn(expr, lambda i, k: x.value(i, k) // divisor)


def _remainder(x: Drawn, divisor: int) -> Drawn:
    expr = arithmetic.remainder(x.expr, arithmetic.number(divisor))
    return Drawn(expr, lambda i, k: x.value(i, k) % divisor)


def _ratio(x: Drawn, divisor: int) -> Drawn:
    expr = arithmetic.quotient(x.expr, arithmetic.number(divisor))
    return Drawn(expr, lambda i, k: Fraction(x.value(i, k)) / divisor)


def _rounded(name: nodes.Function, round_: Callable[[Fraction], int], x: Drawn) -> Drawn:
    return Drawn(arithmetic.call(name, (x.expr,)), lambda i, k: round_(Fraction(x.value(i, k))))


def _least(x: Drawn, y: Drawn) -> Drawn:
    return Drawn(arithmetic.call("min", (x.expr, y.expr)), lambda i, k: min(x.value(i, k), y.value(i, k)))


def _most(x: Drawn, y: Drawn) -> Drawn:
    return Drawn(arithmetic.call("max", (x.expr, y.expr)), lambda i, k: max(x.value(i, k), y.value(i, k)))


def _magnitude(x: Drawn) -> Drawn:
    return Drawn(arithmetic.call("abs", (x.expr,)), lambda i, k: abs(x.value(i, k)))


def _root(x: Drawn) -> Drawn:
    inner = _magnitude(x)
    expr = arithmetic.call("floor", (arithmetic.call("sqrt", (inner.expr,)),))
    return Drawn(expr, lambda i, k: math.isqrt(math.floor(inner.value(i, k))))


def _bit_length(x: Drawn) -> Drawn:
    inner = _rounded("floor", math.floor, _magnitude(x))
    expr = arithmetic.call("bitlen", (inner.expr,))
    return Drawn(expr, lambda i, k: math.floor(inner.value(i, k)).bit_length())


def _square(x: Drawn) -> Drawn:
    return Drawn(arithmetic.power(x.expr, arithmetic.number(2)), lambda i, k: x.value(i, k) ** 2)


def _exponential(base: int, rate: int) -> Drawn:
    exponent = arithmetic.product((arithmetic.number(rate), K))
    return Drawn(arithmetic.power(arithmetic.number(base), exponent), lambda i, k: base ** (rate * k))


leaves = st.one_of(
    st.integers(-6, 6).map(number),
    st.sampled_from([ROW, VARIABLE, VARIABLE]),
    st.builds(_exponential, st.integers(2, 3), st.integers(1, 2)),
)
divisors = st.integers(1, 5)
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(_plus, inner, inner),
        st.builds(_minus, inner, inner),
        st.builds(_times, inner, inner),
        st.builds(_floor_divide, inner, divisors),
        st.builds(_remainder, inner, divisors),
        st.builds(_ratio, inner, divisors),
        st.builds(lambda x: _rounded("floor", math.floor, x), inner),
        st.builds(lambda x: _rounded("ceil", math.ceil, x), inner),
        st.builds(_least, inner, inner),
        st.builds(_most, inner, inner),
        st.builds(_magnitude, inner),
        st.builds(_root, inner),
        st.builds(_bit_length, inner),
        st.builds(_square, inner),
    ),
    max_leaves=7,
)
many = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(expressions)
def test_bounds_hold(drawn):
    low, high = interval(drawn.expr, BOX)
    for i in ROWS:
        for k in VALUES:
            assert low <= drawn.value(i, k) <= high, (i, k)


def test_bounds_beside_numbers_that_no_float_holds():
    huge = 10**400
    assert interval(nodes.Sum((K, arithmetic.number(huge))), BOX) == (huge, math.inf)
    assert interval(nodes.Product((K, arithmetic.number(-huge))), BOX) == (-math.inf, 0)
    assert interval(nodes.Product((arithmetic.number(huge), nodes.Sum((K, arithmetic.number(2))))), BOX) == (
        2 * huge,
        math.inf,
    )


@many
@given(expressions)
def test_differences_hold(drawn):
    low, high = difference(drawn.expr, K, BOX)
    for i in ROWS:
        for k in VALUES:
            assert low <= drawn.value(i, k + 1) - drawn.value(i, k) <= high, (i, k)


def _python(expr: nodes.Expr, i: int, k: int) -> Fraction:
    """The value of a guard or a quantity: the grammar of this file only."""

    def inner(part: nodes.Expr) -> Fraction:
        return _python(part, i, k)

    match expr:
        case nodes.Number(value):
            return value
        case nodes.Row():
            return Fraction(i)
        case nodes.Variable():
            return Fraction(k)
        case nodes.Sum(terms):
            return sum(map(inner, terms), Fraction(0))
        case nodes.Product(factors):
            return math.prod(map(inner, factors), start=Fraction(1))
        case nodes.Quotient(a, b):
            return inner(a) / inner(b)
        case nodes.FloorDivide(a, b):
            return Fraction(inner(a) // inner(b))
        case nodes.Remainder(a, b):
            return Fraction(inner(a) % inner(b))
        case nodes.Power(a, b):
            return Fraction(inner(a)) ** int(inner(b))
        case nodes.Call("floor", (nodes.Call("sqrt", (x,)),)):
            return Fraction(math.isqrt(math.floor(inner(x))))
        case nodes.Call("floor", (x,)):
            return Fraction(math.floor(inner(x)))
        case nodes.Call("ceil", (x,)):
            return Fraction(math.ceil(inner(x)))
        case nodes.Call("bitlen", (x,)):
            return Fraction(math.floor(inner(x)).bit_length())
        case nodes.Call("abs", (x,)):
            return abs(inner(x))
        case nodes.Call("min", xs):
            return min(map(inner, xs))
        case nodes.Call("max", xs):
            return max(map(inner, xs))
        case _:
            raise AssertionError(expr)


@many
@given(expressions)
def test_trends_hold(drawn):
    found = trend(drawn.expr, K, BOX)
    assume(found is not None)
    for i in ROWS[:3]:
        begun = False
        for k in range(40):
            settled = all(_python(guard, i, k) >= 0 for guard in found.guards)
            assert settled or not begun, "a guard fails after it held"
            begun = settled
            if begun:
                change = drawn.value(i, k + 1) - drawn.value(i, k)
                assert change * found.direction >= 0 if found.direction else change == 0, (i, k)
        if found.unbounded and begun:
            assert (drawn.value(i, FAR) - drawn.value(i, 39)) * found.direction > 0


@many
@given(expressions, expressions, st.sampled_from(["<", "<=", "==", ">", ">="]))
def test_nothing_comes_after_an_ending(element, side, relation):
    """Once an ending says so, no later value of k gives an element that is kept."""
    condition = nodes.Comparison(side.expr, relation, nodes.Row())
    comprehension = nodes.Comprehension(element.expr, (nodes.Generator(K, arithmetic.ZERO, None),), condition)
    compare = {
        "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, "==": lambda a, b: a == b,
        ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    }[relation]  # fmt: skip
    found = endings(comprehension, 0)
    assume(found)
    for ending in found:
        for i in ROWS[:4]:
            for k in range(30):
                if all(_python(guard, i, k) >= 0 for guard in ending.guards) and all(
                    _python(quantity, i, k) < 0 for quantity in ending.quantities
                ):
                    for later in range(k, k + 20):
                        assert element.value(i, later) < 0 or not compare(side.value(i, later), i)
                    break


@st.composite
def recurrences(draw: st.DrawFn) -> tuple[nodes.RecursiveMap, list[int]]:
    """A map of order 1 or 2 with its first values."""
    order = draw(st.integers(1, 2))
    first = draw(st.lists(st.integers(-2, 4), min_size=order, max_size=order))
    factors = draw(st.lists(st.integers(-1, 3), min_size=order, max_size=order))
    slope, constant = draw(st.integers(-1, 2)), draw(st.integers(-2, 3))
    terms = [arithmetic.product((arithmetic.number(c), nodes.Earlier(place))) for place, c in enumerate(factors)]
    step = arithmetic.total([*terms, arithmetic.product((arithmetic.number(slope), K)), arithmetic.number(constant)])
    values = list(first)
    for k in range(40):
        earlier = values[k : k + order]
        values.append(sum(c * v for c, v in zip(factors, earlier, strict=True)) + slope * k + constant)
    return nodes.RecursiveMap("f", tuple(map(arithmetic.number, first)), K, step), values


@many
@given(recurrences())
def test_recursive_maps(drawn):
    index_map, values = drawn
    low, high = map_difference(index_map)
    assert all(low <= b - a <= high for a, b in pairwise(values))
    least, most = interval(nodes.MapValue(index_map, K), BOX)
    assert all(least <= value <= most for value in values)
    moved = map_trend(index_map)
    if moved is not None and moved.unbounded:
        assert values[-1] > values[0]
