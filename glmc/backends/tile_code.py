"""Prints mixing by tiles of scores, for rows that are intervals.

A side's coefficients are w_ij = f_i · e_ij, with e_ij a softmax over dots, a dot, or 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from glmc.analysis.forms import Band
from glmc.analysis.recognise import recognise
from glmc.backends.expressions import print_weight
from glmc.backends.weight_code import VECTOR, operands, walk
from glmc.pattern.nodes import (
    Dot,
    Gate,
    Learned,
    RowSum,
    SlotGate,
    Softmax,
    Weight,
    WeightSum,
)
from glmc.plan.factors import separate
from glmc.plan.nodes import Addressing, GroupPlan, RowClass, SidePlan

_LONG = 64  # entries of a row from which on tiles of scores cost less than slots


@dataclass(frozen=True)
class TileCode:
    """``kinds`` of e_ij: "exp", "dot", "one". ``statements`` are the body of `mix`."""

    kinds: frozenset[str]
    tiled_a: bool
    tiled_b: bool
    statements: tuple[str, ...]


@dataclass(frozen=True)
class _Tiled:
    """A side of intervals nearest <= i − j (<= reach, unless that is 0). ``element`` None: e_ij = 1."""

    plan: SidePlan
    nearest: int
    reach: int
    factor: Weight
    element: Softmax | Dot | None

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def is_long(self) -> bool:
        return not self.reach or self.reach - self.nearest >= _LONG

    @property
    def kind(self) -> str:
        match self.element:
            case None:
                return "one"
            case Dot():
                return "dot"
            case _:
                return "exp"

    @property
    def dot(self) -> Dot | None:
        return dot_of(self.element) if isinstance(self.element, Softmax) else self.element


def tile_code(group: GroupPlan) -> TileCode | None:
    """How to mix by tiles; None where rows are no intervals, all are short, or weights have another form."""
    own = group.a.weight if group.a.row_class is RowClass.SELF else None
    if group.a.is_empty or (own is not None and not _fits_single_entry(own)):
        return None
    sides = tuple(_tiled(side) for side in group.sides if side.row_class is not RowClass.SELF)
    found = tuple(side for side in sides if side is not None)
    if len(found) < len(sides) or not any(side.is_long for side in found) or not _joins(group):
        return None
    return TileCode(
        frozenset(side.kind for side in found),
        any(side.name == "a" for side in found),
        any(side.name == "b" for side in found),
        tuple(_statements(group, found, own)),
    )


def unit_vectors(names: set[str]) -> Iterator[str]:
    """Statements for those of `unit_q` and `unit_k` that are among ``names``."""
    for name in sorted(names & {"unit_q", "unit_k"}):
        vector = name.removeprefix("unit_")
        yield f"{name} = {vector}.float() / {vector}.float().norm(dim=-1, keepdim=True).clamp(min=1e-6)"


def dot_of(softmax: Softmax) -> Dot:
    """The score of a softmax that is known to be over dots."""
    assert isinstance(softmax.score, Dot)
    return softmax.score


# -- what fits -----------------------------------------------------------------------------------------------


def _tiled(side: SidePlan) -> _Tiled | None:
    parts = separate(side.weight)
    if parts is None or (isinstance(parts[1], Softmax) and not isinstance(parts[1].score, Dot)):
        return None
    match recognise(side.rows):
        case (Band(first, stop),):
            return _Tiled(side, first, 0 if stop is None else stop - 1, *parts)
        case _:
            return None


def _fits_single_entry(weight: Weight) -> bool:
    """Whether the weight of {i} needs neither slots nor sums, and softmaxes over dots alone."""
    return not any(
        isinstance(part, SlotGate | Learned | RowSum) or (isinstance(part, Softmax) and not isinstance(part.score, Dot))
        for part in walk(weight)
    )


def _joins(group: GroupPlan) -> bool:
    """Whether a joint softmax, if there is one, is over one dot a side."""
    by_side = [_joint(side) for side in group.sides]
    return not any(by_side) or all(len(found) == 1 for found in by_side)


def _joint(side: SidePlan) -> set[Softmax]:
    return {part for part in walk(side.weight) if isinstance(part, Softmax) and part.over == "AB"}


# -- statements ----------------------------------------------------------------------------------------------


def _statements(group: GroupPlan, sides: tuple[_Tiled, ...], own: Weight | None) -> Iterator[str]:
    own_dots = () if own is None else tuple(dict.fromkeys(_dots_of_one(own)))
    dots = own_dots + tuple(side.dot for side in sides if side.dot is not None)
    for side in sides:
        yield f"at_{side.name} = Interval({side.nearest}, {side.reach}, starts, stops)"
    units = {VECTOR[vector] for dot in dots for vector in (dot.left, dot.right)} & {"unit_q", "unit_k"}
    yield from unit_vectors(units)
    for name in sorted(units):
        yield f"{name} = {name}.to(x.dtype)"
    scaled = next((dot for dot in dots if is_scaled(dot)), None)
    if scaled is not None:
        yield f"scale = {VECTOR[scaled.left]}.shape[-1] ** -0.5"
    if "gate" in group.core_inputs:
        yield "gate = gate.float()[..., None]"
    for dot in own_dots:
        product = f"({VECTOR[dot.left]}.float() * {VECTOR[dot.right]}.float()).sum(-1, keepdim=True)"
        yield f"{_own_name(dot)} = {'scale * ' if is_scaled(dot) else ''}{product}"
    yield from _norms(group, sides)
    if own is not None:
        yield f"u = {times(own, _bound(own))}x.float()"
    for side in sides:
        scores = f'"{side.kind}", {_vectors(side.dot)}, {_norm(group, side.element)}, {scale_of(side.dot)}'
        if side.name == "a":
            yield f"u = {times(side.factor, {Gate(): 'gate'})}Product.apply(at_a, {scores}, x)"
        else:
            history = "x.dtype" if side.plan.addressing is Addressing.HISTORY else "torch.float32"
            yield f"f = {_row_factor(side.factor)}"
            yield f"u = Solve.apply(at_b, {scores}, f, u, {history})"
    yield "return u.to(x.dtype)"


def _norms(group: GroupPlan, sides: tuple[_Tiled, ...]) -> Iterator[str]:
    """Statements for the logarithms of the softmaxes' sums, [B, T, H]."""
    for side in sides:
        if isinstance(side.element, Softmax) and _norm(group, side.element) != "norm":
            yield f"{_norm(group, side.element)} = {_log_sum(side.name, dot_of(side.element))}"
    joint = [(side, dot_of(softmax)) for side in group.sides for softmax in _joint(side)]
    if len(joint) == 2:
        terms = (
            f"{_own_name(dot)}.squeeze(-1)" if side.row_class is RowClass.SELF else _log_sum(side.name, dot)
            for side, dot in joint
        )
        yield f"norm = torch.logaddexp({', '.join(terms)})"


