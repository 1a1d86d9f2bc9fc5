"""How expressions move with one variable: when an unbounded range ends, and whether a map is strictly increasing."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb
from typing import assert_never

from glmc.pattern import arithmetic, intervals, nodes
from glmc.pattern.intervals import INFINITY, NATURAL, Box, Interval, interval
from glmc.pattern.reals import TooLarge

DEGREE_LIMIT = 8
MONOMIALS_LIMIT = 64


@dataclass(frozen=True)
class Trend:
    """How an expression moves as one variable v grows by ones, everything else fixed.

    ``direction`` 1: it never falls, -1: it never rises, 0: it does not depend on v. ``unbounded``: it tends to
    ±infinity. Both hold from any v on at which every expression in ``guards`` is >= 0; guards stay so once they are
    so, and each comes to be so.
    """

    direction: int
    unbounded: bool = False
    guards: tuple[nodes.Expr, ...] = ()

    @property
    def reversed(self) -> Trend:
        return Trend(-self.direction, self.unbounded, self.guards)


@dataclass(frozen=True)
class Ending:
    """Once all ``guards`` are >= 0 and all ``quantities`` negative, no later value of the variable gives an element.

    The expressions speak of the row, the variable, and the variables of outer generators. Each row comes to it.
    """

    quantities: tuple[nodes.Expr, ...]
    guards: tuple[nodes.Expr, ...]


# -- trends ---------------------------------------------------------------------------------------------------------


def trend(expr: nodes.Expr, variable: nodes.Expr, box: Box) -> Trend | None:
    """How ``expr`` moves with ``variable`` over ``box``, or None where no rule says."""
    if not depends(expr, variable):
        return Trend(0)
    found = _trend(expr, variable, box)
    if found is None or not found.unbounded:
        return _trend_by_difference(expr, variable, box, 0) or found
    return found


def depends(expr: nodes.Expr, variable: nodes.Expr) -> bool:
    return any(inner == variable for inner in arithmetic.subexpressions(expr))


def _trend(expr: nodes.Expr, variable: nodes.Expr, box: Box) -> Trend | None:
    match expr:
        case nodes.Number() | nodes.Row() | nodes.Length() | nodes.Variable() | nodes.Earlier():
            return Trend(1, unbounded=True)
        case nodes.Sum(terms):
            return _sum_trend([trend(term, variable, box) for term in terms])
        case nodes.Product(factors):
            return _product_trend(factors, variable, box)
        case nodes.Quotient(a, b):
            return _quotient_trend(a, b, variable, box)
        case nodes.FloorDivide(a, b):
            return None if depends(b, variable) else trend(a, variable, box)
        case nodes.Remainder():
            return None
        case nodes.Power(a, b):
            return _power_trend(a, b, variable, box)
        case nodes.Call(function, arguments):
            return _call_trend(function, arguments, variable, box)
        case nodes.MapValue(index_map, argument):
            inner = trend(argument, variable, box)
            outer = map_trend(index_map)
            if inner is None or outer is None or inner.direction < 0:
                return None
            guards = tuple(
                arithmetic.substitute(guard, {index_map.variable: argument}) for guard in outer.guards
            )
            return Trend(outer.direction, outer.unbounded and inner.unbounded, inner.guards + guards)
        case _:
            assert_never(expr)


def _sum_trend(terms: list[Trend | None]) -> Trend | None:
    known = [term for term in terms if term is not None and term.direction]
    if None in terms or len({term.direction for term in known}) != 1:
        return None
    guards = tuple(guard for term in known for guard in term.guards)
    return Trend(known[0].direction, any(term.unbounded for term in known), guards)


def _product_trend(factors: tuple[nodes.Expr, ...], variable: nodes.Expr, box: Box) -> Trend | None:
    """A product of factors that are not negative and rise (after a change of sign) rises."""
    sign = 1
    guards: tuple[nodes.Expr, ...] = ()
    unbounded = False
    positive = True
    for factor in factors:
        moved = trend(factor, variable, box)
        if moved is None:
            return None
        low, high = interval(factor, box)
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


def _quotient_trend(a: nodes.Expr, b: nodes.Expr, variable: nodes.Expr, box: Box) -> Trend | None:
    low, high = interval(b, box)
    if not depends(b, variable):
        moved = trend(a, variable, box)
        if moved is None or (low < 0 < high):
            return None
        return moved if low >= 0 else moved.reversed
    below = trend(b, variable, box)
    above = trend(a, variable, box)
    if below is None or above is None or low < 0 or below.direction < 0:
        return None
    a_low, a_high = interval(a, box)
    if a_low >= 0 and above.direction <= 0:
        return Trend(-1, False, above.guards + below.guards)
    if a_high <= 0 and above.direction >= 0:
        return Trend(1, False, above.guards + below.guards)
    return None


def _power_trend(a: nodes.Expr, b: nodes.Expr, variable: nodes.Expr, box: Box) -> Trend | None:
    base, exponent = trend(a, variable, box), trend(b, variable, box)
    if base is None or exponent is None:
        return None
    (base_low, base_high), (exponent_low, _) = interval(a, box), interval(b, box)
    guards = base.guards + exponent.guards
    if base.direction == 0 and base_low >= 1:
        return Trend(
            exponent.direction, exponent.unbounded and exponent.direction > 0 and base_low > 1, guards
        )
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


def _call_trend(
    function: nodes.Function, arguments: tuple[nodes.Expr, ...], variable: nodes.Expr, box: Box
) -> Trend | None:
    moved = [trend(argument, variable, box) for argument in arguments]
    first = moved[0]
    match function:
        case "floor" | "ceil":
            return first
        case "sqrt" | "log2" | "bitlen":
            return first and _rising(first)
        case "log":
            fixed_base = len(arguments) == 1 or (
                not depends(arguments[1], variable) and interval(arguments[1], box)[0] > 1
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
            low, high = interval(arguments[0], box)
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


def _trend_by_difference(expr: nodes.Expr, variable: nodes.Expr, box: Box, depth: int) -> Trend | None:
    """From expr(v + 1) - expr(v): of one sign, or coming to be of one sign and away from zero."""
    change = _symbolic_difference(expr, variable)
    if change is None or depth > DEGREE_LIMIT:
        return None
    low, high = interval(change, box)
    if low >= 0 or high <= 0:
        unbounded = low > 0 or high < 0
        moved = Trend(1 if low >= 0 else -1, unbounded)
        if unbounded:
            return moved
    second = _trend(change, variable, box) if depends(change, variable) else None
    if second is None or not second.unbounded:
        second = _trend_by_difference(change, variable, box, depth + 1) if depends(change, variable) else None
    if second is not None and second.unbounded and second.direction:
        towards = change if second.direction > 0 else arithmetic.negative(change)
        guard = arithmetic.total((towards, nodes.Number(Fraction(-1))))
        return Trend(second.direction, True, (*second.guards, guard))
    return moved if low >= 0 or high <= 0 else None


# -- symbolic differences: polynomials and exponentials in one variable --------------------------------------------

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
                scale = nodes.Number(comb(power, lower) * base)
                _add(shifted, (lower, base), arithmetic.product((scale, coefficient)))
            _add(shifted, (power, base), arithmetic.negative(coefficient))
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


# -- differences ----------------------------------------------------------------------------------------------------


def difference(expr: nodes.Expr, variable: nodes.Expr, box: Box) -> Interval:
    """Bounds of expr(v + 1) - expr(v) over ``box``, v the variable."""
    if not depends(expr, variable):
        return Fraction(0), Fraction(0)
    exact = _symbolic_difference(expr, variable)
    bounds = _difference(expr, variable, box)
    if exact is not None:
        low, high = interval(exact, box)
        bounds = max(bounds[0], low), min(bounds[1], high)
        moved = trend(exact, variable, box)
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
            return sum((a for a, _ in parts), Fraction(0)), sum((b for _, b in parts), Fraction(0))
        case nodes.Product((first, *rest)):
            other = rest[0] if len(rest) == 1 else nodes.Product(tuple(rest))
            x, y = interval(first, box), interval(other, box)
            dx, dy = difference(first, variable, box), difference(other, variable, box)
            parts = [intervals.times(x, dy), intervals.times(y, dx), intervals.times(dx, dy)]
            return sum((a for a, _ in parts), Fraction(0)), sum((b for _, b in parts), Fraction(0))
        case nodes.Quotient(a, nodes.Number(b)):
            return intervals.times(difference(a, variable, box), (1 / b, 1 / b))
        case nodes.FloorDivide(a, nodes.Number(b)):
            return _rounded(intervals.times(difference(a, variable, box), (1 / b, 1 / b)))
        case nodes.Call("floor" | "ceil", (argument,)):
            return _rounded(difference(argument, variable, box))
        case nodes.Call("min" | "max", arguments):
            parts = [difference(argument, variable, box) for argument in arguments]
            return min(a for a, _ in parts), max(b for _, b in parts)
        case nodes.Power(base, exponent) if not depends(base, variable):
            low = interval(base, box)[0]
            step = difference(exponent, variable, box)[0]
            if low >= 1 and step >= 1:
                return intervals.times((interval(expr, box)[0],) * 2, (low - 1, low - 1))[0], INFINITY
        case nodes.MapValue(index_map, argument):
            steps = difference(argument, variable, box)
            if arithmetic.integral(argument) and steps[0] >= 0:
                return intervals.times(steps, map_difference(index_map))
    moved = _trend(expr, variable, box)
    if moved is None or moved.guards:
        return -INFINITY, INFINITY
    return (Fraction(0), INFINITY) if moved.direction > 0 else (-INFINITY, Fraction(0))


def _rounded(x: Interval) -> Interval:
    """floor(x + d) - floor(x) lies between floor(d) and ceil(d); the same holds for ceil."""
    low, high = x
    return intervals.floored((low, low))[0], -intervals.floored((-high, -high))[0]


# -- maps -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=512)
def map_difference(index_map: nodes.IndexMap) -> Interval:
    """Bounds of f(k + 1) - f(k) over every k >= 0."""
    match index_map:
        case nodes.ClosedMap(_, variable, body):
            return difference(body, variable, {variable: NATURAL})
        case nodes.RecursiveMap():
            return intervals.recursive_difference(index_map)
        case _:
            assert_never(index_map)


@lru_cache(maxsize=512)
def map_trend(index_map: nodes.IndexMap) -> Trend | None:
    """How f(k) moves with k >= 0; guards speak of the map's own variable."""
    match index_map:
        case nodes.ClosedMap(_, variable, body):
            return trend(body, variable, {variable: NATURAL})
        case nodes.RecursiveMap():
            step = intervals.recursive_step(index_map)
            return Trend(1, unbounded=step > 0) if step >= 0 else None
        case _:
            assert_never(index_map)


