"""Finds the normal form of a row set from what it says, not from what it is called.

A form is reported only where it is equal to the row set for every row; the reasoning is exact algebra on
normalised expressions. Whatever it cannot decide stays ``Opaque``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from glmc.analysis.forms import (
    Band,
    Block,
    Columns,
    Compact,
    Fenwick,
    Form,
    Interval,
    Opaque,
    Shifts,
    Stride,
)
from glmc.analysis.polynomial import ZERO, Polynomial, TooLarge, constant, least_value, polynomial
from glmc.pattern.evaluate import EvaluationError, IntArray, Rows, evaluate_rows
from glmc.pattern.nodes import (
    Call,
    Comparison,
    Comprehension,
    Condition,
    Difference,
    Earlier,
    Expr,
    Generator,
    Intersection,
    Listed,
    MapValue,
    Number,
    Power,
    RecursiveMap,
    Remainder,
    Row,
    RowSet,
    Union,
    Variable,
)
from glmc.pattern.walk import compared, conjuncts

_ROW = polynomial(Row())
_MOST_DISTANCES = 1 << 16
_CONSTANT_VARIABLE = Variable("k")


def recognise(row_set: RowSet) -> tuple[Form, ...]:
    """The forms whose union is ``row_set``; bands first, in order of distance, the rest as written."""
    match row_set:
        case Listed(elements):
            return _merged(_comprehension(Comprehension(element, ())) for element in elements)
        case Union(left, right):
            return _merged((*recognise(left), *recognise(right)))
        case Difference(left, right):
            return _difference(recognise(left), recognise(right)) or (Opaque(row_set),)
        case Intersection(left, right):
            both = _intersection(recognise(left), recognise(right))
            return (Opaque(row_set),) if both is None else both
        case Comprehension():
            return _merged((_comprehension(row_set),))


def is_shift_invariant(row_set: RowSet) -> bool:
    """Whether j ∈ row i is seen to depend on i − j alone, elements below 0 apart."""
    match row_set:
        case Listed(elements):
            return all(_is_shift(element) for element in elements)
        case Union(left, right) | Difference(left, right) | Intersection(left, right):
            return _all_forms_invariant(row_set) or (is_shift_invariant(left) and is_shift_invariant(right))
        case Comprehension(element, generators, condition):
            if _all_forms_invariant(row_set):
                return True
            ranges = [e for g in generators for e in (g.start, g.stop) if e is not None]
            fixed = (*ranges, *(() if condition is None else compared(condition)))
            return _is_shift(element) and not any(_mentions_row(expr) for expr in fixed)


def reach(row_set: RowSet) -> int | None:
    """A bound on the distance i − j of every entry, None where no bound is evident."""
    match row_set:
        case Listed(elements):
            return _furthest(recognise(row_set), [_longest_distance(element, ()) for element in elements])
        case Comprehension(element, generators):
            return _furthest(recognise(row_set), [_longest_distance(element, generators)])
        case Union(left, right):
            bounds = (reach(left), reach(right))
            return None if None in bounds else max(b for b in bounds if b is not None)
        case Intersection(left, right):
            return min((b for b in (reach(left), reach(right)) if b is not None), default=None)
        case Difference(left, _):
            return reach(left)


def _longest_distance(element: Expr, generators: tuple[Generator, ...]) -> int | None:
    """An evident bound of i − element over all rows and the generators' ranges."""
    ranges: dict[Expr, tuple[Polynomial, Polynomial | None]] = {}
    try:
        for generator in generators:
            last = None if generator.stop is None else polynomial(generator.stop) - constant(1)
            ranges[generator.variable] = (polynomial(generator.start), last)
        bound = least_value(polynomial(element) - _ROW, ranges)
    except TooLarge:
        return None
    return None if bound is None else max(0, math.floor(-bound))


