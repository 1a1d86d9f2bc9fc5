"""Prints mixing by a scan, for rows A = {i} and B = {i − 1}: y_i = a_i x_i + b_i y_{i−1}.

Weights of the gate and numbers alone are computed, and differentiated, inside the kernels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from glmc.backends.derivatives import ONE, ZERO, derivative
from glmc.backends.expressions import print_weight
from glmc.backends.tile_code import unit_vectors
from glmc.backends.weight_code import Score, walk, weight_code
from glmc.pattern.nodes import (
    Constant,
    Gate,
    Learned,
    RowSum,
    Sigmoid,
    Weight,
    WeightProduct,
    WeightQuotient,
    WeightSum,
)
from glmc.plan.nodes import GroupPlan, RowClass, SidePlan

Statements = tuple[tuple[str, str], ...]  # names and their expressions, in order

_PRINTED = Constant | Gate | Sigmoid | RowSum | WeightSum | WeightProduct | WeightQuotient
_SLOPE = Learned()  # the slope of a row sum, among weights without learned numbers


@dataclass(frozen=True)
class FusedGate:
    """a, b as ``values`` of the gate; their derivatives by it, and with ``chain`` that of the loss, as ``slopes``."""

    values: Statements
    slopes: Statements
    chain: str


@dataclass(frozen=True)
class ScanCode:
    """``statements`` are the body of `mix`. ``gate``: what the kernels do with it, None where they take a and b."""

    statements: tuple[str, ...]
    gate: FusedGate | None

    @property
    def reads_before(self) -> bool:
        """Whether `mix` needs vectors of the tokens before."""
        return any("before(" in statement for statement in self.statements)


def scan_code(group: GroupPlan) -> ScanCode | None:
    """How to mix by a scan; None where the rows are others."""
    if group.a.row_class is not RowClass.SELF or group.b.distances != (1,):
        return None
    gate = _fused_gate(group)
    if gate is not None:
        return ScanCode(("return Scan.apply(x.contiguous(), gate.contiguous(), starts)",), gate)
    return ScanCode(tuple(_statements(group)), None)


# -- weights in the kernels ----------------------------------------------------------------------------------


def _fused_gate(group: GroupPlan) -> FusedGate | None:
    """What the kernels compute from the gate; None where the weights need more than it."""
    first, second = (group.a, group.b) if RowSum("A") in walk(group.b.weight) else (group.b, group.a)
    if not all(isinstance(part, _PRINTED) for side in (first, second) for part in walk(side.weight)):
        return None
    names: dict[Weight, str] = {Gate(): "gate", RowSum("A"): "a", RowSum("B"): "b", _SLOPE: f"slope_{first.name}"}
    values = tuple((side.name, _present(side, side.weight, names)) for side in (first, second))
    through = derivative(second.weight, RowSum(first.side))
    slope = {side: derivative(side.weight, Gate()) for side in (first, second)}
    if ZERO not in (slope[first], through):
        chained = _SLOPE if through == ONE else WeightProduct((through, _SLOPE))
        slope[second] = chained if slope[second] == ZERO else WeightSum((slope[second], chained))
    found = [side for side in slope if slope[side] != ZERO]
    if not found:
        return None
    needed = {part for side in found for part in walk(slope[side])} & {RowSum("A"), RowSum("B")}
    slopes = tuple((f"slope_{side.name}", _present(side, slope[side], names)) for side in found)
    chain = " + ".join(f"d{side.name} * slope_{side.name}" for side in found)
    return FusedGate(values, (*(values if needed else ()), *slopes), chain)


def _present(side: SidePlan, weight: Weight, names: dict[Weight, str]) -> str:
    """B has no entry in the first row of a sequence, and weighs 0 there."""
    text = print_weight(weight, names)
    return f"tl.where(present, {text}, 0.0)" if side.side == "B" else text


# -- weights before the kernels ------------------------------------------------------------------------------


def _statements(group: GroupPlan) -> Iterator[str]:
    code = weight_code(group)
    found = [score for _, by_side in code.scores for score in by_side]
    yield "here = torch.arange(x.shape[1], device=x.device)[:, None, None]"
    yield "first = 0 if starts is None else starts[:, None, None]"
    yield from unit_vectors({name for score in found for name in (score.left, score.right)})
    arguments = {
        "present_a": "here >= first",
        "present_b": "here > first",
        "gate": "gate.float()",
        "dtype": "torch.float32",
    }
    for name, scores in code.scores:
        arguments |= {score.name: _score(score, "before({})" if name == "b" else "{}") for score in scores}
    for side in group.sides:
        place = side.first_logit or 0
        for logit in ("slot_gate", "const"):
            arguments[f"{logit}_{side.name}"] = f"{logit}[..., {place or ''}:{place + 1}].float()"
    yield f"{', '.join(side.name for side in group.sides)} = weights("
    for parameter in code.parameters:
        yield f"    {arguments[parameter]},"
    yield ")"
    yield "a, b = (weight[..., 0].expand(x.shape[:3]).contiguous() for weight in (a, b))"
    yield "return Scan.apply(x.contiguous(), a, b, starts)"


def _score(score: Score, right: str) -> str:
    """left_i · right_j as a column of one slot."""
    scale = f"{score.left}.shape[-1] ** -0.5 * " if score.scaled else ""
    return f"{scale}({score.left}.float() * {right.format(score.right + '.float()')}).sum(-1, keepdim=True)"