def strictly_increasing(index_map: nodes.IndexMap) -> bool:
    """Whether a rule proves f(k + 1) > f(k) for every k >= 0."""
    return map_difference(index_map)[0] > 0


# -- endings --------------------------------------------------------------------------------------------------------


def variable_box(generators: tuple[nodes.Generator, ...]) -> dict[nodes.Expr, Interval]:
    """The range of every variable of a comprehension, over all rows."""
    box: dict[nodes.Expr, Interval] = {}
    for generator in generators:
        low = interval(generator.start, box)[0]
        high = INFINITY if generator.stop is None else interval(generator.stop, box)[1] - 1
        box[generator.variable] = (low, max(low, high))
    return box


def endings(comprehension: nodes.Comprehension, level: int) -> tuple[Ending, ...]:
    """Ways in which the generator at ``level`` ends by itself; each suffices. None found: it may be endless."""
    variable = comprehension.generators[level].variable
    box = variable_box(comprehension.generators)
    inner = comprehension.generators[level + 1 :]
    found = [_quantity_ending((comprehension.element,), variable, inner, box)]
    found += _condition_endings(comprehension.condition, variable, inner, box)
    for place, generator in enumerate(inner):
        if generator.stop is not None:
            width = arithmetic.total(
                (generator.stop, arithmetic.negative(generator.start), nodes.Number(Fraction(-1)))
            )
            found.append(_quantity_ending((width,), variable, inner[:place], box))
    return tuple(ending for ending in found if ending is not None)