def _furthest(forms: tuple[Form, ...], distances: list[int | None]) -> int | None:
    """The longest distance of the forms, or else of ``distances`` where they are all known."""
    known = [distance for distance in distances if distance is not None]
    if len(known) == len(distances):
        return max(known, default=0)
    furthest = 0
    for form in forms:
        match form:
            case Band(_, int(stop)):
                furthest = max(furthest, stop - 1)
            case Stride(first, step, int(count)):
                furthest = max(furthest, first + step * (count - 1))
            case Block(width, _):
                furthest = max(furthest, width - 1)
            case Shifts(distance, variable, start, int(stop)) if stop - start <= _MOST_DISTANCES:
                try:
                    furthest = max(furthest, int(values(distance, variable, start, stop).max()))
                except EvaluationError:
                    return None
            case _:
                return None
    return furthest


def values(expr: Expr, variable: Variable, start: int, stop: int) -> IntArray:
    """expr at variable = start … stop − 1; Python integers where int64 does not hold them."""
    arguments = np.arange(start, stop)
    return evaluate_rows(expr, Rows(np.zeros_like(arguments), {variable.name: arguments}))


def _all_forms_invariant(row_set: RowSet) -> bool:
    return all(isinstance(form, Band | Stride | Shifts) for form in recognise(row_set))


def _is_shift(element: Expr) -> bool:
    try:
        return not (polynomial(element) - _ROW).mentions(Row())
    except TooLarge:
        return False


def _mentions_row(expr: Expr) -> bool:
    try:
        return polynomial(expr).mentions(Row())
    except TooLarge:
        return True


# -- comprehensions -------------------------------------------------------------------------------------


def _comprehension(row_set: Comprehension) -> Form:
    try:
        return _recognised(row_set) or Opaque(row_set)
    except TooLarge:
        return Opaque(row_set)


def _recognised(row_set: Comprehension) -> Form | None:
    match row_set.generators:
        case ():
            generator = Generator(_CONSTANT_VARIABLE, Number(Fraction(0)), Number(Fraction(1)))
        case (generator,):
            pass
        case _:
            return None
    body = _body(row_set, generator)
    if body is None:
        return None
    slope = body.element.slope(body.variable)
    if slope in (1, -1):
        return _run(body)
    if body.residues:
        return None
    if slope is not None and slope != 0 and slope.denominator == 1:
        found = _progression(body, int(slope))
        if found is not None:
            return found
    return _compact(body) or _fenwick(body) or _mapped(body)


@dataclass(frozen=True)
class _Residue:
    """expression ≡ value modulo ``modulus``."""

    expression: Polynomial
    modulus: int
    value: int


@dataclass(frozen=True)
class _Body:
    """A comprehension over one variable: its range, and its condition as polynomials that must be >= 0."""

    element: Polynomial
    variable: Variable
    start: Polynomial
    stop: Polynomial | None
    bounds: tuple[Polynomial, ...]
    residues: tuple[_Residue, ...]


def _body(row_set: Comprehension, generator: Generator) -> _Body | None:
    element = polynomial(row_set.element)
    bounds: list[Polynomial] = []
    residues: list[_Residue] = []
    for part in conjuncts(row_set.condition):
        match _residue(part), _bounds(part, element):
            case _Residue() as residue, _:
                residues.append(residue)
            case None, (_, *_) as found:
                bounds.extend(found)
            case _:
                return None
    stop = None if generator.stop is None else polynomial(generator.stop)
    start = polynomial(generator.start)
    kept = (b for b in bounds if b != element and not (b.integer is not None and b.integer >= 0))
    return _Body(element, generator.variable, start, stop, tuple(kept), tuple(residues))


def _bounds(condition: Condition, element: Polynomial) -> tuple[Polynomial, ...]:
    """Polynomials that are all >= 0 exactly where the condition holds; empty where there are none."""
    if not isinstance(condition, Comparison):
        return ()
    left, right = polynomial(condition.left), polynomial(condition.right)
    difference = right - left
    if not any(d.is_integral for d in (difference, difference - element, difference + element)):
        return ()
    match condition.relation:
        case "==":
            return (difference, -difference)
        case "<=":
            return (difference,)
        case "<":
            return (difference - constant(1),)
        case ">=":
            return (-difference,)
        case ">":
            return (-difference - constant(1),)
        case _:
            return ()


