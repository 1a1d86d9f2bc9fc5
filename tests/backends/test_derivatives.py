"""Derivatives of weights, compared with torch's own."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from glmc.backends.derivatives import ZERO, derivative, multiple
from glmc.backends.expressions import print_weight
from glmc.backends.weight_code import walk
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

GAMMA = Constant(Fraction(9, 10))
MINUS_ONE = Constant(Fraction(-1))
DOT = Dot("q", "k")
SOFTMAX = Softmax(DOT, "AB")
NAMES: dict[Weight, str] = {
    DOT: "dot",
    Gate(): "gate",
    SlotGate(): "slot_gate",
    Learned(): "const",
    SOFTMAX: "softmax",
    RowSum("B"): "sum_b",
}
WEIGHTS: dict[str, Weight] = {
    "joint": SOFTMAX,
    "mixed": WeightProduct((GAMMA, SOFTMAX)),
    "rest": WeightSum((Constant(Fraction(1)), WeightProduct((MINUS_ONE, RowSum("B"))))),
    "delta": WeightProduct((WeightProduct((MINUS_ONE, Sigmoid(Gate()))), DOT)),
    "nested": Sigmoid(WeightSum((SlotGate(), WeightProduct((Learned(), Sigmoid(Gate())))))),
    "square": WeightProduct((DOT, DOT, Gate())),
    "shares": WeightQuotient(
        WeightSum((Learned(), WeightProduct((GAMMA, SlotGate())))), WeightSum((GAMMA, Sigmoid(Learned())))
    ),
    "scaled": WeightQuotient(WeightProduct((SOFTMAX, Sigmoid(SOFTMAX))), Constant(Fraction(-3))),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_derivatives_are_those_of_autograd(name: str) -> None:
    weight = WEIGHTS[name]
    generator = torch.Generator().manual_seed(0)
    values = {
        text: torch.randn(5, generator=generator, dtype=torch.float64).requires_grad_() for text in NAMES.values()
    }
    computed = eval(print_weight(weight, NAMES, "torch"), {"torch": torch, **values})
    for node, text in NAMES.items():
        found = derivative(weight, node)
        (want,) = torch.autograd.grad(computed.sum(), values[text], retain_graph=True, materialize_grads=True)
        got = eval(print_weight(found, NAMES, "torch"), {"torch": torch, **values}) + torch.zeros_like(want)
        assert torch.allclose(got, want, atol=1e-12), (text, found)
        assert (found == ZERO) == (node not in set(walk(weight)) or (node == DOT and SOFTMAX in set(walk(weight))))


def test_a_weight_tells_a_softmax_that_it_is_a_multiple_of() -> None:
    assert multiple(SOFTMAX, SOFTMAX) == 1
    assert multiple(WeightProduct((MINUS_ONE, WeightProduct((GAMMA, SOFTMAX)))), SOFTMAX) == Fraction(-9, 10)
    assert multiple(WeightQuotient(SOFTMAX, GAMMA), SOFTMAX) == Fraction(10, 9)
    for other in (WEIGHTS["delta"], WEIGHTS["scaled"], WeightProduct((ZERO, SOFTMAX)), WeightSum((SOFTMAX, GAMMA))):
        assert multiple(other, SOFTMAX) is None
