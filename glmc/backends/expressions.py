"""Prints weight expressions as Python source, elementwise over a row's slots, for torch or for Triton."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import assert_never

from glmc.pattern.nodes import (
    Constant,
    Dot,
    Gate,
    Learned,
    RowSum,
    Sigmoid,
    SlotGate,
    Softmax,
    Weight,
    WeightProduct,
    WeightQuotient,
    WeightSum,
)

_SUM, _PRODUCT, _UNARY, _ATOM = range(4)


def print_weight(weight: Weight, bound: Mapping[Weight, str], library: str = "tl") -> str:
    """``weight`` as an expression of ``library``.

    ``bound`` names what the surrounding code has at hand: every dot product, logit, softmax and row sum in
    ``weight`` must be a key, its value an identifier or a call.
    """
    text, _ = _print(weight, bound, library)
    return text


def print_factor(weight: Weight, bound: Mapping[Weight, str]) -> str:
    """``weight`` in Triton as the first factor of a product."""
    return _operand(weight, bound, "tl", _PRODUCT)


def print_number(value: Fraction) -> str:
    """The float literal nearest to ``value``."""
    return repr(float(value))


def _print(weight: Weight, bound: Mapping[Weight, str], library: str) -> tuple[str, int]:
    """Source text and the precedence of its outermost operator."""
    if weight in bound:
        return bound[weight], _ATOM
    match weight:
        case Constant(value):
            return print_number(value), _UNARY if value < 0 else _ATOM
        case Sigmoid(argument):
            return f"{library}.sigmoid({print_weight(argument, bound, library)})", _ATOM
        case WeightSum(terms):
            text = _operand(terms[0], bound, library, _SUM)
            for term in terms[1:]:
                positive = _negated(term)
                if positive is None:
                    text += f" + {_operand(term, bound, library, _PRODUCT)}"
                else:
                    text += f" - {_operand(positive, bound, library, _PRODUCT)}"
            return text, _SUM
        case WeightProduct(factors):
            positive = _negated(weight)
            if positive is not None:
                return f"-{_operand(positive, bound, library, _UNARY)}", _UNARY
            first = _operand(factors[0], bound, library, _PRODUCT)
            rest = (_operand(factor, bound, library, _UNARY) for factor in factors[1:])
            return " * ".join((first, *rest)), _PRODUCT
        case WeightQuotient(numerator, denominator):
            above = _operand(numerator, bound, library, _PRODUCT)
            return f"{above} / {_operand(denominator, bound, library, _UNARY)}", _PRODUCT
        case Dot() | Gate() | SlotGate() | Learned() | Softmax() | RowSum():
            raise KeyError(weight)
        case _:
            assert_never(weight)


def _operand(weight: Weight, bound: Mapping[Weight, str], library: str, least: int) -> str:
    text, precedence = _print(weight, bound, library)
    return text if precedence >= least else f"({text})"


def _negated(weight: Weight) -> Weight | None:
    """What ``weight`` is the negative of, where it is written as a product with -1."""
    if isinstance(weight, WeightProduct) and weight.factors[0] == Constant(Fraction(-1)):
        rest = weight.factors[1:]
        return rest[0] if len(rest) == 1 else WeightProduct(rest)
    return None
