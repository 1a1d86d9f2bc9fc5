"""When an unbounded range ends: from some value on, its elements are negative or its condition is false."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from glmc.pattern import arithmetic, nodes
from glmc.pattern.monotone import INFINITY, Box, Interval, interval, trend
from glmc.pattern.reals import TooLarge


@dataclass(frozen=True)
class Ending:
    """Once all ``guards`` are >= 0 and all ``quantities`` negative, no later value of the variable gives an
    element.

    The expressions speak of the row, the variable, and the variables of outer generators. Each row comes to
    it.
    """

    quantities: tuple[nodes.Expr, ...]
    guards: tuple[nodes.Expr, ...]


def variable_box(generators: tuple[nodes.Generator, ...]) -> dict[nodes.Expr, Interval]:
    """The range of every variable of a comprehension, over all rows."""
    box: dict[nodes.Expr, Interval] = {}
    for generator in generators:
        low = interval(generator.start, box)[0]
        high = INFINITY if generator.stop is None else interval(generator.stop, box)[1] - 1
        box[generator.variable] = (low, max(low, high))
    return box


def endings(comprehension: nodes.Comprehension, level: int) -> tuple[Ending, ...]:
    """Ways in which the generator at ``level`` ends by itself; each suffices. None found: it may be
    endless.
    """
    try:
        return _endings(comprehension, level)
    except TooLarge:
        return ()


def _endings(comprehension: nodes.Comprehension, level: int) -> tuple[Ending, ...]:
    variable = comprehension.generators[level].variable
    box = variable_box(comprehension.generators)
    inner = comprehension.generators[level + 1 :]
    found = [_quantity_ending((comprehension.element,), variable, inner, box)]
    found += _condition_endings(comprehension.condition, variable, inner, box)
    for place, generator in enumerate(inner):
        if generator.stop is not None:
            width = arithmetic.total((generator.stop, arithmetic.negative(generator.start), nodes.Number(Fraction(-1))))
            found.append(_quantity_ending((width,), variable, inner[:place], box))
    return tuple(ending for ending in found if ending is not None)


def _quantity_ending(
    quantities: tuple[nodes.Expr, ...],
    variable: nodes.Variable,
    inner: tuple[nodes.Generator, ...],
    box: Box,
) -> Ending | None:
    """Whether every quantity falls to -infinity with ``variable``, whatever the inner variables are."""
    highest_of_all: list[nodes.Expr] = []
    guards: tuple[nodes.Expr, ...] = ()
    for quantity in quantities:
        highest = worst(quantity, inner, box)
        moved = None if highest is None else trend(highest, variable, box)
        if highest is None or moved is None or moved.direction >= 0 or not moved.unbounded:
            return None
        highest_of_all.append(highest)
        guards += moved.guards
    return Ending(tuple(highest_of_all), guards)


def worst(quantity: nodes.Expr, inner: tuple[nodes.Generator, ...], box: Box) -> nodes.Expr | None:
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
