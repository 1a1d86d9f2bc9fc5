"""Chooses how a pattern is computed: one kernel class a side, one chunk length a group."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import PurePath

from glmc.analysis.facts import CongestionFact, Fact, Facts
from glmc.pattern.nodes import (
    Dot,
    Gate,
    Group,
    Learned,
    Pattern,
    Sigmoid,
    SlotGate,
    Softmax,
    Weight,
    WeightProduct,
    WeightQuotient,
    WeightSum,
)
from glmc.pattern.rows import slot_layout
from glmc.plan.attention import attention
from glmc.plan.classify import classify
from glmc.plan.nodes import GroupPlan, Plan, Share
from glmc.plan.target import Target

INPUTS = ("q", "k", "gate", "slot_gate", "const", "write", "read")


def schedule(pattern: Pattern, facts: Facts, target: Target) -> Plan:
    """The plan of one mixer. Groups that compute the same share one; ``shares`` keeps the order of the heads."""
    composed = len(pattern.groups) > 1
    distinct: dict[tuple[object, ...], GroupPlan] = {}
    shares = []
    for group in pattern.groups:
        meaning = (group.a, group.b, group.weight_a, group.weight_b, group.state)
        if meaning not in distinct:
            taken = {plan.package for plan in distinct.values()}
            distinct[meaning] = _group(group, target, _package(group.name, taken) if composed else "")
        shares.append(Share(group.fraction, list(distinct).index(meaning)))
    groups = tuple(distinct.values())
    needed = {name for group in groups for name in group.inputs}
    source = pattern.source
    parameters = ", ".join(f"{name} = {value}" for name, value in pattern.parameters)
    identity = "\n".join((version("glmc"), source.text, pattern.name, parameters))
    return Plan(
        name=pattern.name,
        class_name=class_name(pattern.name),
        doc=pattern.doc,
        groups=groups,
        shares=tuple(shares),
        inputs=tuple(name for name in INPUTS if name in needed),
        basename=PurePath(source.name).name,
        source_text=source.text,
        digest=hashlib.sha256(source.text.encode()).hexdigest(),
        identity=hashlib.sha256(identity.encode()).hexdigest()[:12],
        notes=tuple(_notes(parameters, facts)),
    )


def class_name(mixer: str) -> str:
    """`power_of_two` → `PowerOfTwo`."""
    return "".join(word[:1].upper() + word[1:] for word in mixer.split("_"))


def _package(name: str, taken: set[str]) -> str:
    stem = f"heads_{name}"
    numbered = (f"{stem}_{number}" for number in range(2, len(taken) + 3))
    return next(candidate for candidate in (stem, *numbered) if candidate not in taken)


def _group(group: Group, target: Target, package: str) -> GroupPlan:
    layout = slot_layout(group)
    needed = {*_inputs(group.weight_a), *_inputs(group.weight_b)}
    if group.state is not None:
        needed |= {"write", "read"}
    a, b = classify(group, "A", layout), classify(group, "B", layout)
    return GroupPlan(
        name=group.name,
        package=package,
        a=a,
        b=b,
        state=group.state,
        inputs=tuple(name for name in INPUTS if name in needed),
        chunk=target.chunk,
        attention=attention(a, b) if group.state is None else None,
    )


def _inputs(weight: Weight) -> Iterator[str]:
    match weight:
        case Dot(left, right):
            yield from ("q" if "q" in vector else "k" for vector in (left, right))
        case Gate():
            yield "gate"
        case SlotGate():
            yield "slot_gate"
        case Learned():
            yield "const"
        case Softmax(inner, _) | Sigmoid(inner):
            yield from _inputs(inner)
        case WeightSum(parts) | WeightProduct(parts):
            for part in parts:
                yield from _inputs(part)
        case WeightQuotient(numerator, denominator):
            yield from _inputs(numerator)
            yield from _inputs(denominator)


def _notes(parameters: str, facts: Facts) -> Iterator[str]:
    if parameters:
        yield f"parameters  {parameters}"
    for quantity in ("time", "total", "cache", "path"):
        yield f"{quantity:<12}{_cost(getattr(facts, quantity))}"
    yield f"{'congestion':<12}{_congestion(facts.congestion)}"


def _cost(fact: Fact) -> str:
    if fact.unreachable is not None:
        j, i = fact.unreachable
        return f"unreachable: no path from x_{j} to y_{i} ({fact.status})"
    growth = "growth unknown" if fact.growth is None else f"Theta({fact.growth})"
    return ", ".join(part for part in (fact.expression, growth, fact.status) if part)


def _congestion(fact: CongestionFact) -> str:
    if fact.unroutable is not None:
        j, i = fact.unroutable
        return f"unroutable: no path from x_{j} to y_{i} ({fact.status})"
    if fact.lower is None or fact.upper is None:
        return "unknown"
    interval = f"{fact.lower}" if fact.lower == fact.upper else f"{fact.lower} to {fact.upper}"
    growth = "" if fact.growth is None else f", Theta({fact.growth})"
    return f"{interval} at length {fact.length}{growth}, {fact.status}"
