"""Prints `state.py` and `decode.py`: what a mixer keeps between tokens, and the step that renews it.

What a step computes is laid out here as data (which stored vectors, which statistics of the row in which
order, which weights); the templates say how torch and Triton do it.
"""

from __future__ import annotations

from dataclasses import dataclass

from glmc.analysis.forms import Band
from glmc.analysis.recognise import is_shift_invariant, recognise
from glmc.backends.expressions import print_weight
from glmc.backends.nodes import GeneratedFile
from glmc.backends.weight_code import Score, reductions, scores, walk, weight_code
from glmc.emit.environment import render
from glmc.pattern.nodes import Dot, Gate, Learned, RowSum, Side, SlotGate, Softmax, Weight
from glmc.pattern.rows import entries
from glmc.plan.nodes import Addressing, GroupPlan, Plan, RowClass, SidePlan

_LOGITS: dict[Weight, str] = {SlotGate(): "slot_gate", Learned(): "const"}


class DecodeStep:
    """The `Backend` of `state.py` and `decode.py`."""

    def emit(self, plan: Plan, group: GroupPlan) -> tuple[GeneratedFile, ...]:
        folder = f"{group.package}/" if group.package else ""
        step = step_of(group)
        return (
            GeneratedFile(f"{folder}state.py", render("torch/state.py.jinja", name=group.name, step=step)),
            GeneratedFile(f"{folder}decode.py", render("triton/decode.py.jinja", name=group.name, step=step)),
        )


@dataclass(frozen=True)
class Operand:
    """A vector of the present token that scores need: `q`, or `unit_q` made from the source `q`."""

    name: str
    source: str

    @property
    def is_unit(self) -> bool:
        return self.name != self.source


@dataclass(frozen=True)
class StepSide:
    """How a step finds the entries of one side, and where they lie."""

    plan: SidePlan
    vectors: tuple[str, ...]  # stored beside the values

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def noun(self) -> str:
        return "inputs" if self.plan.side == "A" else "outputs"

    @property
    def symbol(self) -> str:
        return "x" if self.plan.side == "A" else "y"

    @property
    def is_single(self) -> bool:
        """The one entry is the present token."""
        return self.plan.addressing is Addressing.NONE

    @property
    def reads_present(self) -> bool:
        """Whether row i may hold i."""
        return self.plan.side == "A"

    @property
    def columns(self) -> str:
        """How the columns of a row are found."""
        match self.plan.row_class:
            case RowClass.BAND | RowClass.SHIFTS:
                return "shifts"
            case RowClass.DENSE if is_shift_invariant(self.plan.rows):
                return "dense"
            case RowClass.NESTED if self.plan.index_map is not None:
                return "nested"
            case _:
                return "table"

    @property
    def far(self) -> int:
        """A dense side reads everything at this distance or further."""
        return min(form.first for form in recognise(self.plan.rows) if isinstance(form, Band) and not form.stop)

    @property
    def near(self) -> tuple[int, ...]:
        """The lesser distances that a dense side reads."""
        columns = entries(self.plan.rows, self.far, self.far + 1).column
        return tuple(self.far - int(column) for column in columns if column)

    @property
    def nearest(self) -> int:
        """The least distance that a dense side reads."""
        return min((self.far, *self.near))

    @property
    def addressing(self) -> str:
        return self.plan.addressing.value

    @property
    def is_history(self) -> bool:
        return self.plan.addressing is Addressing.HISTORY

    @property
    def description(self) -> str:
        match self.plan.addressing:
            case Addressing.NONE:
                return ""
            case Addressing.HISTORY:
                return f"{self.noun}: every past token's, in place j, in the dtype of x."
            case Addressing.RING:
                return f"{self.noun}: the last {self.plan.reach}, j in place j % {self.plan.reach}, in float32."
            case Addressing.NESTED:
                return f"{self.noun}: one a slot, moved from slot to slot as the row index grows, in float32."
            case Addressing.TABLE:
                return f"{self.noun}: those with a reader to come, in places computed beforehand, in float32."

    @property
    def row_names(self) -> tuple[str, ...]:
        """What finding a row's columns and places takes besides i and the slots."""
        by_column = {
            "shifts": ("slots", "distances"),
            "dense": ("slots",),
            "nested": ("slots", "distances", "periods"),
            "table": ("slots", "columns"),
        }
        by_place = {"ring": ("places",), "table": ("table",)}
        return by_column[self.columns] + by_place.get(self.addressing, ())

    @property
    def row_values(self) -> tuple[str, ...]:
        """The same in the step kernel."""
        return tuple(f"{name}_{self.name}" for name in self.row_names)

    @property
    def buffers(self) -> tuple[str, ...]:
        """The stored tensors."""
        return (self.noun, *(f"{self.noun}_{vector}" for vector in self.vectors))

    @property
    def kept(self) -> tuple[tuple[str, str], ...]:
        """The stored tensors, each with the vector of the present token that goes there."""
        return tuple(zip(self.buffers, (f"{v}_i" for v in (self.symbol, *self.vectors)), strict=True))

    @property
    def arguments(self) -> tuple[str, ...]:
        """The step kernel's arguments for this side."""
        rest = (value for value in self.row_values if self.columns != "dense" or not value.startswith("slots"))
        return (*self.buffers, *dict.fromkeys((f"places_{self.name}", *rest)))

    @property
    def slots(self) -> str:
        """How many slots a row may have, in the launcher."""
        match self.columns:
            case "dense":
                return "state.max_length"
            case "table":
                return f"state.columns_{self.name}.shape[1]"
            case _:
                return f"len(state.distances_{self.name})"

    @property
    def launch_arguments(self) -> tuple[str, ...]:
        """The values of ``arguments`` in the launcher."""
        sizes = {f"places_{self.name}": f"state.{self.noun}.shape[1]", f"slots_{self.name}": self.slots}
        return tuple(sizes.get(argument, f"state.{argument}") for argument in self.arguments)


