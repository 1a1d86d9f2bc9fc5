"""The expressions of a row set, where each was written, what holds there, and what it needs to be defined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import assert_never

from glmc.pattern import arithmetic, nodes
from glmc.pattern.endings import variable_box
from glmc.pattern.evaluate import Kind
from glmc.pattern.monotone import NATURAL, Box, interval
from glmc.pattern.sets import Leaf, LeafSpans
from glmc.pattern.walk import leaves, map_parts, subexpressions
from glmc.source import Span

ZERO = arithmetic.ZERO
Generators = tuple[nodes.Generator, ...]


@dataclass(frozen=True)
class Place:
    """An expression of a set, with what holds where it is evaluated."""

    expression: nodes.Expr
    span: Span
    generators: Generators
    conditions: tuple[nodes.Condition, ...]
    index: str  # what must be an integer ("an element"), or "" inside a condition

    @property
    def box(self) -> Box:
        return variable_box(self.generators)


@dataclass(frozen=True)
class Partial:
    """An operation that is defined only where ``requirement`` holds."""

    kind: Kind
    requirement: nodes.Condition


def places(rows: nodes.RowSet, spans_of: Callable[[Leaf], LeafSpans]) -> Iterator[Place]:
    """Every expression of a row set, in the order in which they are evaluated."""
    for leaf in leaves(rows):
        spans = spans_of(leaf)
        match leaf:
            case nodes.Listed(elements):
                for place, element in enumerate(elements):
                    yield Place(element, spans.elements[min(place, len(spans.elements) - 1)], (), (), "an element")
            case nodes.Comprehension(element, generators, condition):
                for level, generator in enumerate(generators):
                    outer = generators[:level]
                    start = spans.starts[level] if spans.starts else leaf.span
                    yield Place(generator.start, start, outer, (), "the start of a range")
                    if generator.stop is not None:
                        stop = spans.stops[level] if spans.stops else leaf.span
                        yield Place(generator.stop, stop, outer, (), "the end of a range")
                if condition is not None:
                    yield from _condition_places(condition, spans.condition or leaf.span, generators, ())
                conditions = () if condition is None else (condition,)
                yield Place(element, spans.elements[0], generators, conditions, "an element")
            case _:
                assert_never(leaf)


def _condition_places(
    condition: nodes.Condition, span: Span, generators: Generators, before: tuple[nodes.Condition, ...]
) -> Iterator[Place]:
    """The compared expressions; a part of a conjunction is evaluated only where the parts before it hold."""
    match condition:
        case nodes.And(parts):
            for place, part in enumerate(parts):
                yield from _condition_places(part, span, generators, before + parts[:place])
        case nodes.Or(parts):
            for place, part in enumerate(parts):
                failed = tuple(nodes.Not(earlier) for earlier in parts[:place])
                yield from _condition_places(part, span, generators, before + failed)
        case nodes.Not(part):
            yield from _condition_places(part, span, generators, before)
        case nodes.Comparison(left, _, right):
            yield Place(left, span, generators, before, "")
            yield Place(right, span, generators, before, "")
        case _:
            assert_never(condition)


# -- integers -------------------------------------------------------------------------------------


def leaves_integers(expr: nodes.Expr) -> bool:
    """Whether a fraction, a root or a logarithm reaches the value of ``expr`` without a floor or ceil around
    it.
    """
    match expr:
        case nodes.Number(value):
            return value.denominator != 1
        case nodes.Quotient() | nodes.Call("sqrt" | "log2" | "log"):
            return True
        case (
            nodes.Sum(inner)
            | nodes.Product(inner)
            | nodes.Call("min" | "max" | "abs" | "gcd" | "lowbit" | "bitlen", inner)
        ):
            return any(map(leaves_integers, inner))
        case nodes.Remainder(a, b):
            return leaves_integers(a) or leaves_integers(b)
        case nodes.Power(base, exponent):
            return leaves_integers(base) or (
                isinstance(exponent, nodes.Number) and (exponent.value < 0 or exponent.value.denominator != 1)
            )
        case nodes.MapValue(index_map):
            return any(map(leaves_integers, map_parts(index_map)))
        case _:
            return False


# -- operations that are not always defined ---------------------------------------------------------


def partials(place: Place) -> Iterator[Partial]:
    """The operations of a place that its bounds do not show to be defined."""
    yield from _inner_partials(place.expression, place.box)


def _inner_partials(expr: nodes.Expr, box: Box) -> Iterator[Partial]:
    """What ``expr``, and the maps that it calls, leave open."""
    for inner in subexpressions(expr):
        yield from _own_partials(inner, box)
        match inner:
            case nodes.MapValue(nodes.ClosedMap(_, variable, body), argument):
                if _whatever_argument(body, variable):
                    yield from _inner_partials(arithmetic.substitute(body, {variable: argument}), box)
            case nodes.MapValue(nodes.RecursiveMap() as index_map):
                yield from _recursive_partials(index_map)


def _whatever_argument(body: nodes.Expr, variable: nodes.Variable) -> bool:
    """Whether the body of a map leaves something open for some argument."""
    return next(_inner_partials(body, {variable: NATURAL}), None) is not None


def _recursive_partials(index_map: nodes.RecursiveMap) -> Iterator[Partial]:
    """What the equations of a recursive map leave open; no proof is tried there."""
    low = interval(nodes.MapValue(index_map, index_map.variable), {index_map.variable: NATURAL})[0]
    box: Box = {
        index_map.variable: NATURAL,
        **{nodes.Earlier(offset): (low, NATURAL[1]) for offset in range(index_map.order)},
    }
    for part in map_parts(index_map):
        for partial in _inner_partials(part, box):
            yield Partial(partial.kind, nodes.Comparison(ZERO, "==", arithmetic.ONE))


def _own_partials(expr: nodes.Expr, box: Box) -> Iterator[Partial]:
    """What ``expr`` itself requires of its operands, unless their bounds settle it."""

    def at_least(kind: Kind, operand: nodes.Expr, least: int) -> Iterator[Partial]:
        low = interval(operand, box)[0]
        if low < least and not (least == 1 and low > 0):
            relation: nodes.Relation = ">=" if least == 0 else ">"
            yield Partial(kind, nodes.Comparison(operand, relation, ZERO))

    match expr:
        case nodes.FloorDivide(_, b) | nodes.Remainder(_, b):
            yield from at_least("zero divisor", b, 1)
        case nodes.Quotient(_, b):
            low, high = interval(b, box)
            if low <= 0 <= high:
                yield Partial("zero divisor", nodes.Comparison(b, "!=", ZERO))
        case nodes.Call("sqrt", (x,)):
            yield from at_least("root of a negative number", x, 0)
        case nodes.Call("bitlen", (x,)):
            yield from at_least("bitlen of a negative number", x, 0)
        case nodes.Call("lowbit", (x,)):
            yield from at_least("lowbit of a number that is not positive", x, 1)
        case nodes.Call("log2" | "log", (x, *base)):
            yield from at_least("logarithm of a number that is not positive", x, 1)
            for other in base:
                low, high = interval(other, box)
                if not (low > 1 or (low > 0 and high < 1)):
                    goal = nodes.Comparison(other, ">", arithmetic.ONE)
                    yield Partial("logarithm base that is not positive or is one", goal)
        case nodes.MapValue(_, argument):
            yield from at_least("negative map argument", argument, 0)
        case nodes.Power(base, exponent) if interval(exponent, box)[0] < 0 and interval(base, box)[0] <= 0:
            goal_parts = (nodes.Comparison(exponent, ">=", ZERO), nodes.Comparison(base, "!=", ZERO))
            yield Partial("zero divisor", nodes.Or(goal_parts))
