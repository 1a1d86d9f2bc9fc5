"""Prints the Triton kernels of one group: `kernels.py`, for rows looked up by slot."""

from __future__ import annotations

from glmc.backends.nodes import GeneratedFile
from glmc.emit.environment import render
from glmc.plan.nodes import Addressing, GroupPlan, Plan, RowClass, SidePlan

_SHIFTED = (RowClass.BAND, RowClass.SHIFTS)


class TritonKernels:
    """The `Backend` of `kernels.py`. Sources come from distances where all rows are shifts, otherwise from a table."""

    def emit(self, plan: Plan, group: GroupPlan) -> tuple[GeneratedFile, ...]:
        gathered = [side for side in group.sides if side.row_class is not RowClass.SELF]
        text = render(
            "triton/kernels.py.jinja",
            name=plan.name,
            a=_kind(group.a),
            b=_kind(group.b),
            form="shifts" if all(side.row_class in _SHIFTED for side in gathered) else "table",
            history="x.dtype" if group.b.addressing is Addressing.HISTORY else "torch.float32",
            group=group,
        )
        return (GeneratedFile(f"{group.package}/kernels.py".lstrip("/"), text),)


def _kind(side: SidePlan) -> str:
    match side.row_class:
        case RowClass.EMPTY:
            return "empty"
        case RowClass.SELF:
            return "self"
        case _:
            return "sparse"
