"""Prints what every package runs on: `rows.py`, `weights.py` and the chunked `reference.py`, in plain torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from glmc.backends.nodes import GeneratedFile
from glmc.backends.row_tables import row_tables
from glmc.backends.weight_code import WeightCode, weight_code
from glmc.emit.environment import render
from glmc.plan.nodes import GroupPlan, Plan, SidePlan


class TorchReference:
    """The `Backend` of the reference: chunks of rows, one triangular solve each."""

    def emit(self, plan: Plan, group: GroupPlan) -> tuple[GeneratedFile, ...]:
        code, tables = weight_code(group), row_tables(group)
        texts = {
            "rows.py": render("torch/rows.py.jinja", name=group.name, **tables),
            "weights.py": _weights(group, code),
            "reference.py": _reference(plan, group, code) if group.sides else _empty_reference(group),
        }
        if "reals" in tables["uses"]:
            texts["reals.py"] = files("glmc.pattern").joinpath("reals.py").read_text(encoding="utf-8")
        folder = f"{group.package}/" if group.package else ""
        return tuple(GeneratedFile(folder + path, text) for path, text in texts.items())


def namespace(plan: Plan) -> str:
    """Of the torch operators of a package: two packages share it only if they are the same."""
    return f"glmc_{plan.name}_{plan.identity}"


@dataclass(frozen=True)
class _Side:
    """``picked``: the dimensions of values at the columns that slots read; ``values``: what the side reads."""

    plan: SidePlan
    picked: str
    values: str

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def side(self) -> str:
        return self.plan.side

    @property
    def prefix(self) -> bool:
        return self.plan.is_prefix


@dataclass(frozen=True)
class _Leaf:
    """A tensor that a chunk's coefficients depend on: where it comes from and how its gradient returns there."""

    name: str
    take: str
    add: str


def _weights(group: GroupPlan, code: WeightCode) -> str:
    return render("torch/weights.py.jinja", name=group.name, code=code, names=_names(group), result=_result(group))


def _names(group: GroupPlan) -> str:
    return ", ".join(side.name for side in group.sides)


def _result(group: GroupPlan) -> str:
    return "tuple[torch.Tensor, torch.Tensor]" if len(group.sides) == 2 else "torch.Tensor"


def _reference(plan: Plan, group: GroupPlan, code: WeightCode) -> str:
    sides = tuple(
        _Side(side, "bshd" if side.is_prefix else "bcshd", "x" if side.side == "A" else "y") for side in group.sides
    )
    vectors = _vectors(code)
    logits = [name for name in ("gate", "slot_gate", "const") if name in group.core_inputs]
    sources = [*vectors, *logits]
    core = ["x", *sources]
    leaves = tuple(_leaves(group, code))
    accurate = ["x.to(dtype)"] + [
        f"unit({name.removeprefix('unit_')}.to(dtype))" if name.startswith("unit_") else f"{name}.to(dtype)"
        for name in sources
    ]
    gradients = [f"grad_{name}" for name in core]
    return render(
        "torch/reference.py.jinja",
        name=group.name,
        group=group,
        sides=sides,
        code=code,
        call=tuple(_arguments(group, code)),
        parameters=("x", *group.core_inputs),
        core=core,
        sources=sources,
        units=any(name.startswith("unit_") for name in vectors),
        scaled=any(score.scaled for _, found in code.scores for score in found),
        leaves=leaves,
        exact=f"tuple[{', '.join(['torch.Tensor'] * len(core))}]",
        names=_names(group),
        result=_result(group),
        expanded=", ".join(f"{side.name}.expand(shape)" for side in sides),
        coefficient_arguments=f"x, *leaves(chunk, {', '.join(sources)})" if leaves else "x",
        gathers=any(not side.prefix for side in sides),
        recurrent=not group.b.is_empty,
        found=", ".join(f"grad_{leaf.name}" for leaf in leaves)
        if len(leaves) > 1
        else f"(grad_{leaves[0].name},)"
        if leaves
        else "",
        gradients=", ".join(gradients) if len(gradients) > 1 else gradients[0],
        accurate=", ".join(accurate) if len(accurate) > 1 else f"({accurate[0]},)",
        schema_result="Tensor" if len(core) == 1 else f"({', '.join(['Tensor'] * len(core))})",
        namespace=namespace(plan),
        prefix=f"{group.package}_" if group.package else "",
    )


def _empty_reference(group: GroupPlan) -> str:
    parameters = ("x", *group.core_inputs)
    return render("torch/reference_empty.py.jinja", name=group.name, parameters=parameters)


def _vectors(code: WeightCode) -> list[str]:
    """The vectors of all dot products, in a fixed order."""
    used = {vector for _, found in code.scores for score in found for vector in (score.left, score.right)}
    return [name for name in ("q", "k", "unit_q", "unit_k") if name in used]


def _leaves(group: GroupPlan, code: WeightCode) -> Iterator[_Leaf]:
    vectors = _vectors(code)
    found = [score for _, by_side in code.scores for score in by_side]
    for vector in vectors:
        if any(score.left == vector for score in found):
            yield _row_leaf(vector)
        for side, by_side in code.scores:
            if any(score.right == vector for score in by_side):
                name = f"{vector}_{side}"
                yield _Leaf(name, f"pick_{side}({vector}, chunk)", f"put_{side}(grad_{vector}, chunk, grad_{name})")
    if "gate" in code.parameters:
        yield _row_leaf("gate")
    for source, index in (("slot_gate", "[:, chunk.tokens, :, {}]"), ("const", "[:, {}]")):
        for plan in group.sides:
            name = f"{source}_{plan.name}"
            if name in code.parameters:
                place = index.format(f"logits_{plan.name}(chunk)")
                yield _Leaf(name, f"{source}{place}", f"grad_{source}{place} += grad_{name}")


def _row_leaf(name: str) -> _Leaf:
    own = f"{name}_rows"
    return _Leaf(own, f"{name}[:, chunk.tokens]", f"grad_{name}[:, chunk.tokens] += grad_{own}")


def _arguments(group: GroupPlan, code: WeightCode) -> Iterator[str]:
    """What `weights` is called with, in the order of its parameters."""
    picked = {side.name: "bshd" if side.is_prefix else "bcshd" for side in group.sides}
    products = {
        score.name: f'torch.einsum("bchd,{picked[side]}->bchs", {score.left}_rows, {score.right}_{side})'
        + (f" / sqrt({score.left}_rows.shape[-1])" if score.scaled else "")
        for side, found in code.scores
        for score in found
    }
    for parameter in code.parameters:
        match parameter.split("_"):
            case ["present", side]:
                yield f"(chunk.columns_{side} >= 0)[:, None]"
            case ["gate"]:
                yield "gate_rows"
            case ["dtype"]:
                yield "x.dtype"
            case _:
                yield products.get(parameter, parameter)