def _norm(group: GroupPlan, element: Softmax | Dot | None) -> str:
    if not isinstance(element, Softmax):
        return "None"
    if element.over == "AB":
        return "norm" if len(group.sides) == 2 else f"norm_{group.sides[0].name}"
    return f"norm_{element.over.lower()}"


def _log_sum(side: str, dot: Dot) -> str:
    return f"LogSum.apply(at_{side}, {_vectors(dot)}, {scale_of(dot)})"


def _vectors(dot: Dot | None) -> str:
    return "None, None" if dot is None else f"{VECTOR[dot.left]}, {VECTOR[dot.right]}"


def scale_of(dot: Dot | None) -> str:
    return "scale" if dot is not None and is_scaled(dot) else "1.0"


def is_scaled(dot: Dot) -> bool:
    return not (dot.left.startswith("unit") or dot.right.startswith("unit"))


def _row_factor(factor: Weight) -> str:
    """f as a tensor [B, T, H]."""
    if Gate() in walk(factor):
        return f"({print_weight(factor, {Gate(): 'gate'}, 'torch')}).squeeze(-1)"
    value = print_weight(factor, {}, "torch")
    return f"torch.full(x.shape[:3], {value}, dtype=torch.float32, device=x.device)"


def times(weight: Weight, bound: dict[Weight, str]) -> str:
    """``weight`` as the left operand of a product, with the multiplication sign; nothing where it is 1."""
    text = bound.get(weight) or print_weight(weight, bound, "torch")
    if text == "1.0":
        return ""
    return f"({text}) * " if isinstance(weight, WeightSum) else f"{text} * "


# -- the single entry of A = {i} -----------------------------------------------------------------------------


def _dots_of_one(weight: Weight) -> Iterator[Dot]:
    """The dots that the weight of a single entry depends on; its softmax over its own row is 1."""
    match weight:
        case Dot():
            yield weight
        case Softmax(_, "A"):
            return
        case _:
            for part in operands(weight):
                yield from _dots_of_one(part)


def _bound(own: Weight) -> dict[Weight, str]:
    """The names of what the weight of a single entry is made of."""
    bound: dict[Weight, str] = {Gate(): "gate"}
    for part in walk(own):
        match part:
            case Dot():
                bound[part] = _own_name(part)
            case Softmax(Dot() as dot, "AB"):
                bound[part] = f"torch.exp({_own_name(dot)} - norm[..., None])"
            case Softmax():
                bound[part] = "1.0"
    return bound


def _own_name(dot: Dot) -> str:
    return f"dot_{VECTOR[dot.left]}_{VECTOR[dot.right]}"
