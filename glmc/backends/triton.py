"""Prints the Triton kernels of a group: by scan, by tiles, by distance or, for any rows, by slot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from glmc.backends.attention_code import attention_statements
from glmc.backends.coefficient_code import CoefficientCode, coefficient_code
from glmc.backends.nodes import GeneratedFile
from glmc.backends.scan_code import scan_code
from glmc.backends.tile_code import tile_code, unit_vectors
from glmc.emit.environment import render
from glmc.plan.cost_model import Family
from glmc.plan.gather import gathered_solve
from glmc.plan.nodes import Addressing, GroupPlan, Plan, RowClass
from glmc.plan.solve import chunk_solve


class TritonKernels:
    """The `Backend` of `kernels.py`."""

    def emit(self, plan: Plan, group: GroupPlan) -> tuple[GeneratedFile, ...]:
        return (GeneratedFile(f"{group.package}/kernels.py".lstrip("/"), _kernels(group)),)


def family(group: GroupPlan) -> Family:
    """How the kernels of a group go about its rows: the first family that can."""
    if group.a.is_empty:
        return Family.NOTHING
    if scan_code(group) is not None:
        return Family.SCAN
    if tile_code(group) is not None:
        return Family.TILES
    return Family.SLOTS if group.attention is None else Family.DISTANCES


def _kernels(group: GroupPlan) -> str:
    match family(group):
        case Family.NOTHING:
            return render("triton/kernels_empty.py.jinja", name=group.name, inputs=group.core_inputs)
        case Family.SCAN:
            return render("triton/scan.py.jinja", name=group.name, inputs=group.core_inputs, code=scan_code(group))
        case Family.DISTANCES:
            return _by_distance(group)
        case Family.TILES:
            return render("triton/dense.py.jinja", name=group.name, inputs=group.core_inputs, code=tile_code(group))
        case Family.SLOTS:
            return _by_slot(group)
        case unknown:
            assert_never(unknown)


def _by_distance(group: GroupPlan) -> str:
    assert group.attention is not None
    return render(
        "triton/attend.py.jinja",
        name=group.name,
        inputs=group.core_inputs,
        near=group.attention.near,
        far=group.attention.far,
        sinks=group.attention.sinks,
        statements=tuple(attention_statements(group.attention)),
    )


def _by_slot(group: GroupPlan) -> str:
    code = coefficient_code(group)
    return render(
        "triton/kernels.py.jinja",
        name=group.name,
        form="shifts" if group.is_shifted else "table",
        code=code,
        inputs=group.core_inputs,
        ats=[f"at_{side.name}" for side in group.sides],
        units=tuple(unit_vectors(set(code.vectors))),
        pulls=tuple(_pulls(code)),
        gradients=_gradients(code),
        alone=group.a.row_class is RowClass.SELF,
        solve=chunk_solve(group),
        gathered=gathered_solve(group),
        history="x.dtype" if group.b.addressing is Addressing.HISTORY else "torch.float32",
    )


def _pulls(code: CoefficientCode) -> Iterator[str]:
    """Statements that give the gradients of vectors, from the slopes of their scores."""
    terms: dict[str, list[str]] = {vector: [] for vector in code.vectors}
    for side, scores in code.scores:
        for score in scores:
            if code.gradients and score.name in code.gradients.results:
                at, slope = f"at_{side.name}", f"slopes.{score.name}"
                terms[score.left].append(f"{at}, {slope}, {score.right}, {{}}")
                terms[score.right].append(f"{at}, {slope}, {score.left}, {{}}, transposed=True")
    for vector, calls in terms.items():
        for place, call in enumerate(calls):
            dtype = f"{vector}.dtype" if place == len(calls) - 1 else "torch.float32"
            plus = f", plus=grad_{vector}" if place else ""
            yield f"grad_{vector} = apply({call.format(dtype)}{plus})"


def _gradients(code: CoefficientCode) -> dict[str, str]:
    """The gradients of all that the weights take, as expressions."""
    moved = code.gradients.fields if code.gradients else ()
    pulled = {name for side, scores in code.scores for s in scores if s.name in moved for name in (s.left, s.right)}
    return {
        **{vector: f"grad_{vector}" if vector in pulled else "None" for vector in code.vectors},
        **{gate: f"slopes.{gate}" if gate in moved else "None" for gate in code.gates},
    }
