"""Takes a weight apart: a factor that the entries of a row share, and what differs between them."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from glmc.pattern.nodes import (
    Constant,
    Dot,
    Learned,
    RowSum,
    SlotGate,
    Softmax,
    Weight,
    WeightProduct,
    WeightQuotient,
)
from glmc.pattern.walk import subweights

ONE = Constant(Fraction(1))


def separate(weight: Weight) -> tuple[Weight, Softmax | Dot | None] | None:
    """``weight`` as a factor for the whole row and an element, None for 1; None if it is no such product."""
    match weight:
        case Dot() | Softmax():
            return ONE, weight
        case WeightProduct(parts):
            separated = [separate(part) for part in parts]
            known = [part for part in separated if part is not None]
            elements = [element for _, element in known if element is not None]
            if len(known) < len(separated) or len(elements) > 1:
                return None
            factors = tuple(factor for factor, _ in known if factor != ONE)
            factor = factors[0] if len(factors) == 1 else WeightProduct(factors) if factors else ONE
            return factor, elements[0] if elements else None
        case WeightQuotient(numerator, denominator) if is_row_factor(denominator):
            above = separate(numerator)
            return above and (WeightQuotient(above[0], denominator), above[1])
        case _:
            return (weight, None) if is_row_factor(weight) else None


def is_row_factor(weight: Weight) -> bool:
    """Whether all entries of a row have this weight, and it is no sum over them."""
    return not any(isinstance(part, Dot | Softmax | SlotGate | Learned | RowSum) for part in subweights(weight))


def multiple_of_dot(score: Weight) -> tuple[Fraction, Dot] | None:
    """``score`` as a constant times a dot; None if it is no such product."""
    match separate(score):
        case (factor, Dot() as dot):
            value = _constant(factor)
            return None if value is None else (value, dot)
        case _:
            return None


def _constant(weight: Weight) -> Fraction | None:
    match weight:
        case Constant(value):
            return value
        case WeightProduct(factors):
            values = [value for value in map(_constant, factors) if value is not None]
            return prod(values, start=Fraction(1)) if len(values) == len(factors) else None
        case WeightQuotient(numerator, denominator):
            above, below = _constant(numerator), _constant(denominator)
            return above / below if above is not None and below else None
        case _:
            return None