@dataclass(frozen=True)
class Term:
    """An expression over the entries of one side, and what has to be at hand to compute it.

    ``softmaxes`` are names and expressions to compute before ``expression``.
    """

    side: StepSide
    expression: str
    softmaxes: tuple[tuple[str, str], ...]
    scores: tuple[Score, ...]
    logits: tuple[str, ...]  # of slot_gate and const

    @property
    def vectors(self) -> tuple[str, ...]:
        """The vectors of token j that its scores read."""
        return tuple(dict.fromkeys(score.right for score in self.scores))


@dataclass(frozen=True)
class Reduction:
    """A number that the entries of a row have in common: a row sum, or a softmax's sum and largest score."""

    total: str
    largest: str | None  # only of a softmax
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Step:
    """The decode step of one group."""

    group: GroupPlan
    sides: tuple[StepSide, ...]
    reductions: tuple[Reduction, ...]  # in the order in which they need each other
    weights: tuple[Term, ...]  # one a side

    @property
    def scores(self) -> tuple[Score, ...]:
        return tuple(score for term in self.weights for score in term.scores)

    @property
    def stored(self) -> tuple[StepSide, ...]:
        """The sides that keep anything."""
        return tuple(side for side in self.sides if side.plan.addressing is not Addressing.NONE)

    @property
    def pooled(self) -> bool:
        """Whether both sides share places, so that there are as many as vectors live together."""
        return [side.plan.addressing for side in self.stored] == [Addressing.TABLE] * 2

    @property
    def buffers(self) -> tuple[str, ...]:
        """The distinct stored tensors."""
        if self.pooled:
            return ("inputs", *(f"inputs_{vector}" for vector in self.vectors))
        return tuple(buffer for side in self.stored for buffer in side.buffers)

    @property
    def batched(self) -> tuple[str, ...]:
        """The state's tensors with one part a sequence."""
        return ("self.position", *(f"self.{buffer}" for buffer in self.buffers))

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The present token's vectors, sources before what is made of them."""
        names = dict.fromkeys(name for score in self.scores for name in (score.left, score.right))
        sources = dict.fromkeys(name.removeprefix("unit_") for name in names)
        return tuple(Operand(name, name.removeprefix("unit_")) for name in dict.fromkeys((*sources, *names)))

    @property
    def vectors(self) -> tuple[str, ...]:
        """The vectors that are stored beside the values of either side."""
        return tuple(dict.fromkeys(vector for side in self.stored for vector in side.vectors))

    @property
    def gated(self) -> bool:
        return "gate" in self.group.inputs

    @property
    def logits(self) -> tuple[str, ...]:
        """The inputs that hold a logit for every slot."""
        return tuple(name for name in _LOGITS.values() if name in self.group.inputs)

    @property
    def sizes(self) -> tuple[str, ...]:
        """The step kernel's arguments that differ from state to state."""
        found = (name for side in self.stored for name in side.arguments if name.startswith(("places", "slots")))
        return (*(f"{logit}_slots" for logit in self.logits), *found, "max_length")

    @property
    def learned(self) -> bool:
        return "const" in self.group.inputs

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of the step function after the state."""
        return tuple(f"{name}: Tensor" for name in ("x", *self.group.inputs))

    @property
    def weight_arguments(self) -> tuple[str, ...]:
        """What weights.py takes, as the torch step has it."""
        return tuple("wide" if name == "dtype" else name for name in weight_code(self.group).parameters)

    @property
    def fill_parameters(self) -> tuple[str, ...]:
        """What a prompt leaves in the state."""
        symbols = (side.symbol for side in self.stored)
        return ("length: int", *(f"{name}: Tensor" for name in (*symbols, *self.vectors)))

    @property
    def scaled(self) -> bool:
        return any(score.scaled for score in self.scores)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that have a token dimension, x first."""
        return ("x", *(name for name in self.group.inputs if name != "const"))