def _residue(condition: Condition) -> _Residue | None:
    match condition:
        case Comparison(Remainder(inner, divisor), "==", right):
            pass
        case Comparison(right, "==", Remainder(inner, divisor)):
            pass
        case _:
            return None
    modulus, value, expression = polynomial(divisor).integer, polynomial(right).integer, polynomial(inner)
    if modulus is None or value is None or not 0 <= value < modulus or not expression.is_integral:
        return None
    return _Residue(expression, modulus, value)


def _run(body: _Body) -> Form | None:
    """Element ± variable + rest: the columns between two ends."""
    lows, highs = _ends(body)
    if lows is None or highs is None:
        return None
    low = _greatest(lows)
    top = _least(highs)
    if low is None or top is None:
        return None
    fixed_stop, high = top
    match body.residues:
        case ():
            return _interval(low, high, fixed_stop, body)
        case (residue,):
            return _residue_run(low, high, fixed_stop, residue, body)
        case _:
            return None


def _ends(body: _Body) -> tuple[list[Polynomial] | None, list[Polynomial] | None]:
    """Lower (inclusive) and upper (exclusive) ends of the column, from the range and the bounds."""
    variable = polynomial(body.variable)
    rising = body.element.slope(body.variable) == 1
    rest = body.element - variable if rising else body.element + variable
    lows, highs = [ZERO], []
    if rising:
        lows.append(body.start + rest)
        highs.extend([] if body.stop is None else [body.stop + rest])
    else:
        highs.append(rest - body.start + constant(1))
        lows.extend([] if body.stop is None else [rest - body.stop + constant(1)])
    for bound in body.bounds:
        bound = _without_floor(bound, body.variable)
        match bound.slope(body.variable):
            case None:
                return None, None
            case slope if slope in (1, -1):
                # in terms of the column: variable = ±(column − rest)
                toward = slope if rising else -slope
                at_zero = bound - variable.scaled(slope) - rest.scaled(toward)
                if toward == 1:
                    lows.append(-at_zero)
                else:
                    highs.append(at_zero + constant(1))
            case _:
                return None, None
    return _opened(lows, "max"), _opened(highs, "min")


def _without_floor(bound: Polynomial, variable: Variable) -> Polynomial:
    """±⌊x/w⌋ + rest >= 0, x the variable plus a constant, as the same bound of x."""
    x = polynomial(variable)
    for monomial, sign in bound.terms:
        match monomial:
            case ((Call("floor", (inner,)) as floor, 1),) if abs(sign) == 1:
                under = polynomial(inner)
                slope = under.slope(variable)
                rest = bound - polynomial(floor).scaled(sign)
                if not slope or slope < 0 or rest.mentions(variable) or not rest.is_integral:
                    continue
                width = 1 / slope
                scaled = under.scaled(width)
                if width.denominator > 1 or (scaled - x).integer is None:
                    continue
                slack = ZERO if sign > 0 else constant(width - 1)
                return scaled.scaled(sign) + rest.scaled(width) + slack
    return bound


def _opened(ends: list[Polynomial], function: str) -> list[Polynomial]:
    """``ends`` with max(a, b) + c among lower ends (min among upper ones) replaced by a + c and b + c."""
    result: list[Polynomial] = []
    for end in ends:
        calls = [a for ((a, e), *more), c in ((m, c) for m, c in end.terms if m) if c == 1 == e and not more]
        match [call for call in calls if isinstance(call, Call) and call.function == function]:
            case [call]:
                rest = end - polynomial(call)
                result.extend(polynomial(argument) + rest for argument in call.arguments)
            case _:
                result.append(end)
    return result


def _greatest(ends: list[Polynomial]) -> Polynomial | None:
    """The greatest of lower ends, where it is evident which one that is."""
    best = ends[0]
    for end in ends[1:]:
        if (fixed := end.constant) is not None and fixed <= 0:
            continue
        if best == ZERO or _never_below(end, best):
            best = end  # 0 is the end of every row anyway
        elif not _never_below(best, end):
            return None
    return best


