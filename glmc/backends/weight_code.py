"""Prints the declared weights of a group as the statements of a package's ``weights.py``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from glmc.backends.expressions import print_weight
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
from glmc.plan.nodes import GroupPlan, SidePlan

VECTOR: dict[Vector, str] = {"q": "q", "k": "k", "unit(q)": "unit_q", "unit(k)": "unit_k"}


_NOTHING = "0.0"  # the sum of an empty row


@dataclass(frozen=True)
class Score:
    """A dot product that one side needs: ``left`` at i, ``right`` at j, over sqrt(d_k) if ``scaled``."""

    name: str
    left: str
    right: str
    scaled: bool


@dataclass(frozen=True)
class WeightCode:
    """``def weights(parameters…)``: statements that leave each side's coefficients in its name, `a` or `b`.

    ``parameters`` are the presence masks, the scores of each side, then the logits; ``dtype`` last where a side has
    no tensor of its own. ``helpers`` are the functions of weights.py that the statements call.
    """

    parameters: tuple[str, ...]
    scores: tuple[tuple[str, tuple[Score, ...]], ...]  # by side
    statements: tuple[str, ...]
    helpers: frozenset[str]


def weight_code(group: GroupPlan) -> WeightCode:
    """The weights of the sides that have entries."""
    return _Printer(group).code()


def scores(weight: Weight, side: str) -> tuple[Score, ...]:
    """The distinct dot products of one side's weight."""
    found = dict.fromkeys(part for part in walk(weight) if isinstance(part, Dot))
    return tuple(
        Score(
            f"dot_{VECTOR[dot.left]}_{VECTOR[dot.right]}_{side}",
            VECTOR[dot.left],
            VECTOR[dot.right],
            not (dot.left.startswith("unit") or dot.right.startswith("unit")),
        )
        for dot in found
    )


def walk(weight: Weight) -> Iterator[Weight]:
    """``weight`` and all that it is made of, outermost first."""
    yield weight
    for part in operands(weight):
        yield from walk(part)


def operands(weight: Weight) -> tuple[Weight, ...]:
    match weight:
        case Softmax(inner, _) | Sigmoid(inner):
            return (inner,)
        case WeightSum(parts) | WeightProduct(parts):
            return parts
        case WeightQuotient(numerator, denominator):
            return (numerator, denominator)
        case _:
            return ()


def reductions(trees: Mapping[Side, Weight]) -> tuple[Softmax | RowSum, ...]:
    """The statistics of the row that the weights rest on, each after those that it needs itself."""
    found: dict[Softmax | RowSum, None] = {}

    def visit(weight: Weight) -> None:
        for part in operands(weight):
            visit(part)
        if isinstance(weight, RowSum):
            visit(trees.get(weight.side, Constant(Fraction(0))))
        if isinstance(weight, Softmax | RowSum):
            found[weight] = None

    for tree in trees.values():
        visit(tree)
    return tuple(found)


