"""Prints the modules around the computation: exports, the operator, the layer, the self-test and the warm-up."""

from __future__ import annotations

from collections.abc import Iterator
from math import lcm

from glmc.backends.decode import step_of
from glmc.backends.nodes import GeneratedFile
from glmc.backends.weight_code import WeightCode, walk, weight_code
from glmc.emit.environment import render
from glmc.pattern.nodes import Constant, Gate, Sigmoid, SlotGate
from glmc.plan.nodes import GroupPlan, Plan

_MANY_SLOTS = 16  # of B where they grow, for the start of a gate that they share

SHAPES = {
    "q": ("B", "T", "H", "d_k"),
    "k": ("B", "T", "H", "d_k"),
    "gate": ("B", "T", "H"),
    "slot_gate": ("B", "T", "H", "S"),
    "const": ("H", "S"),
    "write": ("B", "T", "H", "N"),
    "read": ("B", "T", "H", "N"),
}
ABOUT = {
    "q": "queries",
    "k": "keys",
    "gate": "one logit a token and head",
    "slot_gate": "one logit a token, head and slot; S >= slots(T)",
    "const": "one number a head and slot; S >= slots(T)",
    "write": "how a token writes its value to the state channels",
    "read": "how a token reads the state channels",
}


def modules(plan: Plan) -> Iterator[GeneratedFile]:
    """The modules of a mixer's package and of its groups' sub-packages."""
    about = plan.doc or f"The token mixer {plan.name}."
    yield GeneratedFile("__init__.py", render("package/__init__.py.jinja", plan=plan, about=_quoted(about), layer=True))
    for group in plan.groups:
        if group.package:
            about = f"The heads of {plan.name} that mix as {group.name}."
            text = render("package/__init__.py.jinja", plan=plan, about=about, layer=False)
            yield GeneratedFile(f"{group.package}/__init__.py", text)
        yield GeneratedFile(f"{group.package}/operator.py".lstrip("/"), _operator(plan, group))
        yield GeneratedFile(f"{group.package}/selftest.py".lstrip("/"), _selftest(plan, group))
    if plan.is_composed:
        yield GeneratedFile("operator.py", render("package/heads.py.jinja", **_heads(plan)))
        yield GeneratedFile("selftest.py", render("package/selftest.py.jinja", **_composed_selftest(plan)))
    yield GeneratedFile("layer.py", render("package/layer.py.jinja", **_layer(plan)))
    yield GeneratedFile("warmup.py", render("package/warmup.py.jinja", **_warmup(plan)))


def _operator(plan: Plan, group: GroupPlan) -> str:
    step = step_of(group)
    unit = [vector for vector in step.vectors if vector.startswith("unit_")]
    kept = [side.symbol for side in step.stored] + [_kept_vector(vector) for vector in step.vectors]
    return render(
        "package/operator.py.jinja",
        plan=plan,
        group=group,
        inputs=group.inputs,
        shapes={name: SHAPES[name] for name in group.inputs},
        described=tuple(_described(group.inputs)),
        call=_call(group.name, group.inputs),
        slotted="slot_gate" in group.inputs or "const" in group.inputs,
        kernels=True,
        decode=True,
        core=group.core_inputs,
        kept=kept,
        kept_lifted=["lifted" if value == "x" else value for value in kept],
        units=bool(unit),
        sizes='{"N": CHANNELS}' if group.state else "{}",
        vectors=bool(step.vectors),
    )


def _kept_vector(vector: str) -> str:
    source = vector.removeprefix("unit_")
    return f'inputs["{source}"]' if source == vector else f'reference.unit(inputs["{source}"])'


def _described(inputs: tuple[str, ...]) -> Iterator[str]:
    for name in inputs:
        yield f"{name} [{', '.join(SHAPES[name])}]: {ABOUT[name]}."


def _call(name: str, inputs: tuple[str, ...]) -> str:
    return f"{name}({', '.join(('x', *(f'{i}={i}' for i in inputs)))})"


