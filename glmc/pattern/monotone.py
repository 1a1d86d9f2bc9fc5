"""Bounds of index expressions over all rows, and how they move with one variable: sound, on exact rationals.

A ``Box`` gives the range of every leaf that is not a number: the row (0 and up), variables, the earlier
values of a recursive map. A bound is a rational, or ±inf. Bounds, trends and differences lean on each other,
so they stay together; ``glmc.pattern.endings`` draws from them when an unbounded range ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import assert_never

from glmc.pattern import arithmetic, nodes, reals
from glmc.pattern.evaluate import EvaluationError, map_value
from glmc.pattern.reals import TooLarge
from glmc.pattern.walk import map_parts, subexpressions

DEGREE_LIMIT = 8
MONOMIALS_LIMIT = 64
SETTLED = 16  # values of a map that are looked at one by one, before what holds from there on

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
            return _plus(_steps_of_maps(terms, box))
        case nodes.Product(factors):
            result: Interval = (Fraction(1), Fraction(1))
            for factor in factors:
                result = times(result, interval(factor, box))
            return _squared(factors, result)
        case nodes.Quotient(a, b):
            return _over(interval(a, box), interval(b, box))
        case nodes.FloorDivide(a, b):
            low, high = interval(b, box)
            if high <= 0:  # defined nowhere
                return ANYTHING
            return floored(_over(interval(a, box), (max(low, Fraction(0)), high)))
        case nodes.Remainder(a, b):
            return _remainder(interval(a, box), interval(b, box))
        case nodes.Power(a, b):
            return _power(interval(a, box), interval(b, box), b)
        case nodes.Call("ceil", (nodes.Quotient(a, b),)) if interval(a, box)[0] > 0 and interval(b, box)[0] > 0:
            return Fraction(1), _ceiled(_over(interval(a, box), interval(b, box)))[1]
        case nodes.Call(function, arguments):
            return _call(function, [interval(argument, box) for argument in arguments])
        case nodes.MapValue(index_map, argument):
            return _map_range(index_map, interval(argument, box))
        case _:
            assert_never(expr)


def _plus(parts: Iterable[Interval]) -> Interval:
    result: Interval = (Fraction(0), Fraction(0))
    for part in parts:
        result = (_added(result[0], part[0]), _added(result[1], part[1]))
    return result


def _added(a: Bound, b: Bound) -> Bound:
    """Infinite if one is; never a float of the other, which may be too large for one."""
    if isinstance(a, float):
        return a
    return b if isinstance(b, float) else a + b


def _steps_of_maps(terms: tuple[nodes.Expr, ...], box: Box) -> Iterator[Interval]:
    """Intervals whose sum holds the sum of ``terms``: f(x + c) - f(x) is c steps of f."""
    left = list(terms)
    for term in terms:
        match term:
            case nodes.MapValue(index_map, upper):
                for other in left:
                    match other:
                        case nodes.Product((nodes.Number(-1), nodes.MapValue(same, lower))) if same == index_map:
                            match arithmetic.total((upper, arithmetic.negative(lower))):
                                case nodes.Number(steps) if steps.denominator == 1:
                                    yield times((steps, steps), map_difference(index_map))
                                    left.remove(term)
                                    left.remove(other)
                                    break
    for term in left:
        yield interval(term, box)


def times(x: Interval, y: Interval) -> Interval:
    corners = [_times(a, b) for a in x for b in y]
    return min(corners), max(corners)


def _times(a: Bound, b: Bound) -> Bound:
    if a == 0 or b == 0:
        return Fraction(0)
    if isinstance(a, float) or isinstance(b, float):
        return INFINITY if (a > 0) == (b > 0) else -INFINITY
    return a * b


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
            biggest = _raise(max(-low, high, -high), times_)
            return (_raise(high, times_) if high < 0 else Fraction(0)), biggest
    if low == high == -1:
        return Fraction(-1), Fraction(1)
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
            apart = any(a > 0 or b < 0 for a, b in arguments)
            return Fraction(1 if apart else 0), INFINITY
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


def is_integer(expr: nodes.Expr, box: Box) -> bool:
    """Whether ``expr`` is an integer wherever it is defined in ``box``, by the way it is built."""

    def inside(part: nodes.Expr) -> bool:
        return is_integer(part, box)

    match expr:
        case nodes.Sum(parts) | nodes.Product(parts) | nodes.Call("min" | "max" | "abs", parts):
            return all(map(inside, parts))
        case nodes.Remainder(a, b):
            return inside(a) and inside(b)
        case nodes.Power(base, exponent):
            return inside(base) and inside(exponent) and interval(exponent, box)[0] >= 0
        case nodes.MapValue(index_map):
            return integer_valued(index_map)
        case _:
            return arithmetic.integral(expr)


@lru_cache(maxsize=512)
def integer_valued(index_map: nodes.IndexMap) -> bool:
    """Whether every value of the map is an integer, by the way it is built."""
    box: Box = {index_map.variable: NATURAL}
    return all(is_integer(part, box) for part in map_parts(index_map))


# -- recursive maps --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rise:
    """``least`` bounds f(k + 1) - f(k) for every k >= 0, ``late`` from some k on; both are >= 0."""

    least: Bound
    late: Bound


def _least_value(index_map: nodes.RecursiveMap) -> Interval:
    values = _first_values(index_map)
    return (values[0], INFINITY) if values and rise(index_map) is not None else ANYTHING


def _first_values(index_map: nodes.IndexMap) -> list[Fraction]:
    """Exact values of f(0), f(1), … up to the first that is irrational, undefined or very large."""
    values: list[Fraction] = []
    for k in range(SETTLED):
        try:
            value = map_value(index_map, k)
        except (EvaluationError, KeyError):  # a parameter of a set that is read by itself has no value
            break
        if isinstance(value, reals.Real) or reals.bit_length(value) > 256:
            break
        values.append(Fraction(value))
    return values


@lru_cache(maxsize=512)
def rise(index_map: nodes.RecursiveMap) -> Rise | None:
    """How fast a recursive map rises, or None if no rule shows that it never falls.

    By induction: the first values do not fall; and as long as steps are at least d, so is the next step.
    """
    order = index_map.order
    values = _first_values(index_map)
    steps = [b - a for a, b in pairwise(values)]
    if len(values) < order or any(step < 0 for step in steps):
        return None
    start = len(values) - order
    box: Box = {
        index_map.variable: (Fraction(start), INFINITY),
        **{nodes.Earlier(offset): (values[start + offset], INFINITY) for offset in range(order)},
    }
    least = min(steps, default=None)
    general = _excess(index_map.step, nodes.Earlier(order - 1), box)
    for assumed in (Fraction(1), Fraction(0)):
        late = max(general, _linear_excess(index_map, start, values[start], assumed, box))
        if late >= assumed and (least is None or least >= assumed):
            return Rise(late if least is None else min(late, least), late)
    return None


def _linear_excess(index_map: nodes.RecursiveMap, start: int, low: Fraction, step: Fraction, box: Box) -> Bound:
    """A lower bound of f(k + m) - f(k + m - 1) for k >= start, if f(start) = low and f has risen by at least
    ``step`` at a time since: the step as a linear form in f(k), the differences after it, and k.
    """
    coefficients = [Fraction(0)] * index_map.order
    coefficients[-1] -= 1
    slope, rest = Fraction(0), []
    for term in index_map.step.terms if isinstance(index_map.step, nodes.Sum) else (index_map.step,):
        match term:
            case nodes.Earlier(offset):
                coefficients[offset] += 1
            case nodes.Product((nodes.Number(factor), nodes.Earlier(offset))):
                coefficients[offset] += factor
            case nodes.Variable():
                slope += 1
            case nodes.Product((nodes.Number(factor), nodes.Variable())):
                slope += factor
            case _:
                rest.append(term)
    sums = [sum(coefficients[place:], Fraction(0)) for place in range(index_map.order)]
    if min(sums) < 0 or sums[0] * step + slope < 0:
        return -INFINITY
    known = sums[0] * low + sum(sums[1:], Fraction(0)) * step + slope * start
    return _added(known, interval(nodes.Sum(tuple(rest)), box)[0])


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
            rest = list(factors)
            rest.remove(last)
            scale = interval(arithmetic.product(rest), box)[0]
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


# -- trends ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trend:
    """How an expression moves as one variable v grows by ones, everything else fixed.

    ``direction`` 1: it never falls, -1: it never rises, 0: it does not depend on v. ``unbounded``: it tends
    to ±infinity. Both hold from any v on at which every expression in ``guards`` is >= 0; guards stay so once
    they are so, and each comes to be so.
    """

    direction: int
    unbounded: bool = False
    guards: tuple[nodes.Expr, ...] = ()

    @property
    def reversed(self) -> Trend:
        return Trend(-self.direction, self.unbounded, self.guards)


def trend(expr: nodes.Expr, variable: nodes.Expr, box: Box) -> Trend | None:
    """How ``expr`` moves with ``variable`` over ``box``, or None where no rule says."""
    try:
        return _trend(expr, _Motion(variable, box))
    except TooLarge:
        return None


def never_falls(expr: nodes.Expr, variable: nodes.Expr) -> bool:
    """Whether ``expr``, of the variable alone, is known never to fall as the variable grows from 0."""
    match trend(expr, variable, {}):
        case Trend(direction, _, ()):
            return direction >= 0
        case _:
            return False


@dataclass(frozen=True, eq=False)
class _Motion:
    """What moves, where; ``differences`` allows the comparison with the next value, which is not done within
    itself.
    """

    variable: nodes.Expr
    box: Box
    differences: bool = True

    def depends(self, expr: nodes.Expr) -> bool:
        return depends(expr, self.variable)

    def interval(self, expr: nodes.Expr) -> Interval:
        return interval(expr, self.box)


def _trend(expr: nodes.Expr, motion: _Motion) -> Trend | None:
    if not motion.depends(expr):
        return Trend(0)
    found = _trend_by_form(expr, motion)
    if motion.differences and (found is None or not found.unbounded):
        return _trend_by_difference(expr, motion) or found
    return found


def depends(expr: nodes.Expr, variable: nodes.Expr) -> bool:
    return any(inner == variable for inner in subexpressions(expr))


def _trend_by_form(expr: nodes.Expr, motion: _Motion) -> Trend | None:
    match expr:
        case nodes.Number() | nodes.Row() | nodes.Length() | nodes.Variable() | nodes.Earlier():
            return Trend(1, unbounded=True)
        case nodes.Sum(terms):
            return _sum_trend([_trend(term, motion) for term in terms])
        case nodes.Product(factors):
            return _product_trend(factors, motion)
        case nodes.Quotient(a, b):
            return _quotient_trend(a, b, motion)
        case nodes.FloorDivide(a, b):
            return None if motion.depends(b) else _trend(a, motion)
        case nodes.Remainder():
            return None
        case nodes.Power(a, b):
            return _power_trend(a, b, motion)
        case nodes.Call(function, arguments):
            return _call_trend(function, arguments, motion)
        case nodes.MapValue(index_map, argument):
            inner = _trend(argument, motion)
            outer = map_trend(index_map)
            if inner is None or outer is None or inner.direction < 0:
                return None
            guards = tuple(arithmetic.substitute(guard, {index_map.variable: argument}) for guard in outer.guards)
            return Trend(outer.direction, outer.unbounded and inner.unbounded, inner.guards + guards)
        case _:
            assert_never(expr)


def _sum_trend(terms: list[Trend | None]) -> Trend | None:
    known = [term for term in terms if term is not None and term.direction]
    if None in terms or len({term.direction for term in known}) != 1:
        return None
    guards = tuple(guard for term in known for guard in term.guards)
    return Trend(known[0].direction, any(term.unbounded for term in known), guards)


def _product_trend(factors: tuple[nodes.Expr, ...], motion: _Motion) -> Trend | None:
    """A product of factors that are not negative and rise (after a change of sign) rises."""
    sign = 1
    guards: tuple[nodes.Expr, ...] = ()
    unbounded = False
    positive = True
    for factor in factors:
        moved = _trend(factor, motion)
        if moved is None:
            return None
        low, high = motion.interval(factor)
        if (low < 0 and high <= 0) or (low < 0 < high and moved.direction < 0):
            sign = -sign
            factor, low, high, moved = arithmetic.negative(factor), -high, -low, moved.reversed
        if low < 0 and not (moved.direction > 0 and moved.unbounded):
            return None
        if moved.direction < 0:
            return None
        guards += moved.guards + ((factor,) if low < 0 else ())
        unbounded = unbounded or (moved.direction > 0 and moved.unbounded)
        positive = positive and (low > 0 or (moved.direction > 0 and moved.unbounded))
    return Trend(sign, unbounded and positive, guards)


def _quotient_trend(a: nodes.Expr, b: nodes.Expr, motion: _Motion) -> Trend | None:
    low, high = motion.interval(b)
    if not motion.depends(b):
        moved = _trend(a, motion)
        if moved is None or (low < 0 < high):
            return None
        return moved if low >= 0 else moved.reversed
    below = _trend(b, motion)
    above = _trend(a, motion)
    if below is None or above is None or low < 0 or below.direction < 0:
        return None
    a_low, a_high = motion.interval(a)
    if a_low >= 0 and above.direction <= 0:
        return Trend(-1, False, above.guards + below.guards)
    if a_high <= 0 and above.direction >= 0:
        return Trend(1, False, above.guards + below.guards)
    return None


def _power_trend(a: nodes.Expr, b: nodes.Expr, motion: _Motion) -> Trend | None:
    base, exponent = _trend(a, motion), _trend(b, motion)
    if base is None or exponent is None:
        return None
    (base_low, base_high), (exponent_low, _) = motion.interval(a), motion.interval(b)
    guards = base.guards + exponent.guards
    if base.direction == 0 and base_low >= 1:
        return Trend(exponent.direction, exponent.unbounded and exponent.direction > 0 and base_low > 1, guards)
    if base.direction == 0 and base_low > 0 and base_high < 1:
        return Trend(-exponent.direction, exponent.unbounded and exponent.direction < 0, guards)
    if base.direction < 0 or exponent.direction < 0 or exponent_low < 0:
        return None
    if exponent.direction == 0 and base_low < 0 and base.unbounded:
        return Trend(1, exponent_low > 0, (*guards, a))
    if exponent.direction == 0 and base_low >= 0:
        return Trend(1, exponent_low > 0 and base.unbounded, guards)
    if base_low >= 1:
        grows = (base_low > 1 and exponent.unbounded) or (base.unbounded and exponent_low > 0)
        return Trend(1, grows, guards)
    return None


def _call_trend(function: nodes.Function, arguments: tuple[nodes.Expr, ...], motion: _Motion) -> Trend | None:
    moved = [_trend(argument, motion) for argument in arguments]
    first = moved[0]
    match function:
        case "floor" | "ceil":
            return first
        case "sqrt" | "log2" | "bitlen":
            return first and _rising(first)
        case "log":
            fixed_base = len(arguments) == 1 or (
                not motion.depends(arguments[1]) and motion.interval(arguments[1])[0] > 1
            )
            return first and _rising(first) if fixed_base else None
        case "min" | "max":
            known = [part for part in moved if part is not None]
            directions = {part.direction for part in known if part.direction}
            if len(known) != len(moved) or len(directions) != 1:
                return None
            (direction,) = directions
            free = (function == "max") == (direction > 0)  # one unbounded part carries the others along
            parts = [part.direction != 0 and part.unbounded for part in known]
            guards = tuple(guard for part in known for guard in part.guards)
            return Trend(direction, any(parts) if free else all(parts), guards)
        case "abs":
            if first is None:
                return None
            low, high = motion.interval(arguments[0])
            if low >= 0:
                return first
            if high <= 0:
                return first.reversed
            if not first.unbounded:
                return None
            guard = arguments[0] if first.direction > 0 else arithmetic.negative(arguments[0])
            return Trend(1, True, (*first.guards, guard))
        case "gcd" | "lowbit":
            return None
        case _:
            assert_never(function)


def _rising(argument: Trend) -> Trend:
    """The trend of sqrt and the logarithms, which are undefined before their argument falls to -infinity."""
    return Trend(argument.direction, argument.unbounded and argument.direction > 0, argument.guards)


def _trend_by_difference(expr: nodes.Expr, motion: _Motion) -> Trend | None:
    """From expr(v + 1) - expr(v), and the differences of that: one of them keeps a sign, or comes to keep
    it.
    """
    within = replace(motion, differences=False)
    low, high = difference(expr, motion.variable, motion.box)
    kept = Trend(1 if low >= 0 else -1, _tends(expr, 1 if low >= 0 else -1, within)) if low >= 0 or high <= 0 else None
    changes: list[nodes.Expr] = []
    for _ in range(DEGREE_LIMIT):
        change = _symbolic_difference(changes[-1] if changes else expr, motion.variable)
        if change is None:
            return kept
        changes.append(change)
        low, high = motion.interval(change)
        if low > 0 or high < 0:
            return _integrated(Trend(1 if low > 0 else -1, unbounded=True), changes[:-1])
        moved = _trend(change, within)
        if moved is not None and moved.unbounded and moved.direction:
            return _integrated(moved, changes)
        if not motion.depends(change):
            return kept
    return kept


def _tends(expr: nodes.Expr, direction: int, motion: _Motion) -> bool:
    """Whether a sum tends to ±infinity because one term does and the others are bounded on that side."""
    if not isinstance(expr, nodes.Sum):
        return False
    led = False
    for term in expr.terms:
        moved = _trend(term, motion)
        if moved is not None and moved.direction == direction:
            led = led or moved.unbounded
        elif abs(motion.interval(term)[0 if direction > 0 else 1]) == INFINITY and motion.depends(term):
            return False
    return led


def _integrated(moved: Trend, changes: list[nodes.Expr]) -> Trend:
    """The trend of an expression whose repeated differences are ``changes``, the last of which moves as
    ``moved``.
    """
    guards = moved.guards
    for change in reversed(changes):
        towards = change if moved.direction > 0 else arithmetic.negative(change)
        guards += (arithmetic.total((towards, nodes.Number(Fraction(-1)))),)
    return Trend(moved.direction, True, guards)


# -- symbolic differences: polynomials and exponentials in one variable ----------------------------

_Monomials = dict[tuple[int, Fraction], nodes.Expr]
"""(p, c) ↦ coefficient of v^p · c^v; coefficients do not depend on v."""


def _symbolic_difference(expr: nodes.Expr, variable: nodes.Expr) -> nodes.Expr | None:
    """expr(v + 1) - expr(v), simplified, for sums of monomials v^p·c^v."""
    try:
        form = _monomials(expr, variable)
        if form is None:
            return None
        shifted: _Monomials = {}
        for (power, base), coefficient in form.items():
            for lower in range(power + 1):
                scale = math.comb(power, lower) * base - (lower == power)
                if scale:
                    _add(shifted, (lower, base), arithmetic.product((nodes.Number(scale), coefficient)))
        return arithmetic.total(
            _written(power, base, coefficient, variable)
            for (power, base), coefficient in shifted.items()
            if coefficient != arithmetic.ZERO
        )
    except TooLarge:
        return None


def _add(form: _Monomials, key: tuple[int, Fraction], coefficient: nodes.Expr) -> None:
    form[key] = arithmetic.total((form.get(key, arithmetic.ZERO), coefficient))


def _written(power: int, base: Fraction, coefficient: nodes.Expr, variable: nodes.Expr) -> nodes.Expr:
    factors = [coefficient]
    if power:
        factors.append(arithmetic.power(variable, nodes.Number(Fraction(power))))
    if base != 1:
        factors.append(nodes.Power(nodes.Number(base), variable))
    return arithmetic.product(factors)


def _monomials(expr: nodes.Expr, variable: nodes.Expr) -> _Monomials | None:
    one = Fraction(1)
    if not depends(expr, variable):
        return {(0, one): expr}
    match expr:
        case nodes.Variable() | nodes.Row() | nodes.Earlier():
            return {(1, one): arithmetic.ONE}
        case nodes.Sum(terms):
            result: _Monomials = {}
            for term in terms:
                form = _monomials(term, variable)
                if form is None:
                    return None
                for key, coefficient in form.items():
                    _add(result, key, coefficient)
            return result
        case nodes.Product(factors):
            result = {(0, one): arithmetic.ONE}
            for factor in factors:
                form = _monomials(factor, variable)
                if form is None or len(form) * len(result) > MONOMIALS_LIMIT:
                    return None
                result = _multiplied(result, form)
            return result
        case nodes.Quotient(a, b) if not depends(b, variable):
            form = _monomials(a, variable)
            return form and {key: arithmetic.quotient(value, b) for key, value in form.items()}
        case nodes.Power(a, nodes.Number(e)) if e.denominator == 1 and 0 <= e <= DEGREE_LIMIT:
            form = _monomials(a, variable)
            result = {(0, one): arithmetic.ONE}
            for _ in range(int(e)):
                if form is None or len(form) * len(result) > MONOMIALS_LIMIT:
                    return None
                result = _multiplied(result, form)
            return result
        case nodes.Power(nodes.Number(c), b) if c > 0:
            form = _monomials(b, variable)
            match form and form.get((1, one)):
                case nodes.Number(step) if form is not None and set(form) <= {(0, one), (1, one)}:
                    if step.denominator == 1 and abs(step) <= 64:
                        rest = form.get((0, one), arithmetic.ZERO)
                        return {(0, c ** int(step)): arithmetic.power(nodes.Number(c), rest)}
            return None
        case nodes.MapValue(nodes.ClosedMap(_, inner, body), argument):
            return _monomials(arithmetic.substitute(body, {inner: argument}), variable)
        case _:
            return None


def _multiplied(x: _Monomials, y: _Monomials) -> _Monomials:
    result: _Monomials = {}
    for (p, c), a in x.items():
        for (q, d), b in y.items():
            _add(result, (p + q, c * d), arithmetic.product((a, b)))
    return result


# -- differences -----------------------------------------------------------------------------------


def difference(expr: nodes.Expr, variable: nodes.Expr, box: Box) -> Interval:
    """Bounds of expr(v + 1) - expr(v) over ``box``, v the variable."""
    try:
        return _simplified_difference(expr, variable, box)
    except TooLarge:
        return ANYTHING


def _simplified_difference(expr: nodes.Expr, variable: nodes.Expr, box: Box) -> Interval:
    if not depends(expr, variable):
        return Fraction(0), Fraction(0)
    exact = _symbolic_difference(expr, variable)
    bounds = _difference(expr, variable, box)
    if exact is not None:
        low, high = interval(exact, box)
        bounds = max(bounds[0], low), min(bounds[1], high)
        moved = _trend(exact, _Motion(variable, box, differences=False))
        if moved is not None and moved.direction > 0 and not moved.guards:
            start = box.get(variable, NATURAL)[0]
            if isinstance(start, Fraction):
                first = arithmetic.substitute(exact, {variable: nodes.Number(start)})
                bounds = max(bounds[0], interval(first, box)[0]), bounds[1]
    return bounds


def _difference(expr: nodes.Expr, variable: nodes.Expr, box: Box) -> Interval:
    match expr:
        case nodes.Variable() | nodes.Row() | nodes.Earlier():
            return Fraction(1), Fraction(1)
        case nodes.Sum(terms):
            parts = [difference(term, variable, box) for term in terms]
            return _plus(parts)
        case nodes.Product((first, *rest)):
            other = rest[0] if len(rest) == 1 else nodes.Product(tuple(rest))
            x, y = interval(first, box), interval(other, box)
            dx, dy = difference(first, variable, box), difference(other, variable, box)
            parts = [times(x, dy), times(y, dx), times(dx, dy)]
            return _plus(parts)
        case nodes.Quotient(a, nodes.Number(b)):
            return times(difference(a, variable, box), (1 / b, 1 / b))
        case nodes.Remainder(_, nodes.Number(b)) if is_integer(expr, box):
            return 1 - b, b - 1
        case nodes.FloorDivide(a, nodes.Number(b)):
            return _rounded(times(difference(a, variable, box), (1 / b, 1 / b)))
        case nodes.Call("floor" | "ceil", (argument,)):
            return _rounded(difference(argument, variable, box))
        case nodes.Call("min" | "max", arguments):
            parts = [difference(argument, variable, box) for argument in arguments]
            return min(a for a, _ in parts), max(b for _, b in parts)
        case nodes.Power(base, exponent) if not depends(base, variable):
            low = interval(base, box)[0]
            step = difference(exponent, variable, box)[0]
            if low >= 1 and step >= 1:
                return times((interval(expr, box)[0],) * 2, (low - 1, low - 1))[0], INFINITY
        case nodes.MapValue(index_map, argument):
            steps = difference(argument, variable, box)
            if is_integer(argument, box) and steps[0] >= 0:
                return times(steps, map_difference(index_map))
    moved = _trend(expr, _Motion(variable, box, differences=False))
    if moved is None or moved.guards:
        return -INFINITY, INFINITY
    return (Fraction(0), INFINITY) if moved.direction > 0 else (-INFINITY, Fraction(0))


def _rounded(x: Interval) -> Interval:
    """floor(x + d) - floor(x) lies between floor(d) and ceil(d); the same holds for ceil."""
    low, high = x
    return floored((low, low))[0], -floored((-high, -high))[0]


# -- maps ------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def map_difference(index_map: nodes.IndexMap) -> Interval:
    """Bounds of f(k + 1) - f(k) over every k >= 0."""
    match index_map:
        case nodes.ClosedMap(_, variable, body):
            steps = [b - a for a, b in pairwise(_first_values(index_map))]
            if len(steps) < SETTLED - 1:
                return difference(body, variable, {variable: NATURAL})
            low, high = difference(body, variable, {variable: (Fraction(SETTLED - 1), INFINITY)})
            return min(low, *steps), max(high, *steps)
        case nodes.RecursiveMap():
            found = rise(index_map)
            return ANYTHING if found is None else (found.least, INFINITY)
        case _:
            assert_never(index_map)


@lru_cache(maxsize=512)
def map_trend(index_map: nodes.IndexMap) -> Trend | None:
    """How f(k) moves with k >= 0; guards speak of the map's own variable."""
    match index_map:
        case nodes.ClosedMap(_, variable, body):
            return trend(body, variable, {variable: NATURAL})
        case nodes.RecursiveMap():
            found = rise(index_map)
            return None if found is None else Trend(1, unbounded=found.late > 0)
        case _:
            assert_never(index_map)


def strictly_increasing(index_map: nodes.IndexMap) -> bool:
    """Whether a rule proves f(k + 1) > f(k) for every k >= 0."""
    return map_difference(index_map)[0] > 0
