"""Builds index expressions: sums and products are flat, and whatever is constant is folded exactly.

A partial operation outside its domain (1/0, sqrt(-1)) is kept as written: it is an error only where it is
reached. Every function here raises ``TooLarge`` for a constant of more than ``BITS_LIMIT`` bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import assert_never

from glmc.pattern import nodes, reals
from glmc.pattern.evaluate import BITS_LIMIT, Environment, EvaluationError, evaluate, holds
from glmc.pattern.reals import TooLarge
from glmc.pattern.walk import compared, map_parts, parts, subexpressions

STEPS_LIMIT = 4096  # of a recursive map that is folded

ZERO = nodes.Number(Fraction(0))
ONE = nodes.Number(Fraction(1))


def number(value: Fraction | int) -> nodes.Number:
    exact = Fraction(value)
    if reals.bit_length(exact) > BITS_LIMIT:
        raise TooLarge
    return nodes.Number(exact)


def total(terms: Iterable[nodes.Expr]) -> nodes.Expr:
    """The sum of ``terms``, its constant last; rows and variables are collected, so i - i is 0."""
    constant = Fraction(0)
    linear: dict[nodes.Expr, Fraction] = {}
    others: list[nodes.Expr] = []
    for term in terms:
        for part in term.terms if isinstance(term, nodes.Sum) else (term,):
            match part:
                case nodes.Number(value):
                    constant += value
                case nodes.Row() | nodes.Variable():
                    linear[part] = linear.get(part, Fraction(0)) + 1
                case nodes.Product((nodes.Number(value), (nodes.Row() | nodes.Variable()) as name)):
                    linear[name] = linear.get(name, Fraction(0)) + value
                case _:
                    others.append(part)
    parts = [product((nodes.Number(c), name)) for name, c in linear.items() if c] + others
    if constant or not parts:
        parts.append(number(constant))
    return parts[0] if len(parts) == 1 else nodes.Sum(tuple(parts))


def product(factors: Iterable[nodes.Expr]) -> nodes.Expr:
    """The product of ``factors``, its constant first. Zero times something is kept: that may be undefined."""
    constant = Fraction(1)
    others: list[nodes.Expr] = []
    for factor in factors:
        for part in factor.factors if isinstance(factor, nodes.Product) else (factor,):
            if isinstance(part, nodes.Number):
                constant *= part.value
            else:
                others.append(part)
    if not others:
        return number(constant)
    if len(others) == 1 and isinstance(others[0], nodes.Sum) and constant == -1:
        return total(negative(term) for term in others[0].terms)
    if constant != 1:
        others.insert(0, number(constant))
    return others[0] if len(others) == 1 else nodes.Product(tuple(others))


def negative(expr: nodes.Expr) -> nodes.Expr:
    return product((nodes.Number(Fraction(-1)), expr))


def quotient(numerator: nodes.Expr, denominator: nodes.Expr) -> nodes.Expr:
    return numerator if denominator == ONE else _folded(nodes.Quotient(numerator, denominator))


def floor_divide(numerator: nodes.Expr, denominator: nodes.Expr) -> nodes.Expr:
    return _folded(nodes.FloorDivide(numerator, denominator))


def remainder(numerator: nodes.Expr, denominator: nodes.Expr) -> nodes.Expr:
    return _folded(nodes.Remainder(numerator, denominator))


def power(base: nodes.Expr, exponent: nodes.Expr) -> nodes.Expr:
    return base if exponent == ONE else _folded(nodes.Power(base, exponent))


def call(function: nodes.Function, arguments: tuple[nodes.Expr, ...]) -> nodes.Expr:
    """A built-in function of the right number of arguments."""
    if function in ("floor", "ceil") and integral(arguments[0]):
        return arguments[0]
    match function, arguments:
        case "max", (nodes.Row(), nodes.Number(value)) if value <= 0:
            return arguments[0]
    return _folded(nodes.Call(function, arguments))


def map_value(index_map: nodes.IndexMap, argument: nodes.Expr) -> nodes.Expr:
    """f(argument), folded where the argument is a small enough constant."""
    kept = nodes.MapValue(index_map, argument)
    match argument:
        case nodes.Number(value) if isinstance(index_map, nodes.ClosedMap) or value < STEPS_LIMIT:
            return _folded(kept)
        case _:
            return kept


def _folded(expr: nodes.Expr) -> nodes.Expr:
    value = closed_value(expr)
    return expr if value is None or isinstance(value, reals.Real) else number(value)


def closed_value(expr: nodes.Expr) -> reals.Value | None:
    """The exact value of an expression without names; None if it has some, is undefined or cannot be
    decided.
    """
    if not is_closed(expr):
        return None
    try:
        return evaluate(expr, Environment())
    except EvaluationError as error:
        if error.kind == "too large":
            raise TooLarge from None
        return None


def closed_truth(condition: nodes.Condition) -> bool | None:
    """Whether a condition without names holds; None if it has some, is undefined or cannot be decided."""
    if not all(map(is_closed, compared(condition))):
        return None
    try:
        return holds(condition, Environment())
    except EvaluationError as error:
        if error.kind == "too large":
            raise TooLarge from None
        return None


def integral(expr: nodes.Expr) -> bool:
    """Whether ``expr`` is an integer by the way it is built, wherever it is defined."""
    match expr:
        case nodes.Number(value):
            return value.denominator == 1
        case nodes.Row() | nodes.Variable() | nodes.Length() | nodes.FloorDivide() | nodes.Earlier():
            return True
        case nodes.Sum(parts) | nodes.Product(parts):
            return all(map(integral, parts))
        case nodes.Quotient():
            return False
        case nodes.Remainder(a, b):
            return integral(a) and integral(b)
        case nodes.Call(function, arguments):
            if function in ("min", "max", "abs"):
                return all(map(integral, arguments))
            return function not in ("sqrt", "log2", "log")
        case nodes.Power(base, exponent):
            return integral(base) and isinstance(exponent, nodes.Number) and integral(exponent) and exponent.value >= 0
        case nodes.MapValue(index_map):
            return all(map(integral, map_parts(index_map)))
        case _:
            assert_never(expr)


# -- structure -------------------------------------------------------------------------------------


def substitute(expr: nodes.Expr, known: Mapping[nodes.Expr, nodes.Expr]) -> nodes.Expr:
    """``expr`` with the leaves in ``known`` replaced, folded again. Map bodies have no free names but their
    own.
    """

    def inside(part: nodes.Expr) -> nodes.Expr:
        return substitute(part, known)

    match expr:
        case nodes.Number():
            return expr
        case nodes.Row() | nodes.Length() | nodes.Variable() | nodes.Earlier():
            return known.get(expr, expr)
        case nodes.Sum(terms):
            return total(map(inside, terms))
        case nodes.Product(factors):
            return product(map(inside, factors))
        case nodes.Quotient(a, b):
            return quotient(inside(a), inside(b))
        case nodes.FloorDivide(a, b):
            return floor_divide(inside(a), inside(b))
        case nodes.Remainder(a, b):
            return remainder(inside(a), inside(b))
        case nodes.Power(a, b):
            return power(inside(a), inside(b))
        case nodes.Call(function, arguments):
            return call(function, tuple(map(inside, arguments)))
        case nodes.MapValue(index_map, argument):
            return map_value(index_map, inside(argument))
        case _:
            assert_never(expr)


def is_closed(expr: nodes.Expr) -> bool:
    """Whether ``expr`` has no names in it; the maps that it calls have only their own."""
    match expr:
        case nodes.Number():
            return True
        case nodes.Row() | nodes.Length() | nodes.Variable() | nodes.Earlier():
            return False
        case nodes.MapValue(index_map, argument):
            return is_closed(argument) and _is_closed_map(index_map)
        case _:
            return all(map(is_closed, parts(expr)))


def _is_closed_map(index_map: nodes.IndexMap) -> bool:
    for part in map_parts(index_map):
        for inner in subexpressions(part):
            match inner:
                case nodes.Row() | nodes.Length():
                    return False
                case nodes.Variable() if inner != index_map.variable:
                    return False
                case nodes.MapValue(other) if not _is_closed_map(other):
                    return False
    return True
