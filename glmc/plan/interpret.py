"""Runs a schedule in numpy: coefficients by slot, chunk after chunk of rows, as the generated code does.

What it shares with the generated code is the plan: slots, their logits, the chunk length, the groups of heads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from glmc.pattern.nodes import (
    Constant,
    Dot,
    Gate,
    Learned,
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
from glmc.pattern.rows import entries
from glmc.plan.nodes import GroupPlan, Plan, SidePlan

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def interpret_plan(plan: Plan, inputs: Mapping[str, Any]) -> Floats:
    """y [B, T, H, D] of the inputs that ``glmc.pattern.interpret.interpret`` takes.

    Raises ``ValueError`` if the heads do not divide into the groups.
    """
    arrays = {name: np.asarray(value, np.float64) for name, value in inputs.items()}
    parts, first = [], 0
    for share in plan.shares:
        count = share.fraction * arrays["x"].shape[2]
        if count.denominator != 1:
            raise ValueError(f"{arrays['x'].shape[2]} heads have no {share.fraction} of them")
        own = slice(first, first + int(count))
        chosen = {name: array[own] if name == "const" else array[:, :, own] for name, array in arrays.items()}
        parts.append(_lifted(plan.groups[share.group], chosen))
        first = own.stop
    return np.concatenate(parts, 2)


def _lifted(group: GroupPlan, inputs: dict[str, Floats]) -> Floats:
    x, channels = inputs["x"], group.state
    if channels is None:
        return _solved(group, x, inputs)
    lifted = x[..., None] * inputs["write"][..., None, :channels]
    y = _solved(group, lifted.reshape(*x.shape[:3], -1), inputs).reshape(lifted.shape)
    weighted: Floats = y * inputs["read"][..., None, :channels]
    return np.asarray(weighted.sum(-1))


def _solved(group: GroupPlan, x: Floats, inputs: dict[str, Floats]) -> Floats:
    y = np.zeros_like(x)
    for start in range(0, x.shape[1], group.chunk):
        chunk = _Chunk(group, start, min(start + group.chunk, x.shape[1]), inputs)
        u = np.zeros_like(x[:, start : chunk.stop])
        system = np.broadcast_to(np.eye(len(chunk.rows)), (x.shape[0], x.shape[2], *[len(chunk.rows)] * 2)).copy()
        for side in group.sides:
            columns, w = chunk.columns[side.side], chunk.weights(side.side)
            values = (x if side.side == "A" else y)[:, np.maximum(columns, 0)]  # the chunk's own y are still 0
            u += np.einsum("bchs,bcshd->bchd", w, values)
            if side.side == "B":
                c, s = np.nonzero(columns >= start)
                system[:, :, c, columns[c, s] - start] = -w.transpose(0, 2, 1, 3)[:, :, c, s]
        y[:, start : chunk.stop] = np.linalg.solve(system, u.swapaxes(1, 2)).swapaxes(1, 2)
    return y


class _Chunk:
    """The columns and coefficients of rows start … stop − 1, by slot: [C, S] and [B, C, H, S]."""

    def __init__(self, group: GroupPlan, start: int, stop: int, inputs: dict[str, Floats]) -> None:
        self.stop = stop
        self.rows = np.arange(start, stop)
        self.inputs = inputs
        self.sides: dict[Side, SidePlan] = {side.side: side for side in group.sides}
        self.columns = {name: _columns(side, start, stop) for name, side in self.sides.items()}

    def weights(self, side: Side) -> Floats:
        """0 where absent."""
        value = self._value(self.sides[side].weight, side)
        return self._by_slot(np.where(self._present(side), value, 0.0), side)

    def _by_slot(self, value: Floats, side: Side) -> Floats:
        batch, _, heads, _ = self.inputs["x"].shape
        count, slots = self.columns[side].shape
        return np.broadcast_to(value, (batch, count, heads, slots))

    def _present(self, side: Side) -> npt.NDArray[np.bool_]:
        present: npt.NDArray[np.bool_] = (self.columns[side] >= 0)[:, None]
        return present

    def _value(self, weight: Weight, side: Side) -> Floats:
        match weight:
            case Constant(value):
                return np.array(float(value))
            case Dot(left, right):
                r = self._vector(left)[:, self.rows]
                s = self._vector(right)[:, np.maximum(self.columns[side], 0)]
                scaled = left in ("q", "k") and right in ("q", "k")
                return np.asarray(np.einsum("bchd,bcshd->bchs", r, s) / (np.sqrt(r.shape[-1]) if scaled else 1))
            case Gate():
                return self.inputs["gate"][:, self.rows, :, None]
            case SlotGate():
                return self.inputs["slot_gate"][:, self.rows][..., self._logits(side)]
            case Learned():
                return self.inputs["const"][:, self._logits(side)]
            case Softmax(score, over):
                return self._softmax(score, side, over)
            case Sigmoid(argument):
                return np.asarray(1 / (1 + np.exp(-self._value(argument, side))))
            case RowSum(summed):
                return self.weights(summed).sum(-1, keepdims=True) if summed in self.sides else np.array(0.0)
            case WeightSum(terms):
                return np.asarray(sum((self._value(term, side) for term in terms), np.array(0.0)))
            case WeightProduct(factors):
                product = np.array(1.0)
                for factor in factors:
                    product = product * self._value(factor, side)
                return product
            case WeightQuotient(numerator, denominator):
                below = np.where(self._present(side), self._value(denominator, side), 1.0)
                return np.asarray(self._value(numerator, side) / below)
            case _:
                assert_never(weight)

    def _logits(self, side: Side) -> slice:
        first = self.sides[side].first_logit
        assert first is not None
        return slice(first, first + self.columns[side].shape[1])

    def _vector(self, vector: Vector) -> Floats:
        values = self.inputs["k" if "k" in vector else "q"]
        if not vector.startswith("unit"):
            return values
        return np.asarray(values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-6))

    def _softmax(self, score: Weight, side: Side, over: str) -> Floats:
        scores = {
            name: self._by_slot(np.where(self._present(name), self._value(score, name), -np.inf), name)
            for name in self.sides
            if name == side or over == "AB"
        }
        top = np.max(np.concatenate(list(scores.values()), -1), -1, keepdims=True, initial=-1e300)
        powers = {name: np.exp(value - top) for name, value in scores.items()}
        total = sum((power.sum(-1, keepdims=True) for power in powers.values()), np.array(0.0))
        return np.asarray(powers[side] / np.where(total == 0, 1.0, total))


def _columns(side: SidePlan, start: int, stop: int) -> Integers:
    """What slot s of row i reads, −1 where it reads nothing: [stop − start, S]."""
    found = entries(side.rows, start, stop)
    slot = found.column if side.is_prefix else found.slot
    columns = np.full((stop - start, int(slot.max(initial=-1)) + 1), -1)
    columns[found.row - start, slot] = found.column
    return columns
