"""The parts of expressions, conditions, maps, row sets and weights, in the order in which they are
written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from glmc.pattern.nodes import (
    And,
    Call,
    ClosedMap,
    Comparison,
    Comprehension,
    Condition,
    Constant,
    Difference,
    Dot,
    Earlier,
    Expr,
    FloorDivide,
    Gate,
    IndexMap,
    Intersection,
    Learned,
    Length,
    Listed,
    MapValue,
    Not,
    Number,
    Or,
    Power,
    Product,
    Quotient,
    RecursiveMap,
    Remainder,
    Row,
    RowSet,
    RowSum,
    Sigmoid,
    SlotGate,
    Softmax,
    Sum,
    Union,
    Variable,
    Weight,
    WeightProduct,
    WeightQuotient,
    WeightSum,
)


def parts(expr: Expr) -> tuple[Expr, ...]:
    """The direct subexpressions, map bodies not among them."""
    match expr:
        case Number() | Row() | Length() | Variable() | Earlier():
            return ()
        case Sum(inner) | Product(inner) | Call(_, inner):
            return inner
        case Quotient(a, b) | FloorDivide(a, b) | Remainder(a, b) | Power(a, b):
            return (a, b)
        case MapValue(_, argument):
            return (argument,)
        case _:
            assert_never(expr)


def subexpressions(expr: Expr) -> Iterator[Expr]:
    """``expr`` and everything in it, map bodies not searched."""
    yield expr
    for part in parts(expr):
        yield from subexpressions(part)


def map_parts(index_map: IndexMap) -> tuple[Expr, ...]:
    """The expressions that define a map."""
    match index_map:
        case ClosedMap(_, _, body):
            return (body,)
        case RecursiveMap(_, first, _, step):
            return (*first, step)
        case _:
            assert_never(index_map)


def compared(condition: Condition) -> Iterator[Expr]:
    """The two sides of every comparison."""
    match condition:
        case Comparison(left, _, right):
            yield from (left, right)
        case And(inner) | Or(inner):
            for part in inner:
                yield from compared(part)
        case Not(part):
            yield from compared(part)
        case _:
            assert_never(condition)


def conjuncts(condition: Condition | None) -> tuple[Condition, ...]:
    """The conditions that ``and`` joins."""
    match condition:
        case None:
            return ()
        case And(inner):
            return tuple(conjunct for part in inner for conjunct in conjuncts(part))
        case _:
            return (condition,)


def leaves(row_set: RowSet) -> Iterator[Listed | Comprehension]:
    """The sets that set algebra joins."""
    match row_set:
        case Listed() | Comprehension():
            yield row_set
        case Union(left, right) | Difference(left, right) | Intersection(left, right):
            yield from leaves(left)
            yield from leaves(right)
        case _:
            assert_never(row_set)


def set_expressions(row_set: RowSet) -> Iterator[Expr]:
    """Elements, ends of ranges and sides of conditions of all leaves."""
    for leaf in leaves(row_set):
        match leaf:
            case Listed(elements):
                yield from elements
            case Comprehension(element, generators, condition):
                yield element
                for generator in generators:
                    yield generator.start
                    if generator.stop is not None:
                        yield generator.stop
                if condition is not None:
                    yield from compared(condition)


def subweights(weight: Weight) -> Iterator[Weight]:
    """``weight`` and everything in it; the weights that a row sum adds up are not in it."""
    yield weight
    match weight:
        case Constant() | Dot() | Gate() | SlotGate() | Learned() | RowSum():
            inner: tuple[Weight, ...] = ()
        case Softmax(part, _) | Sigmoid(part):
            inner = (part,)
        case WeightSum(inner) | WeightProduct(inner):
            pass
        case WeightQuotient(numerator, denominator):
            inner = (numerator, denominator)
        case _:
            assert_never(weight)
    for part in inner:
        yield from subweights(part)
