"""The meaning of a pattern, executed: dense A and B in float64 and a unit lower-triangular solve.

Nothing here is fast; everything else is compared with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from glmc.pattern.nodes import (
    Constant,
    Dot,
    Gate,
    Group,
    Learned,
    Pattern,
    RowSet,
    RowSum,
    Side,
    Sigmoid,
    SlotGate,
    Softmax,
    Vector,
    Weight,
    WeightProduct,
    WeightQuotient,
    WeightSum,
)
from glmc.pattern.rows import entries, slot_layout

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Meaning:
    """What a pattern computes from given inputs.

    ``y`` is [B, T, H, D]; ``a`` and ``b`` are the dense coefficients [B, H, T, T]; ``multiply_adds`` counts
    the products of one coefficient with one value (one vector element, one state channel) that make up ``y``.
    """

    y: Floats
    a: Floats
    b: Floats
    multiply_adds: int


def interpret(pattern: Pattern, inputs: Mapping[str, Any]) -> Floats:
    """y [B, T, H, D] of ``inputs``: x [B, T, H, D] and, where the weights need them, q, k [B, T, H, d_k],
    gate [B, T, H], slot_gate [B, T, H, S], const [H, S], write, read [B, T, H, N].

    With several groups every input has all H heads and the largest last dimension. Raises ``ValueError`` if
    the heads do not divide into the groups.
    """
    return meaning(pattern, inputs).y


def meaning(pattern: Pattern, inputs: Mapping[str, Any]) -> Meaning:
    """``interpret`` with the coefficients and the count of operations."""
    arrays = {name: np.asarray(value, np.float64) for name, value in inputs.items()}
    heads = arrays["x"].shape[2]
    parts = []
    first = 0
    for group in pattern.groups:
        count = group.fraction * heads
        if count.denominator != 1:
            raise ValueError(f"{group.fraction} of {heads} heads is no integer")
        own = slice(first, first + count.numerator)
        parts.append(_group_meaning(group, {n: v[own] if n == "const" else v[:, :, own] for n, v in arrays.items()}))
        first = own.stop
    return Meaning(
        np.concatenate([part.y for part in parts], 2),
        np.concatenate([part.a for part in parts], 1),
        np.concatenate([part.b for part in parts], 1),
        sum(part.multiply_adds for part in parts),
    )


def _group_meaning(group: Group, inputs: Mapping[str, Floats]) -> Meaning:
    x = inputs["x"].swapaxes(1, 2)  # [B, H, T, D]
    batch, heads, length, channels = x.shape
    coefficients = _Coefficients(group, inputs, length)
    a, b = (np.broadcast_to(coefficients.side(side), (batch, heads, length, length)) for side in ("A", "B"))
    if group.state is not None:
        written = inputs["write"].swapaxes(1, 2)[..., : group.state]
        x = (x[..., :, None] * written[..., None, :]).reshape(batch, heads, length, -1)
    y = a @ x
    for i in range(length):
        y[:, :, i] += (b[:, :, i, None, :i] @ y[:, :, :i])[:, :, 0]
    entry_count = int(sum(coefficients.reached[side].sum() for side in ("A", "B")))
    multiply_adds = entry_count * batch * heads * x.shape[-1]
    if group.state is not None:
        read = inputs["read"].swapaxes(1, 2)[..., : group.state]
        y = (y.reshape(batch, heads, length, channels, -1) * read[..., None, :]).sum(-1)
    return Meaning(y.swapaxes(1, 2), a, b, multiply_adds)


class _Coefficients:
    """The weights of one group, as dense arrays that broadcast to [B, H, T, T]."""

    def __init__(self, group: Group, inputs: Mapping[str, Floats], length: int) -> None:
        self.weights: dict[Side, Weight] = {"A": group.weight_a, "B": group.weight_b}
        self.inputs = inputs
        self.reached: dict[Side, npt.NDArray[np.bool_]] = {}
        self.logits: dict[Side, npt.NDArray[np.int64]] = {}
        layout = slot_layout(group)
        row_sets: dict[Side, RowSet] = {"A": group.a, "B": group.b}
        for side, row_set in row_sets.items():
            found = entries(row_set, 0, length)
            reached = np.zeros((length, length), bool)
            reached[found.row, found.column] = True
            logits = np.zeros((length, length), np.int64)
            if side in layout.order:
                logits[found.row, found.column] = found.slot + layout.offset(side, length)
            self.reached[side], self.logits[side] = reached, logits

    def side(self, side: Side) -> Floats:
        return np.where(self.reached[side], self._value(self.weights[side], side), 0.0)

    def _value(self, weight: Weight, side: Side) -> Floats:
        match weight:
            case Constant(value):
                return np.array(float(value))
            case Dot(left, right):
                r, s = self._vector(left), self._vector(right)
                products: Floats = r @ s.swapaxes(-1, -2)
                scaled = left in ("q", "k") and right in ("q", "k")
                return products / math.sqrt(r.shape[-1]) if scaled else products
            case Gate():
                return self.inputs["gate"].swapaxes(1, 2)[..., None]
            case SlotGate():
                rows = np.arange(len(self.logits[side]))[:, None]
                return self.inputs["slot_gate"].swapaxes(1, 2)[:, :, rows, self.logits[side]]
            case Learned():
                return self.inputs["const"][None][:, :, self.logits[side]]
            case Softmax(score, over):
                return self._softmax(score, side, over)
            case Sigmoid(argument):
                logistic: Floats = np.exp(-np.logaddexp(0, -self._value(argument, side)))
                return logistic
            case RowSum(summed):
                return np.asarray(self.side(summed).sum(-1, keepdims=True))
            case WeightSum(terms):
                total: Floats = np.array(0.0)
                for term in terms:
                    total = total + self._value(term, side)
                return total
            case WeightProduct(factors):
                product: Floats = np.array(1.0)
                for factor in factors:
                    product = product * self._value(factor, side)
                return product
            case WeightQuotient(numerator, denominator):
                return self._value(numerator, side) / self._value(denominator, side)
            case _:
                assert_never(weight)

    def _vector(self, vector: Vector) -> Floats:
        values = self.inputs["k" if "k" in vector else "q"].swapaxes(1, 2)
        if vector in ("unit(q)", "unit(k)"):
            values = values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-6)
        return values

    def _softmax(self, score: Weight, side: Side, over: str) -> Floats:
        sides: tuple[Side, ...] = ("A", "B") if over == "AB" else (side,)
        scores = {s: np.where(self.reached[s], self._value(score, s), -np.inf) for s in sides}
        highest = np.max([s.max(-1, keepdims=True, initial=-np.inf) for s in scores.values()], axis=0)
        highest = np.where(np.isneginf(highest), 0.0, highest)  # a row without entries
        powers: dict[Side, Floats] = {s: np.exp(value - highest) for s, value in scores.items()}
        total = sum((p.sum(-1, keepdims=True) for p in powers.values()), np.array(0.0))
        return powers[side] / np.where(total == 0, 1.0, total)