def _quoted(text: str) -> str:
    """``text`` for the inside of a docstring."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in escaped)


def _heads(plan: Plan) -> dict[str, object]:
    shares = [
        {
            "fraction": share.fraction,
            "package": plan.groups[share.group].package,
            "inputs": _tuple(plan.groups[share.group].inputs),
        }
        for share in plan.shares
    ]
    return {
        "plan": plan,
        "shares": shares,
        "inputs_tuple": _tuple(plan.inputs),
        "described": tuple(_described(plan.inputs)),
        "call": _call(plan.name, plan.inputs),
        "lifted": any(group.state for group in plan.groups),
    }


def _layer(plan: Plan) -> dict[str, object]:
    arguments = {
        "q": "self._by_head(self.query(x))",
        "k": "self._by_head(self.key(x))",
        "gate": "self.gate(x)",
        "slot_gate": "self._by_head(self.slot_gate(x))",
        "const": "self.const",
        "write": "self._by_head(self.write(x))",
        "read": "self._by_head(self.read(x))",
    }
    slot_sides = [side for group in plan.groups for side in group.sides if side.first_logit is not None]
    return {
        "plan": plan,
        "about": _quoted(plan.doc or f"The token mixer {plan.name}."),
        "slotted": bool(slot_sides),
        "growing": any(side.slot_count is None for side in slot_sides),
        "gates": [name for name in ("gate", "slot_gate") if name in plan.inputs],
        "channels": max((group.state or 0 for group in plan.groups), default=0),
        "retention": None if plan.is_composed else _retention(plan.groups[0]),
        "arguments": [(name, arguments[name]) for name in plan.inputs],
    }


def _warmup(plan: Plan) -> dict[str, object]:
    return {
        "plan": plan,
        "shapes": {name: SHAPES[name] for name in plan.inputs},
        "channels": max(group.state or 0 for group in plan.groups),
    }


def _retention(group: GroupPlan) -> dict[str, object] | None:
    """How gates start where they say how much of the past outputs a row keeps."""
    kept = {part for node in walk(group.b.weight) if isinstance(node, Sigmoid) for part in walk(node)}
    negative = any(isinstance(part, Constant) and part.value < 0 for part in walk(group.b.weight))
    statements = []
    if Gate() in kept:
        statements.append("self.gate.bias.copy_(logit)")
    if SlotGate() in kept:
        first, count = group.b.first_logit or 0, group.b.slot_count
        logits = f"{first or ''}:{'' if count is None else first + count}"
        statements.append(f"self.slot_gate.bias.view(self.num_heads, -1)[:, {logits}] = logit[:, None]")
    if negative or not statements:
        return None
    return {"slots": group.b.slot_count or _MANY_SLOTS, "statements": statements}


def _composed_selftest(plan: Plan) -> dict[str, object]:
    return {
        "plan": plan,
        "name": plan.name,
        "composed": True,
        "shares": [plan.groups[share.group].package for share in plan.shares],
        "heads": lcm(*(share.fraction.denominator for share in plan.shares)),
        "shapes": {name: SHAPES[name] for name in plan.inputs},
        "channels": max(group.state or 0 for group in plan.groups),
    }


def _selftest(plan: Plan, group: GroupPlan) -> str:
    code = weight_code(group)
    found = [score for _, by_side in code.scores for score in by_side]
    vectors = tuple(dict.fromkeys(vector for score in found for vector in (score.left, score.right)))
    return render(
        "package/selftest.py.jinja",
        plan=plan,
        name=group.name,
        module=".".join(filter(None, (plan.name, group.package))),
        group=group,
        composed=False,
        sides=group.sides,
        names=", ".join(side.name for side in group.sides),
        call=tuple(_dense_arguments(group, code)),
        vectors=vectors,
        vector_values={
            vector: f'reference.unit(inputs["{vector.removeprefix("unit_")}"])'
            if vector.startswith("unit_")
            else f'inputs["{vector}"]'
            for vector in vectors
        },
        units=any(vector.startswith("unit_") for vector in vectors),
        scaled=any(score.scaled for score in found),
        by_slot=any(side.first_logit is not None for side in group.sides),
        a_empty=group.a.is_empty,
        b_empty=group.b.is_empty,
        heads=2,
        shapes={name: SHAPES[name] for name in group.inputs},
        channels=group.state or 0,
    )


def _dense_arguments(group: GroupPlan, code: WeightCode) -> Iterator[str]:
    """What `weights` is called with where slots are columns."""
    first = {side.name: side.first_logit or 0 for side in group.sides}
    for plan in group.sides:
        yield f"(slot_{plan.name} >= 0)[:, None]"
    for _, found in code.scores:
        for score in found:
            scale = f" / sqrt({score.left}.shape[-1])" if score.scaled else ""
            yield f'torch.einsum("bihd,bjhd->bihj", {score.left}, {score.right}){scale}'
    for parameter in code.parameters:
        match parameter:
            case "gate":
                yield 'inputs["gate"]'
            case "dtype":
                yield "x.dtype"
            case "slot_gate_a" | "slot_gate_b":
                side = parameter[-1]
                yield f'by_column(inputs["slot_gate"], {first[side]}, slot_{side})'
            case "const_a" | "const_b":
                side = parameter[-1]
                logits = 'inputs["const"].expand(1, x.shape[1], -1, -1)'
                yield f"by_column({logits}, {first[side]}, slot_{side})"


def _tuple(names: tuple[str, ...]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"({quoted},)" if len(names) == 1 else f"({quoted})"
