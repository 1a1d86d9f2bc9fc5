"""Derivatives of weights: what an entry's weight does when one of the things that it is made of changes."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from glmc.pattern.nodes import Constant, Sigmoid, Softmax, Weight, WeightProduct, WeightQuotient, WeightSum

ZERO = Constant(Fraction(0))
ONE = Constant(Fraction(1))
_MINUS_ONE = Constant(Fraction(-1))


def derivative(weight: Weight, of: Weight) -> Weight:
    """∂weight / ∂of, elementwise: softmaxes and row sums are variables like the logits, not functions of them."""
    if weight == of:
        return ONE
    match weight:
        case Sigmoid(argument):
            return _product(weight, _sum(ONE, _product(_MINUS_ONE, weight)), derivative(argument, of))
        case WeightSum(terms):
            return _sum(*(derivative(term, of) for term in terms))
        case WeightProduct(factors):
            return _sum(
                *(
                    _product(*factors[:place], derivative(factor, of), *factors[place + 1 :])
                    for place, factor in enumerate(factors)
                )
            )
        case WeightQuotient(above, below):
            square = _product(below, below)
            return _sum(
                _quotient(derivative(above, of), below),
                _quotient(_product(_MINUS_ONE, above, derivative(below, of)), square),
            )
        case _:
            return ZERO


def multiple(weight: Weight, softmax: Softmax) -> Fraction | None:
    """c where ``weight`` is c · softmax and c is not 0, so that the weight tells the softmax."""
    match weight:
        case Softmax() if weight == softmax:
            return Fraction(1)
        case WeightProduct(factors):
            numbers = [factor.value for factor in factors if isinstance(factor, Constant)]
            rest = [factor for factor in factors if not isinstance(factor, Constant)]
            inner = multiple(rest[0], softmax) if len(rest) == 1 else None
            return None if inner is None else prod(numbers, start=inner) or None
        case WeightQuotient(above, Constant(number)):
            inner = multiple(above, softmax)
            return None if inner is None else inner / number
        case _:
            return None


def _sum(*terms: Weight) -> Weight:
    """Their sum, without the terms that are 0."""
    kept = tuple(term for term in terms if term != ZERO)
    match kept:
        case ():
            return ZERO
        case (term,):
            return term
        case _:
            return WeightSum(kept)


def _product(*factors: Weight) -> Weight:
    """Their product, its numbers multiplied into one."""
    flat: list[Weight] = []
    for factor in factors:
        flat += factor.factors if isinstance(factor, WeightProduct) else (factor,)
    number = prod((factor.value for factor in flat if isinstance(factor, Constant)), start=Fraction(1))
    if not number:
        return ZERO
    rest = tuple(factor for factor in flat if not isinstance(factor, Constant))
    kept = rest if rest and number == 1 else (Constant(number), *rest)
    return kept[0] if len(kept) == 1 else WeightProduct(kept)


def _quotient(above: Weight, below: Weight) -> Weight:
    if above == ZERO:
        return ZERO
    if isinstance(below, Constant):
        return _product(Constant(1 / below.value), above)
    return WeightQuotient(above, below)
