"""In which dtype coefficients are kept beside 16-bit vectors."""

from __future__ import annotations

from glmc.pattern.nodes import Constant, Dot, Sigmoid, Softmax, Weight, WeightProduct
from glmc.pattern.weights import subweights
from glmc.plan.nodes import GroupPlan, SidePlan


def is_halved(group: GroupPlan, side: SidePlan) -> bool:
    """Whether coefficients are float16: of many slots, at most 1, and in memory where no scores were before.

    Its error is an eighth of bfloat16's. Coefficients by distance stay in float32: a chain loads them, where to convert
    them takes longer than their bytes.
    """
    is_large = not (group.is_shifted or side.has_one_slot)
    scored = any(isinstance(part, Dot) for part in subweights(side.weight))
    return is_large and not scored and _is_at_most_one(side.weight)


def _is_at_most_one(weight: Weight) -> bool:
    """Whether the form of ``weight`` tells that it is between -1 and 1."""
    match weight:
        case Softmax() | Sigmoid():
            return True
        case Constant(number):
            return abs(number) <= 1
        case WeightProduct(factors):
            return all(map(_is_at_most_one, factors))
        case _:
            return False
