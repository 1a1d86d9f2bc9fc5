"""Comprehensions: finite ranges (rules T2, T3), and conditions that depend on residues alone (rule T4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import lcm, prod
from typing import assert_never

from glmc.analysis.formula import rewrite
from glmc.analysis.polynomial import TooLarge, children, polynomial
from glmc.pattern.evaluate import Environment, EvaluationError, holds
from glmc.pattern.nodes import (
    And,
    Call,
    Comparison,
    Comprehension,
    Condition,
    Expr,
    Generator,
    MapValue,
    Not,
    Number,
    Or,
    Product,
    Remainder,
    Row,
    Sum,
    Variable,
)
from glmc.pattern.walk import compared, conjuncts

_LONGEST_PERIOD = 64
_MOST_PARTS = 32
_MOST_RESIDUES = 12


def is_fixed(generator: Generator) -> bool:
    """Whether the range is the same for every row, and finite."""
    if generator.stop is None:
        return False
    return not any(_mentions_names(end) for end in (generator.start, generator.stop))


def count(row_set: Comprehension) -> int | None:
    """How many tuples of values the ranges have, None where some range is not a fixed one of integers."""
    ends = [(_constant(generator.start), _constant(generator.stop)) for generator in row_set.generators]
    lengths = [max(stop - start, 0) for start, stop in ends if start is not None and stop is not None]
    return prod(lengths) if len(lengths) == len(ends) else None


def unrolled(row_set: Comprehension) -> tuple[Comprehension, ...] | None:
    """Comprehensions of one variable whose union this is: others, of short ranges, take their values.

    None unless there are such variables.
    """
    fixed = [generator for generator in row_set.generators if is_fixed(generator)]
    if len(row_set.generators) < 2 or len(row_set.generators) - len(fixed) > 1:
        return None
    spent = fixed if len(fixed) < len(row_set.generators) else fixed[:-1]
    found = [row_set]
    for generator in spent:
        start, stop = (_constant(end) for end in (generator.start, generator.stop))
        if start is None or stop is None or len(found) * (stop - start) > _MOST_PARTS:
            return None
        values = [Number(Fraction(value)) for value in range(start, stop)]
        found = [_with_value(part, generator.variable, value) for part in found for value in values]
    return tuple(found)


def slices(row_set: Comprehension) -> Iterator[Comprehension]:
    """For each endless range among several: the subset where all other variables have their first values.

    Nothing where another range has moving ends, or no first value.
    """
    firsts = [(g.variable, first) for g in row_set.generators if (first := _first(g)) is not None]
    for generator in row_set.generators if len(row_set.generators) > 1 else ():
        others = [(variable, first) for variable, first in firsts if variable != generator.variable]
        if generator.stop is None and len(others) == len(row_set.generators) - 1:
            part = row_set
            for variable, first in others:
                part = _with_value(part, variable, Number(Fraction(first)))
            yield part


def _first(generator: Generator) -> int | None:
    start, stop = _constant(generator.start), _constant(generator.stop)
    filled = generator.stop is None or (start is not None and stop is not None and start < stop)
    return start if filled else None


def _constant(expr: Expr | None) -> int | None:
    try:
        return None if expr is None else polynomial(expr).integer
    except TooLarge:
        return None


def _with_value(row_set: Comprehension, variable: Variable, value: Expr) -> Comprehension:
    """``row_set`` without the variable, which has the value."""

    def replaced(expr: Expr) -> Expr:
        return rewrite(expr, lambda e: value if e == variable else e)

    def replaced_in(condition: Condition) -> Condition:
        match condition:
            case Comparison(left, relation, right):
                return Comparison(replaced(left), relation, replaced(right))
            case And(parts):
                return And(tuple(map(replaced_in, parts)))
            case Or(parts):
                return Or(tuple(map(replaced_in, parts)))
            case Not(part):
                return Not(replaced_in(part))
            case _:
                assert_never(condition)

    generators = tuple(
        Generator(g.variable, replaced(g.start), None if g.stop is None else replaced(g.stop))
        for g in row_set.generators
        if g.variable != variable
    )
    condition = None if row_set.condition is None else replaced_in(row_set.condition)
    return replace(row_set, element=replaced(row_set.element), generators=generators, condition=condition)


def without_moving_end(row_set: Comprehension) -> tuple[Comprehension, Expr] | None:
    """{ e for k in a..b } as { e for k in a.. } and the number b − a of values, where b moves with i
    alone.
    """
    match row_set:
        case Comprehension(_, (Generator(variable, start, stop),), None) if stop is not None:
            pass
        case _:
            return None
    if _mentions_names(start) or _mentions(stop, variable) or not _mentions_names(stop):
        return None
    endless = replace(row_set, generators=(Generator(variable, start, None),))
    return endless, Sum((stop, Product((Number(Fraction(-1)), start))))


def _mentions(expr: Expr, variable: Variable) -> bool:
    return expr == variable or any(_mentions(child, variable) for child in children(expr))


def without_residues(row_set: Comprehension) -> Comprehension | None:
    """A comprehension of one variable without the conjuncts that are periodic in i and the variable.

    None unless there are such conjuncts and they hold together on some residue classes of i and the variable.
    """
    if len(row_set.generators) != 1 or row_set.condition is None:
        return None
    variable = row_set.generators[0].variable
    parts = row_set.condition.parts if isinstance(row_set.condition, And) else (row_set.condition,)
    periodic = [part for part in parts if _is_periodic(part, variable)]
    others = tuple(part for part in parts if part not in periodic)
    if not periodic or not _holds_somewhere(periodic, variable):
        return None
    match others:
        case ():
            return replace(row_set, condition=None)
        case (part,):
            return replace(row_set, condition=part)
        case _:
            return replace(row_set, condition=And(others))


def by_residues(row_set: Comprehension) -> tuple[Comprehension, ...] | None:
    """{ e(k) for k in a.. if P(k) and Q } as the union of { e(p·k + r) for k in 0.. if Q } over the r with P(r).

    P depends on residues of k alone and has the period p, and a is a number; None for other row sets and long periods.
    """
    match row_set:
        case Comprehension(_, (Generator(variable, start, None),), condition):
            first = _constant(start)
        case _:
            return None
    periodic = [
        part
        for part in conjuncts(condition)
        if _is_periodic(part, variable) and not any(map(_mentions_row, compared(part)))
    ]
    period = lcm(*(modulus for part in periodic for side in compared(part) for modulus in _moduli_of(side)))
    if first is None or not periodic or period > _MOST_RESIDUES:
        return None
    others = tuple(part for part in conjuncts(condition) if part not in periodic)
    rest = replace(row_set, condition=And(others) if len(others) > 1 else others[0] if others else None)
    found = []
    for residue in range(first, first + period):
        if all(holds(part, Environment(variables={variable.name: residue})) for part in periodic):
            value = Sum((Product((Number(Fraction(period)), variable)), Number(Fraction(residue))))
            endless = Generator(variable, Number(Fraction(0)), None)
            found.append(replace(_with_value(rest, variable, value), generators=(endless,)))
    return tuple(found)


def is_coprime(row_set: Comprehension) -> bool:
    """Whether it is { j : 0 <= j < i, gcd(i, j) == 1 }, of columns or of distances, with or without the ends."""
    match row_set:
        case Comprehension(
            element, (Generator(variable, start, stop),), Comparison(Call("gcd", (a, b)), "==", Number(one))
        ) if one == 1 and stop is not None:
            pass
        case _:
            return False
    try:
        ends = _constant(start), (polynomial(stop) - polynomial(Row())).integer
        is_own = polynomial(element) in (polynomial(variable), polynomial(Row()) - polynomial(variable))
    except TooLarge:
        return False
    return {a, b} == {Row(), variable} and is_own and ends[0] in (0, 1) and ends[1] in (0, 1)


def holds_from_some_row(condition: Condition | None) -> bool:
    """Whether a condition on the row alone, such as i > 0, evidently holds for every large row."""
    return all(_is_lower_bound(part) for part in conjuncts(condition))


def _is_lower_bound(condition: Condition) -> bool:
    match condition:
        case Comparison(left, ">" | ">=", right):
            gap = Sum((left, Product((Number(Fraction(-1)), right))))
        case Comparison(left, "<" | "<=", right):
            gap = Sum((right, Product((Number(Fraction(-1)), left))))
        case _:
            return False
    try:
        difference = polynomial(gap)
        slope = difference.slope(Row())
        return slope is not None and slope > 0 and (difference - polynomial(Row()).scaled(slope)).constant is not None
    except TooLarge:
        return False


def _mentions_row(expr: Expr) -> bool:
    return isinstance(expr, Row) or any(map(_mentions_row, children(expr)))


def _holds_somewhere(parts: list[Condition], variable: Variable) -> bool:
    period = lcm(*(modulus for part in parts for side in compared(part) for modulus in _moduli_of(side)))
    if period > _LONGEST_PERIOD:
        return False
    environments = (Environment(row=i, variables={variable.name: k}) for i in range(period) for k in range(period))
    try:
        return any(all(holds(part, environment) for part in parts) for environment in environments)
    except EvaluationError:
        return False


def _is_periodic(condition: Condition, variable: Variable) -> bool:
    match condition:
        case Comparison(left, _, right):
            return _is_residual(left, variable) and _is_residual(right, variable)
        case And(parts) | Or(parts):
            return all(_is_periodic(part, variable) for part in parts)
        case Not(part):
            return _is_periodic(part, variable)
        case _:
            assert_never(condition)


def _is_residual(expr: Expr, variable: Variable) -> bool:
    """Whether i and the variable stand only in integer polynomials under a remainder by a positive number."""
    match expr:
        case Remainder(inner, Number(modulus)) if modulus.denominator == 1 and modulus > 0:
            return _is_integer_polynomial(inner, variable)
        case Row() | Variable() | MapValue():
            return False
        case _:
            return all(_is_residual(child, variable) for child in children(expr))


def _is_integer_polynomial(expr: Expr, variable: Variable) -> bool:
    try:
        terms = polynomial(expr).terms
    except TooLarge:
        return False
    return all(
        c.denominator == 1 and all(atom in (Row(), variable) and exponent > 0 for atom, exponent in monomial)
        for monomial, c in terms
    )


def _moduli_of(expr: Expr) -> Iterator[int]:
    match expr:
        case Remainder(_, Number(modulus)):
            yield int(modulus)
        case _:
            for child in children(expr):
                yield from _moduli_of(child)


def _mentions_names(expr: Expr) -> bool:
    match expr:
        case Row() | Variable():
            return True
        case MapValue(_, argument):
            return _mentions_names(argument)
        case _:
            return any(_mentions_names(child) for child in children(expr))