@dataclass
class _Printer:
    group: GroupPlan
    statements: list[str] = field(default_factory=list)
    helpers: set[str] = field(default_factory=set)
    bound: dict[str, dict[Weight, str]] = field(default_factory=dict)  # by side
    uses_dtype: bool = False

    def code(self) -> WeightCode:
        sides = self.group.sides
        by_side = tuple((side.name, scores(side.weight, side.name)) for side in sides)
        parts = [part for side in sides for part in walk(side.weight)]
        for side in sides:
            self.bound[side.name] = self._logits(side)
        if Gate() in parts:
            self.statements.append("gate = gate[..., None]")
        for side in self._ordered():
            self._side(side)
        parameters = [f"present_{side.name}" for side in sides]
        parameters += [score.name for _, found in by_side for score in found]
        parameters += ["gate"] if Gate() in parts else []
        for logit, name in ((SlotGate(), "slot_gate"), (Learned(), "const")):
            parameters += [f"{name}_{side.name}" for side in sides if logit in walk(side.weight)]
        if self.uses_dtype:
            parameters.append("dtype")
        return WeightCode(tuple(parameters), by_side, tuple(self.statements), frozenset(self.helpers))

    def _logits(self, side: SidePlan) -> dict[Weight, str]:
        bound: dict[Weight, str] = {
            Gate(): "gate",
            SlotGate(): f"slot_gate_{side.name}",
            Learned(): f"const_{side.name}",
            RowSum("A"): _NOTHING if self.group.a.is_empty else "sum_a",
            RowSum("B"): _NOTHING if self.group.b.is_empty else "sum_b",
        }
        for part in walk(side.weight):
            if isinstance(part, Dot):
                bound[part] = f"dot_{VECTOR[part.left]}_{VECTOR[part.right]}_{side.name}"
        return bound

    def _ordered(self) -> list[SidePlan]:
        """A side comes after the one whose row sum it takes."""
        sides = list(self.group.sides)
        if len(sides) == 2 and RowSum("B") in walk(sides[0].weight):
            sides.reverse()
        return sides

    def _side(self, side: SidePlan) -> None:
        for part in reversed(list(walk(side.weight))):
            if part in self.bound[side.name]:
                continue
            match part:
                case Softmax(_, "AB") if len(self.group.sides) == 2:
                    self._joint_softmax(part)
                case Softmax(score, _):
                    name = self._name("softmax", side.name)
                    self.helpers.add("softmax")
                    self.statements.append(f"{name} = softmax({self._tensor(score, side)}, present_{side.name})")
                    self.bound[side.name][part] = name
                case WeightQuotient(numerator, denominator) if not isinstance(denominator, Constant):
                    name = self._name("quotient", side.name)
                    self.helpers.add("quotient")
                    above, below = self._tensor(numerator, side), self._tensor(denominator, side)
                    self.statements.append(f"{name} = quotient({above}, {below}, present_{side.name})")
                    self.bound[side.name][part] = name
        if side.weight in self.bound[side.name] and isinstance(side.weight, Softmax):
            self.statements.append(f"{side.name} = {self.bound[side.name][side.weight]}")
        else:
            self.helpers.add("entries")
            self.statements.append(f"{side.name} = entries({self._tensor(side.weight, side)}, present_{side.name})")
        if any(RowSum(side.side) in walk(other.weight) for other in self.group.sides):
            self.statements.append(f"sum_{side.name} = {side.name}.sum(-1, keepdim=True)")

    def _joint_softmax(self, part: Softmax) -> None:
        """One softmax over both rows; the other side's score is that of its matching softmax."""
        sides = self.group.sides
        matching = [
            next(other for other in walk(side.weight) if isinstance(other, Softmax) and _same(other, part))
            for side in sides
        ]
        names = [self._name("softmax", side.name) for side in sides]
        self.helpers.add("joint_softmax")
        score_a, score_b = (self._tensor(m.score, side) for m, side in zip(matching, sides, strict=True))
        self.statements.append(f"{', '.join(names)} = joint_softmax({score_a}, {score_b}, present_a, present_b)")
        for name, side, found in zip(names, sides, matching, strict=True):
            self.bound[side.name][found] = name

    def _name(self, stem: str, side: str) -> str:
        taken = set(self.bound[side].values())
        numbered = (f"{stem}_{side}_{number}" for number in range(2, len(taken) + 3))
        return next(name for name in (f"{stem}_{side}", *numbered) if name not in taken)

    def _tensor(self, weight: Weight, side: SidePlan) -> str:
        """``weight`` as an expression with a tensor for its value."""
        text = print_weight(weight, self.bound[side.name], "torch")
        leaves = [part for part in walk(weight) if not operands(part)]
        if any(not isinstance(leaf, Constant) and self.bound[side.name][leaf] != _NOTHING for leaf in leaves):
            return text
        self.uses_dtype = True
        return f"torch.tensor({text}, dtype=dtype, device=present_{side.name}.device)"


def _same(x: Softmax, y: Softmax) -> bool:
    return x.over == "AB" == y.over and x.score == y.score
