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
from glmc.plan.factors import ONE, separate
from glmc.plan.nodes import Addressing, GroupPlan, RowClass, SidePlan

_LONG = 64  # entries of a row from which on tiles of scores cost less than slots


@dataclass(frozen=True)
class TileCode:
    """``kinds`` of e_ij: "exp", "dot", "one". ``statements`` are the body of `mix`.

    ``joint``: A = {i} shares B's softmax. ``log_sum``: a norm is needed before the product that it normalises.
    ``running_a``: A's norm is found by the product that is the output. ``running_b``: B's is found while solving.
    """

    kinds: frozenset[str]
    tiled_a: bool
    tiled_b: bool
    joint: bool
    log_sum: bool
    running_a: bool
    running_b: bool
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
    def is_joint(self) -> bool:
        """Whether elements are a softmax over both sides."""
        return isinstance(self.element, Softmax) and self.element.over == "AB"

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
    joint = own is not None and _shares_softmax(own, found[0])
    norm = _given_norm(group, joint)
    running = {side.name for side in found if side.kind == "exp" and _norm(side, norm) == "None"}
    return TileCode(
        frozenset(side.kind for side in found),
        any(side.name == "a" for side in found),
        any(side.name == "b" for side in found),
        joint,
        norm is not None,
        group.b.is_empty and "a" in running,
        "b" in running,
        tuple(_statements(group, found, own, joint, norm)),
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


def vectors_of(dot: Dot) -> str:
    """Its vectors as arguments: torch.compile takes no tensor twice, so that a second one is a view."""
    left, right = VECTOR[dot.left], VECTOR[dot.right]
    return f"{left}, {right}" if left != right else f"{left}, {right}.view_as({right})"


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


def _shares_softmax(own: Weight, side: _Tiled) -> bool:
    """Whether the weight of {i} is a factor times the very softmax that the other side's elements are."""
    separated = separate(own)
    return separated is not None and separated[1] == side.element and side.is_joint


# -- statements ----------------------------------------------------------------------------------------------


def _statements(
    group: GroupPlan, sides: tuple[_Tiled, ...], own: Weight | None, joint: bool, norm: str | None
) -> Iterator[str]:
    own_dots = () if own is None or joint else tuple(dict.fromkeys(_dots_of_one(own)))
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
    if norm is not None:
        yield f"norm = {norm}"
    u = "x"
    if own is not None:
        weight = _factor(own) if joint else own
        factor = times(weight, _bound(weight))
        if factor:
            yield f"u = {factor}x.float()"
            u = "u"
    for side in sides:
        f = "None" if side.factor == ONE else "f"
        if side.factor != ONE:
            yield f"f = {_row_factor(side.factor)}"
        vectors = "None, None" if side.dot is None else vectors_of(side.dot)
        scores = f'"{side.kind}", {vectors}, {_norm(side, norm)}, {scale_of(side.dot)}, {f}'
        if side.name == "a":
            dtype = "x.dtype" if group.b.is_empty else "torch.float32"
            yield f"u = Product.apply(at_a, {scores}, x, {dtype})"
        else:
            history = "x.dtype" if side.plan.addressing is Addressing.HISTORY else "torch.float32"
            yield f"u = Solve.apply(at_b, {scores}, {u}, {history}, {joint})"
        u = "u"
    yield "return u.to(x.dtype)"


def _given_norm(group: GroupPlan, joint: bool) -> str | None:
    """The logarithms of the sums of a softmax over both sides, [B, T, H], where no product finds them on its way."""
    both = [(side, dot_of(softmax)) for side in group.sides for softmax in _joint(side)]
    if len(both) < 2 or joint:
        return None
    terms = (
        f"{_own_name(dot)}.squeeze(-1)"
        if side.row_class is RowClass.SELF
        else f"LogSum.apply(at_{side.name}, {vectors_of(dot)}, {scale_of(dot)})"
        for side, dot in both
    )
    return f"torch.logaddexp({', '.join(terms)})"


def _norm(side: _Tiled, norm: str | None) -> str:
    return "norm" if norm is not None and side.is_joint else "None"


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


def _factor(weight: Weight) -> Weight:
    """What multiplies the element of a weight that is known to be such a product."""
    separated = separate(weight)
    assert separated is not None
    return separated[0]


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