def _quantity_ending(
    quantities: tuple[nodes.Expr, ...],
    variable: nodes.Variable,
    inner: tuple[nodes.Generator, ...],
    box: Box,
) -> Ending | None:
    """Whether every quantity falls to -infinity with ``variable``, whatever the inner variables are."""
    worst: list[nodes.Expr] = []
    guards: tuple[nodes.Expr, ...] = ()
    for quantity in quantities:
        highest = _worst(quantity, variable, inner, box)
        moved = highest and trend(highest, variable, box)
        if highest is None or moved is None or moved.direction >= 0 or not moved.unbounded:
            return None
        worst.append(highest)
        guards += moved.guards
    return Ending(tuple(worst), guards)


def _worst(
    quantity: nodes.Expr, variable: nodes.Variable, inner: tuple[nodes.Generator, ...], box: Box
) -> nodes.Expr | None:
    """The largest value of ``quantity`` over the inner ranges, as an expression without their variables."""
    for generator in reversed(inner):
        moved = trend(quantity, generator.variable, box)
        if moved is None or moved.guards:
            return None
        if moved.direction < 0:
            quantity = arithmetic.substitute(quantity, {generator.variable: generator.start})
        elif moved.direction > 0:
            if generator.stop is None:
                return None
            last = arithmetic.total((generator.stop, nodes.Number(Fraction(-1))))
            quantity = arithmetic.substitute(quantity, {generator.variable: last})
    return quantity


