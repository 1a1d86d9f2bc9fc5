"""Prints the Triton kernels of a group: by slot for any rows, by tiles of scores for long intervals."""

from __future__ import annotations

from collections.abc import Iterator

from glmc.backends.nodes import GeneratedFile
from glmc.backends.tile_code import tile_code, unit_vectors
from glmc.backends.weight_code import Score, weight_code
from glmc.emit.environment import render
from glmc.plan.nodes import Addressing, GroupPlan, Plan, RowClass, SidePlan

_SHIFTED = (RowClass.BAND, RowClass.SHIFTS)


class TritonKernels:
    """The `Backend` of `kernels.py`."""

    def emit(self, plan: Plan, group: GroupPlan) -> tuple[GeneratedFile, ...]:
        tiles = tile_code(group)
        if tiles is None:
            text = _by_slot(group)
        else:
            text = render("triton/dense.py.jinja", name=group.name, inputs=group.core_inputs, code=tiles)
        return (GeneratedFile(f"{group.package}/kernels.py".lstrip("/"), text),)


def _by_slot(group: GroupPlan) -> str:
    gathered = [side for side in group.sides if not _is_self(side)]
    return render(
        "triton/kernels.py.jinja",
        name=group.name,
        a=_kind(group.a),
        b="empty" if group.a.is_empty else _kind(group.b),
        form="shifts" if all(side.row_class in _SHIFTED for side in gathered) else "table",
        inputs=group.core_inputs,
        statements=tuple(_slot_statements(group)),
    )


def _is_self(side: SidePlan) -> bool:
    return side.row_class is RowClass.SELF


def _kind(side: SidePlan) -> str:
    if side.is_empty:
        return "empty"
    return "self" if _is_self(side) else "sparse"


def _slot_statements(group: GroupPlan) -> Iterator[str]:
    if group.a.is_empty:
        yield "return torch.where(torch.zeros_like(x, dtype=torch.bool), x, 0.0)"
        return
    code = weight_code(group)
    scores = dict(code.scores)
    for side in group.sides:
        if not _is_self(side):
            name = side.name
            yield f"index_{name} = index(rows.table_{name}, x.shape[1], x.device)"
            yield f"at_{name} = Entries(index_{name}, rows.slots_{name}(x.shape[1]), starts, stops)"
    yield from unit_vectors(
        {name for found in scores.values() for score in found for name in (score.left, score.right)}
    )
    arguments = {"gate": "gate.float()", "dtype": "torch.float32"}
    for side in group.sides:
        arguments |= _side_arguments(side, scores[side.name])
    yield f"{', '.join(side.name for side in group.sides)} = weights("
    for parameter in code.parameters:
        yield f"    {arguments[parameter]},"
    yield ")"
    history = "x.dtype" if group.b.addressing is Addressing.HISTORY else "torch.float32"
    if _is_self(group.a):
        yield "u = a * x.float()"
    else:
        a = "a.expand(*x.shape[:3], at_a.slots)"
        dtype = "x.dtype" if group.b.is_empty else "torch.float32"
        yield f"u = Apply.apply(at_a, {a}, x, {dtype}, False)"
    if group.b.is_empty:
        yield "return u.to(x.dtype)"
    else:
        b = "b.expand(*x.shape[:3], at_b.slots)"
        yield f"return Solve.apply(at_b, {b}, u, {history}, False).to(x.dtype)"


def _side_arguments(side: SidePlan, scores: tuple[Score, ...]) -> dict[str, str]:
    """What `weights` takes for one side."""
    name, alone = side.name, _is_self(side)
    arguments = {
        f"present_{name}": "torch.ones(1, 1, 1, dtype=torch.bool, device=x.device)"
        if alone
        else f"present(at_{name}, x.shape[1])"
    }
    for score in scores:
        dot = (
            f"({score.left}.float() * {score.right}.float()).sum(-1, keepdim=True)"
            if alone
            else f"Scores.apply(at_{name}, {score.left}, {score.right})"
        )
        arguments[score.name] = f"{score.left}.shape[-1] ** -0.5 * {dot}" if score.scaled else dot
    first = side.first_logit or 0
    if alone:
        span = f"{first or ''}:{first + 1}"
    else:
        span = f"{first} : {first} + at_{name}.slots" if first else f": at_{name}.slots"
    for logit in ("slot_gate", "const"):
        arguments[f"{logit}_{name}"] = f"{logit}[..., {span}].float()"
    return arguments
