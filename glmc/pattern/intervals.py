"""Bounds of index expressions over all rows: sound interval arithmetic on exact rationals.

A ``Box`` gives the range of every leaf that is not a number: the row (0 and up), variables, the earlier values of a
recursive map. A bound is a rational, or ±inf.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import assert_never

from glmc.pattern import arithmetic, nodes, reals

INFINITY = math.inf
Bound = Fraction | float
"""A float is ±inf."""

Interval = tuple[Bound, Bound]
Box = Mapping[nodes.Expr, Interval]

ANYTHING: Interval = (-INFINITY, INFINITY)
NATURAL: Interval = (Fraction(0), INFINITY)
EXPONENT_LIMIT = 1024


def interval(expr: nodes.Expr, box: Box) -> Interval:
    """An interval that holds every value ``expr`` takes in ``box`` where it is defined."""
    match expr:
        case nodes.Number(value):
            return value, value
        case nodes.Row():
            return box.get(expr, NATURAL)
        case nodes.Length():
            return box.get(expr, (Fraction(1), INFINITY))
        case nodes.Variable() | nodes.Earlier():
            return box.get(expr, ANYTHING)
        case nodes.Sum(terms):
            parts = [interval(term, box) for term in terms]
            return sum((low for low, _ in parts), Fraction(0)), sum((high for _, high in parts), Fraction(0))
        case nodes.Product(factors):
            result: Interval = (Fraction(1), Fraction(1))
            for factor in factors:
                result = times(result, interval(factor, box))
            return _squared(factors, result)
        case nodes.Quotient(a, b):
            return _over(interval(a, box), interval(b, box))
        case nodes.FloorDivide(a, b):
            low, high = interval(b, box)
            return floored(_over(interval(a, box), (max(low, Fraction(0)), high)))
        case nodes.Remainder(a, b):
            return _remainder(interval(a, box), interval(b, box))
        case nodes.Power(a, b):
            return _power(interval(a, box), interval(b, box), b)
        case nodes.Call(function, arguments):
            return _call(function, [interval(argument, box) for argument in arguments])
        case nodes.MapValue(index_map, argument):
            return _map_range(index_map, interval(argument, box))
        case _:
            assert_never(expr)


def times(x: Interval, y: Interval) -> Interval:
    corners = [_times(a, b) for a in x for b in y]
    return min(corners), max(corners)


def _times(a: Bound, b: Bound) -> Bound:
    return Fraction(0) if a == 0 or b == 0 else a * b


def _squared(factors: tuple[nodes.Expr, ...], found: Interval) -> Interval:
    """The product of two equal factors is not negative."""
    even = len(factors) % 2 == 0 and all(factors.count(factor) % 2 == 0 for factor in factors)
    return (max(found[0], Fraction(0)), found[1]) if even else found


def _over(x: Interval, y: Interval) -> Interval:
    low, high = y
    if low > 0 or high < 0:
        return times(x, (_inverse(high), _inverse(low)))
    if low == 0:  # zero itself is undefined
        return times(x, (_inverse(high) if high else Fraction(0), INFINITY))
    return ANYTHING


def _inverse(bound: Bound) -> Bound:
    return Fraction(0) if isinstance(bound, float) else 1 / bound


def floored(x: Interval) -> Interval:
    low, high = x
    return (low if isinstance(low, float) else Fraction(math.floor(low))), (
        high if isinstance(high, float) else Fraction(math.floor(high))
    )


def _ceiled(x: Interval) -> Interval:
    low, high = floored((-x[1], -x[0]))
    return -high, -low


def _remainder(a: Interval, b: Interval) -> Interval:
    most = b[1]
    if a[0] >= 0 and a[1] < b[0]:
        return a
    return Fraction(0), min(most, a[1]) if a[0] >= 0 else most


def _power(base: Interval, exponent: Interval, tree: nodes.Expr) -> Interval:
    low, high = base
    if isinstance(tree, nodes.Number) and tree.value.denominator == 1 and 0 <= tree.value <= EXPONENT_LIMIT:
        times_ = int(tree.value)
        if times_ % 2 and low < 0:
            return _raise(low, times_), _raise(high, times_)
        if times_ % 2 == 0 and low < 0:
            biggest = _raise(max(-low, abs(high)), times_)
            return (_raise(high, times_) if high < 0 else Fraction(0)), biggest
    if low < 0:
        return ANYTHING
    corners = [_corner(b, e) for b in base for e in exponent]
    return min(corner[0] for corner in corners), max(corner[1] for corner in corners)


def _raise(bound: Bound, exponent: int) -> Bound:
    if isinstance(bound, float):
        return Fraction(1) if exponent == 0 else bound if exponent % 2 else INFINITY
    if reals.bit_length(bound) * exponent > 1 << 16:
        return INFINITY if bound > 0 or exponent % 2 == 0 else -INFINITY
    return bound**exponent


def _corner(base: Bound, exponent: Bound) -> Interval:
    """Bounds of base^exponent at a corner of the box, for base >= 0, taken as a limit where infinite."""
    if base == 1 or exponent == 0:
        return Fraction(1), Fraction(1)
    if isinstance(base, float) or isinstance(exponent, float) or base == 0:
        grows = (base > 1) == (exponent > 0)
        bound: Bound = INFINITY if grows else Fraction(0)
        return bound, bound
    whole = math.floor(exponent)
    if abs(whole) > EXPONENT_LIMIT or reals.bit_length(base) * abs(whole) > 1 << 16:
        near = base**EXPONENT_LIMIT if reals.bit_length(base) < 64 else base
        if (base > 1) == (exponent > 0):
            return near if base > 1 else 1 / near, INFINITY
        return Fraction(0), 1 / near if base > 1 else near
    ends = (base**whole, base ** (whole + (exponent != whole)))
    return min(ends), max(ends)


def _call(function: nodes.Function, arguments: list[Interval]) -> Interval:
    low, high = arguments[0]
    match function:
        case "floor":
            return floored((low, high))
        case "ceil":
            return _ceiled((low, high))
        case "sqrt":
            return _at(low, lambda x: Fraction(math.isqrt(math.floor(x)))), _at(
                high, lambda x: Fraction(math.isqrt(math.ceil(x)) + 1)
            )
        case "log2":
            return _log2(low, high)
        case "log":
            if len(arguments) == 2 and arguments[1][0] > 1:
                a, b = _log2(low, high), _log2(*arguments[1])
                return _over(a, b) if b[0] > 0 else ANYTHING
            return ANYTHING
        case "min":
            return min(a for a, _ in arguments), min(b for _, b in arguments)
        case "max":
            return max(a for a, _ in arguments), max(b for _, b in arguments)
        case "abs":
            return max(low, -high, Fraction(0)), max(high, -low)
        case "gcd":
            return NATURAL
        case "lowbit":
            return Fraction(1), max(high, Fraction(1))
        case "bitlen":
            return _at(low, _bit_length), _at(high, _bit_length)
        case _:
            assert_never(function)


def _at(bound: Bound, function: Callable[[Fraction], Fraction]) -> Bound:
    """A rising function of a number that is not negative, at a bound of that number."""
    if isinstance(bound, float):
        return INFINITY if bound > 0 else Fraction(0)
    return function(max(bound, Fraction(0)))


def _bit_length(x: Fraction) -> Fraction:
    return Fraction(math.floor(x).bit_length())


def _log2(low: Bound, high: Bound) -> Interval:
    """floor(log2 low) and ceil(log2 high); below 1 nothing is said."""
    below: Bound = -INFINITY if low < 1 else INFINITY if isinstance(low, float) else _bit_length(low) - 1
    above: Bound = INFINITY if isinstance(high, float) else Fraction(max(math.ceil(high), 1).bit_length())
    return below, above


def _map_range(index_map: nodes.IndexMap, argument: Interval) -> Interval:
    match index_map:
        case nodes.ClosedMap(_, variable, body):
            return interval(body, {variable: (max(argument[0], Fraction(0)), argument[1])})
        case nodes.RecursiveMap():
            return _least_value(index_map)
        case _:
            assert_never(index_map)


# -- recursive maps -------------------------------------------------------------------------------------------------


def _least_value(index_map: nodes.RecursiveMap) -> Interval:
    first = _first_values(index_map)
    rises = first and recursive_difference(index_map)[0] >= 0
    return (first[0], INFINITY) if first and rises else ANYTHING


def _first_values(index_map: nodes.RecursiveMap) -> list[Fraction]:
    values = [arithmetic.closed_value(part) for part in index_map.first]
    known = [Fraction(value) for value in values if isinstance(value, int | Fraction)]
    return known if len(known) == len(values) else []


def recursive_difference(index_map: nodes.RecursiveMap) -> Interval:
    """Bounds of f(k + 1) - f(k) over every k >= 0 if they show that f never falls, else everything."""
    steps = [b - a for a, b in pairwise(_first_values(index_map))]
    least = min([recursive_step(index_map), *steps])
    return (least, INFINITY) if least >= 0 else ANYTHING


@lru_cache(maxsize=512)
def recursive_step(index_map: nodes.RecursiveMap) -> Bound:
    """A lower bound of f(k + m) - f(k + m - 1) over every k >= 0, m the order; -inf unless f is known never to fall.

    By induction: as long as f has not fallen, earlier values are at least the first one, and then it does not fall.
    """
    first = _first_values(index_map)
    if not first or any(b < a for a, b in pairwise(first)):
        return -INFINITY
    box: Box = {
        index_map.variable: NATURAL,
        **{nodes.Earlier(offset): (first[offset], INFINITY) for offset in range(index_map.order)},
    }
    least = _excess(index_map.step, nodes.Earlier(index_map.order - 1), box)
    return least if least >= 0 else -INFINITY


def _excess(expr: nodes.Expr, last: nodes.Expr, box: Box) -> Bound:
    """A lower bound of expr - last over ``box``, in which ``last`` has no upper bound."""
    low = interval(last, box)[0]
    match expr:
        case nodes.Variable() | nodes.Earlier() if expr == last:
            return Fraction(0)
        case nodes.Sum(terms):
            best: Bound = -INFINITY
            for place, term in enumerate(terms):
                others = interval(nodes.Sum(terms[:place] + terms[place + 1 :]), box)[0]
                best = max(best, _excess(term, last, box) + others)
            return best
        case nodes.Product(factors) if last in factors and low >= 0:
            others = list(factors)
            others.remove(last)
            scale = interval(arithmetic.product(others), box)[0]
            return _times(scale - 1, low) if scale >= 1 else -INFINITY
        case nodes.Power(base, exponent) if base == last and low >= 1:
            scale = interval(exponent, box)[0]
            return low ** int(min(scale, 8)) - low if scale >= 1 else -INFINITY
        case nodes.Power(base, exponent) if exponent == last and low >= 0:
            return Fraction(1) if interval(base, box)[0] >= 2 else -INFINITY
        case nodes.Call("max", arguments):
            return max(_excess(argument, last, box) for argument in arguments)
        case nodes.Call("ceil", (argument,)):
            return _excess(argument, last, box)
        case nodes.MapValue(nodes.ClosedMap(_, variable, body), argument) if argument == last:
            return _excess(body, variable, {variable: interval(last, box)})
        case _:
            return -INFINITY