def _never_below(left: Polynomial, right: Polynomial) -> bool:
    """Whether left >= right in every row, as far as is evident."""
    gap = least_value(left - right, {})
    return gap is not None and gap >= 0


def _least(ends: list[Polynomial]) -> tuple[int | None, Polynomial | None] | None:
    """The least constant upper end and the least other upper end."""
    fixed: int | None = None
    moving: Polynomial | None = None
    for end in ends:
        if end.integer is not None:
            fixed = end.integer if fixed is None else min(fixed, end.integer)
        elif moving is None or _never_below(moving, end):
            moving = end
        elif not _never_below(end, moving):
            return None
    return fixed, moving


def _behind(end: Polynomial) -> int | None:
    """c for the end i − c, else None."""
    return (_ROW - end).integer


def _interval(low: Polynomial, high: Polynomial | None, fixed_stop: int | None, body: _Body) -> Form | None:
    """{ j : low <= j < high, j < fixed_stop }."""
    lag = None if high is None else _behind(high)
    start = low.integer
    if start is not None and (fixed_stop is not None or start > 0):
        if high is None:
            # the same columns in every row: causal only if they are {0}
            return Columns(body.variable, body.variable, max(start, 0), fixed_stop, 0) if fixed_stop == 1 else None
        if lag is None:
            return None
        return Columns(body.variable, body.variable, max(start, 0), fixed_stop, lag + 1)
    if high is None or fixed_stop is not None:
        return None
    if lag is not None:
        if start is not None:
            return Band(lag + 1, None)
        if (furthest := _behind(low)) is not None:
            return Band(lag + 1, max(furthest, lag) + 1)
        width = _block_width(low)
        if width is not None:
            return Block(width, lag + 1)
    if low.mentions(body.variable) or high.mentions(body.variable):
        return None
    return Interval(low.expression(), high.expression())


def _block_width(low: Polynomial) -> int | None:
    """w for the end ⌊i/w⌋·w, else None."""
    match low.terms:
        case (((((Call("floor", (inner,)), 1),)), width),) if width.denominator == 1:
            return int(width) if polynomial(inner) == _ROW.scaled(1 / width) else None
        case _:
            return None