def _condition_endings(
    condition: nodes.Condition | None,
    variable: nodes.Variable,
    inner: tuple[nodes.Generator, ...],
    box: Box,
) -> list[Ending | None]:
    match condition:
        case None:
            return []
        case nodes.And(parts):
            return [ending for part in parts for ending in _condition_endings(part, variable, inner, box)]
        case nodes.Or(parts):
            chosen = [
                next((e for e in _condition_endings(part, variable, inner, box) if e is not None), None)
                for part in parts
            ]
            known = [ending for ending in chosen if ending is not None]
            if len(known) != len(parts):
                return []
            return [
                Ending(
                    tuple(quantity for ending in known for quantity in ending.quantities),
                    tuple(guard for ending in known for guard in ending.guards),
                )
            ]
        case nodes.Not(part):
            negated = negation(part)
            return [] if isinstance(negated, nodes.Not) else _condition_endings(negated, variable, inner, box)
        case nodes.Comparison(left, relation, right):
            above = arithmetic.total((left, arithmetic.negative(right)))
            below = arithmetic.total((right, arithmetic.negative(left)))
            chosen_quantities = {
                "<": (below,),
                "<=": (below,),
                ">": (above,),
                ">=": (above,),
                "==": (below, above),
                "!=": (),
            }[relation]
            return [_quantity_ending((quantity,), variable, inner, box) for quantity in chosen_quantities]
        case _:
            assert_never(condition)


_OPPOSITE: dict[nodes.Relation, nodes.Relation] = {
    "<": ">=",
    "<=": ">",
    "==": "!=",
    "!=": "==",
    ">=": "<",
    ">": "<=",
}


def negation(condition: nodes.Condition) -> nodes.Condition:
    """The opposite of ``condition``, with no ``not`` left in it."""
    match condition:
        case nodes.Comparison(left, relation, right):
            return nodes.Comparison(left, _OPPOSITE[relation], right)
        case nodes.And(parts):
            return nodes.Or(tuple(map(negation, parts)))
        case nodes.Or(parts):
            return nodes.And(tuple(map(negation, parts)))
        case nodes.Not(part):
            return _positive(part)
        case _:
            assert_never(condition)


def _positive(condition: nodes.Condition) -> nodes.Condition:
    match condition:
        case nodes.Comparison():
            return condition
        case nodes.And(parts):
            return nodes.And(tuple(map(_positive, parts)))
        case nodes.Or(parts):
            return nodes.Or(tuple(map(_positive, parts)))
        case nodes.Not(part):
            return negation(part)
        case _:
            assert_never(condition)