def step_of(group: GroupPlan) -> Step:
    """How a step of ``group`` is computed."""
    sides = {side.side: _step_side(side) for side in group.sides}
    trees = {side.side: side.weight for side in group.sides}
    order = reductions(trees)
    softmaxes = [node for node in order if isinstance(node, Softmax)]
    suffixes = {node: f"_{place}" if place else "" for place, node in enumerate(softmaxes)}

    def bound(side: Side) -> dict[Weight, str]:
        dots = dict.fromkeys(part for part in walk(trees[side]) if isinstance(part, Dot))
        found = scores(trees[side], side.lower())
        return {
            **dict(zip(dots, (score.name for score in found), strict=True)),
            Gate(): "gate_i",
            SlotGate(): f"slot_gate_{side.lower()}",
            Learned(): f"const_{side.lower()}",
            RowSum("A"): "sum_a",
            RowSum("B"): "sum_b",
            **{node: f"softmax_{side.lower()}{suffix}" for node, suffix in suffixes.items()},
        }

    def term(side: Side, tree: Weight) -> Term:
        leaves = set(walk(tree))
        names = bound(side)
        return Term(
            side=sides[side],
            expression=print_weight(tree, names),
            softmaxes=tuple(
                (names[node], f"tl.exp({print_weight(node.score, names)} - largest{suffix}) / total{suffix}")
                for node, suffix in suffixes.items()
                if node in leaves
            ),
            scores=scores(tree, side.lower()),
            logits=tuple(name for leaf, name in _LOGITS.items() if leaf in leaves),
        )

    def reduction(node: Softmax | RowSum) -> Reduction:
        match node:
            case Softmax(score, over):
                terms = tuple(term(side, score) for side in trees if side in over)
                return Reduction(f"total{suffixes[node]}", f"largest{suffixes[node]}", terms)
            case RowSum(summed):
                terms = tuple(term(side, trees[side]) for side in trees if side == summed)
                return Reduction(f"sum_{summed.lower()}", None, terms)

    return Step(
        group=group,
        sides=tuple(sides.values()),
        reductions=tuple(reduction(node) for node in order),
        weights=tuple(term(side, tree) for side, tree in trees.items()),
    )


def _step_side(side: SidePlan) -> StepSide:
    return StepSide(side, tuple(dict.fromkeys(score.right for score in scores(side.weight, side.name))))