def _residue_run(
    low: Polynomial, high: Polynomial | None, fixed_stop: int | None, residue: _Residue, body: _Body
) -> Form | None:
    """{ j : low <= j < high, residue }, the residue of the column or of the distance."""
    lag = None if high is None else _behind(high)
    if lag is None or fixed_stop is not None:
        return None
    variable = polynomial(body.variable)
    rising = body.element.slope(body.variable) == 1
    rest = body.element - variable if rising else body.element + variable
    slope = residue.expression.slope(body.variable)
    if slope not in (1, -1):
        return None
    # the residue as ± column + left
    sign = slope if rising else -slope
    left = residue.expression - variable.scaled(slope) - rest.scaled(sign)
    modulus, value = residue.modulus, residue.value
    if (shift := left.integer) is not None and low == ZERO:
        first = int(sign * (value - shift)) % modulus
        column = variable.scaled(Fraction(modulus)) + constant(first)
        return Columns(column.expression(), body.variable, 0, None, lag + 1)
    if (shift := (left + _ROW.scaled(sign)).integer) is not None:
        # the residue is −sign · distance + shift
        first = lag + 1 + (int(-sign * (value - shift)) - lag - 1) % modulus
        if low == ZERO:
            return Stride(first, modulus, None)
        if (furthest := _behind(low)) is not None:
            return Stride(first, modulus, max(0, (furthest - first) // modulus + 1))
    return None


def _progression(body: _Body, slope: int) -> Form | None:
    """Element slope·variable + rest, |slope| >= 2: a stride, or evenly spaced columns."""
    start = body.start.integer
    if start is None:
        return None
    rest = body.element - polynomial(body.variable).scaled(Fraction(slope))
    behind = _behind(rest)
    if behind is None or slope > 0 or body.bounds:
        return None
    if body.stop is None:
        return Stride(behind - slope * start, -slope, None)
    stop = body.stop.integer
    return None if stop is None else Stride(behind - slope * start, -slope, max(0, stop - start))


def _mapped(body: _Body) -> Form | None:
    """i − g(variable), or g(variable) with the condition g(variable) <= i − lag."""
    start = body.start.integer
    stop = None if body.stop is None else body.stop.integer
    if start is None or start < 0 or (body.stop is not None and stop is None):
        return None
    distance = _ROW - body.element
    if not distance.mentions(Row()):
        if body.bounds:
            return None
        fixed = distance.integer
        if fixed is not None:
            return Band(fixed, fixed + 1) if stop is None or stop > start else Band(fixed, fixed)
        return Shifts(distance.expression(), body.variable, start, stop)
    if body.element.mentions(Row()):
        return None
    lags = [(_ROW - body.element - bound).integer for bound in body.bounds]
    match lags:
        case [int(lag)]:
            return Columns(body.element.expression(), body.variable, start, stop, lag)
        case [] if body.element == ZERO:
            return Columns(body.element.expression(), body.variable, start, stop, 0)
        case _:
            return None


def _compact(body: _Body) -> Form | None:
    """a_k·⌈(i + 1 − f(k)) / a_k⌉ − 1 where f(k) <= i, also written a_k·(⌊(i − f(k)) / a_k⌋ + 1) − 1."""
    if body.start != ZERO or body.stop is not None or len(body.bounds) != 1:
        return None
    variable = polynomial(body.variable)
    distance = _ROW - body.bounds[0]
    if distance.mentions(Row()):
        return None
    one = constant(1)
    for unit in _units(body.element, body.variable):
        a = polynomial(unit)
        ceiling = -polynomial(Call("floor", (_divided(distance - _ROW - one, a).expression(),)))
        below = polynomial(Call("floor", (_divided(_ROW - distance, a).expression(),)))
        if body.element not in (a * ceiling - one, a * (below + one) - one):
            continue
        index_map = unit.map
        if not isinstance(index_map, RecursiveMap) or [polynomial(e) for e in index_map.first] != [one]:
            return None
        step = polynomial(index_map.step, {index_map.variable: variable})
        earlier = polynomial(Earlier(0))
        following = polynomial(distance.expression(), {body.variable: variable + one})
        gap = following - distance
        rounded = -polynomial(Call("floor", (_divided(-gap, earlier).expression(),)))
        first = _value_at(distance, body.variable, 0)
        if step == earlier * rounded and first == 1:
            return Compact(distance.expression(), unit, body.variable)
    return None


def _divided(numerator: Polynomial, divisor: Polynomial) -> Polynomial:
    ((monomial, coefficient),) = divisor.terms
    return numerator * Polynomial(((tuple((atom, -e) for atom, e in monomial), 1 / coefficient),))


def _units(element: Polynomial, variable: Variable) -> Iterator[MapValue]:
    """Values of recursive maps at the variable that stand as factors in the element."""
    for monomial, _ in element.terms:
        for atom, exponent in monomial:
            if exponent == 1 and isinstance(atom, MapValue) and atom.argument == variable:
                yield atom


def _value_at(expression: Polynomial, variable: Variable, value: int) -> int | None:
    """The integer that ``expression`` is at variable = value, or at a first value of a recursive map."""
    at = polynomial(expression.expression(), {variable: constant(value)})
    values: dict[Expr, Polynomial] = {
        atom: polynomial(atom.map.first[value])
        for monomial, _ in at.terms
        for atom, _ in monomial
        if isinstance(atom, MapValue) and isinstance(atom.map, RecursiveMap) and value < len(atom.map.first)
    }
    total = ZERO
    for monomial, coefficient in at.terms:
        term = constant(coefficient)
        for atom, exponent in monomial:
            known = values.get(atom)
            if known is None or exponent < 0:
                return None
            for _ in range(exponent):
                term = term * known
        total = total + term
    return total.integer


def _fenwick(body: _Body) -> Form | None:
    """⌊i / 2^k⌋·2^k for 0 <= k <= bitlen(i), or one less; the last one, 0, is then −1 and may be left out."""
    if body.start != ZERO or body.bounds or body.stop is None:
        return None
    power = polynomial(Power(Number(Fraction(2)), body.variable))
    cleared = power * polynomial(Call("floor", (_divided(_ROW, power).expression(),)))
    digits = polynomial(Call("bitlen", (Row(),)))
    match (cleared - body.element).integer, (body.stop - digits).integer:
        case 0, 1:
            return Fenwick(0, 0)
        case 1, 0 | 1:
            return Fenwick(1, 1)
        case _:
            return None


# -- unions, differences, intersections -----------------------------------------------------------------


def _merged(forms: Iterable[Form]) -> tuple[Form, ...]:
    """Touching bands joined, empty and repeated forms dropped."""
    bands: list[Band] = []
    others: dict[Form, None] = {}
    for form in forms:
        match form:
            case Band(first, stop):
                if stop is None or first < stop:
                    bands.append(form)
            case Stride(first, _, 1):
                bands.append(Band(first, first + 1))
            case Stride(_, _, 0):
                pass
            case Shifts(_, _, start, int(stop)) | Columns(_, _, start, int(stop), _) if stop <= start:
                pass
            case _:
                others[form] = None
    return (*_joined(bands), *others)


def _joined(bands: list[Band]) -> tuple[Band, ...]:
    joined: list[Band] = []
    for band in sorted(bands, key=lambda b: b.first):
        if joined and (joined[-1].stop is None or band.first <= joined[-1].stop):
            last = joined.pop()
            stop = None if last.stop is None or band.stop is None else max(last.stop, band.stop)
            joined.append(Band(last.first, stop))
        else:
            joined.append(band)
    return tuple(joined)


def _difference(left: tuple[Form, ...], right: tuple[Form, ...]) -> tuple[Form, ...] | None:
    if not right:
        return left
    match right:
        case (Band(0, int(stop)),):
            return _beyond(left, stop)
    bands, removed = _only_bands(left), _only_bands(right)
    if bands is None or removed is None:
        return None
    for hole in removed:
        bands = [piece for band in bands for piece in _without(band, hole)]
    return _merged(bands)


def _without(band: Band, hole: Band) -> tuple[Band, ...]:
    before = Band(band.first, hole.first if band.stop is None else min(band.stop, hole.first))
    if hole.stop is None:
        return (before,)
    return (before, Band(max(band.first, hole.stop), band.stop))


def _intersection(left: tuple[Form, ...], right: tuple[Form, ...]) -> tuple[Form, ...] | None:
    if not left or not right:
        return ()
    for forms, other in ((left, right), (right, left)):
        match other:
            case (Band(first, None),) if (beyond := _beyond(forms, first)) is not None:
                return beyond
    bands, others = _only_bands(left), _only_bands(right)
    if bands is None or others is None:
        return None
    return _merged(_common(a, b) for a in bands for b in others)


def _beyond(forms: tuple[Form, ...], least: int) -> tuple[Form, ...] | None:
    """The entries of distance ``least`` or more, None where no form says that."""
    kept = [_beyond_in(form, least) for form in forms]
    return None if None in kept else _merged(form for form in kept if form is not None)


def _beyond_in(form: Form, least: int) -> Form | None:
    match form:
        case Band(first, stop):
            return Band(max(first, least), stop)
        case Stride(first, step, count):
            passed = max(0, -((first - least) // step))
            return Stride(first + passed * step, step, None if count is None else max(0, count - passed))
        case Columns(column, variable, start, stop, lag):
            return Columns(column, variable, start, stop, max(lag, least))
        case Block(width, lag):
            return Block(width, max(lag, least))
        case Fenwick(lag, back) if least <= 1:
            return Fenwick(max(lag, least), back)
        case Compact() if least <= 1:
            return form
        case _:
            return None


def _common(a: Band, b: Band) -> Band:
    stops = [stop for stop in (a.stop, b.stop) if stop is not None]
    return Band(max(a.first, b.first), min(stops, default=None))


def _only_bands(forms: tuple[Form, ...]) -> list[Band] | None:
    bands = [form for form in forms if isinstance(form, Band)]
    return bands if len(bands) == len(forms) else None
