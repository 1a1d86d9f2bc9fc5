"""Lays out how Triton computes coefficients by slot, and the derivatives of all that they depend on.

A program has the whole rows of a block. It goes through the slots of each side in tiles, once for each statistic of
the row (a softmax's sum, a row sum, the sum that a softmax's derivative needs) and once for the results; of a side with
one slot it holds all that a tile would load. What is computed is laid out here as data; the template says how tiles are
loaded and stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from glmc.backends.derivatives import ONE, ZERO, derivative, multiple
from glmc.backends.expressions import print_factor, print_number, print_weight
from glmc.backends.weight_code import Score, operands, reductions, scores, walk
from glmc.pattern.nodes import Constant, Dot, Gate, Learned, RowSum, SlotGate, Softmax, Weight
from glmc.plan.coefficients import is_halved
from glmc.plan.nodes import GroupPlan, SidePlan

_GATES = ("gate", "slot_gate", "const")


@dataclass(frozen=True)
class Tile:
    """Expressions over a tile of one side's slots × rows, or over the rows where the side has one slot.

    ``loads`` are the values by entry that they take, ``statements`` what to compute first; ``results`` are what the
    tile gives, by name.
    """

    side: SidePlan
    loads: tuple[str, ...]
    statements: tuple[str, ...]
    results: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Statistic:
    """A number a row: the sum of what its entries give, or for a softmax the logarithm of its sum of exponentials."""

    name: str
    is_softmax: bool
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Gradients:
    """The derivatives. ``sloped`` sides are those whose coefficients depend on any input of the weights.

    ``means`` are the sums Σ p g of softmaxes that come with the slopes, ``sums`` what takes a pass over the slots.
    """

    sloped: tuple[SidePlan, ...]
    means: tuple[str, ...]
    sums: tuple[Statistic, ...]
    tiles: tuple[Tile, ...]
    kept: tuple[str, ...]  # what the derivatives take besides coefficients and gates: scores, norms and row sums
    gates: tuple[str, ...]  # of gate, slot_gate, const: those that the derivatives take
    covers: bool  # whether every logit of slot_gate that a row may have gets a slope

    @property
    def loads(self) -> tuple[tuple[SidePlan, tuple[str, ...]], ...]:
        """By side, what its tiles load."""
        every = (*(tile for statistic in self.sums for tile in statistic.tiles), *self.tiles)
        return tuple((side, _loads(side, every)) for side in self.sloped)

    @property
    def weighted(self) -> tuple[SidePlan, ...]:
        """The sides whose coefficients the derivatives take."""
        return tuple(side for side, loads in self.loads if side.name in loads)

    @property
    def results(self) -> tuple[str, ...]:
        """What has slopes, by names within tiles."""
        return tuple(dict.fromkeys(name for tile in self.tiles for name, _ in tile.results))

    @property
    def moved(self) -> tuple[str, ...]:
        """Of gate, slot_gate, const: those that have slopes."""
        return tuple(gate for gate in _GATES if any(_is_of(name, gate) for name in self.results))

    @property
    def scores(self) -> tuple[str, ...]:
        """The scores that have slopes."""
        return tuple(name for name in self.results if name.startswith("dot"))

    @property
    def fields(self) -> tuple[str, ...]:
        """The results as tensors: scores, then gates."""
        return (*self.scores, *self.moved)

    @property
    def values(self) -> tuple[str, ...]:
        """The vectors that slopes of coefficients are products with: x and y."""
        names = {side.name for side in self.sloped}
        return (*(("x",) if "a" in names else ()), *(("y",) if "b" in names else ()))

    @property
    def sizes(self) -> tuple[str, ...]:
        """The kernel's arguments that change with the length."""
        return _sizes(self.sloped, {*self.gates, *self.moved})


@dataclass(frozen=True)
class CoefficientCode:
    """The coefficients of one group. ``scores`` by side; ``norms`` and ``sums`` are numbers a row."""

    sides: tuple[SidePlan, ...]
    scores: tuple[tuple[SidePlan, tuple[Score, ...]], ...]
    gates: tuple[str, ...]  # of gate, slot_gate, const: those that the weights take
    statistics: tuple[Statistic, ...]
    weights: tuple[Tile, ...]
    gradients: Gradients | None
    halved: tuple[SidePlan, ...]  # those whose coefficients are float16 beside 16-bit values

    @property
    def all_scores(self) -> tuple[Score, ...]:
        return tuple(score for _, found in self.scores for score in found)

    @property
    def vectors(self) -> tuple[str, ...]:
        """The tensors that scores are products of."""
        return tuple(dict.fromkeys(name for score in self.all_scores for name in (score.left, score.right)))

    @property
    def scaled(self) -> tuple[str, ...]:
        """The scores that are over sqrt(d_k)."""
        return tuple(score.name for score in self.all_scores if score.scaled)

    @property
    def tensors(self) -> tuple[str, ...]:
        """All that the weights take."""
        return (*self.vectors, *self.gates)

    @property
    def sizes(self) -> tuple[str, ...]:
        """The kernel's arguments that change with the length."""
        return _sizes(self.sides, set(self.gates))

    @property
    def loads(self) -> tuple[tuple[SidePlan, tuple[str, ...]], ...]:
        """By side, what its tiles load."""
        every = (*(tile for statistic in self.statistics for tile in statistic.tiles), *self.weights)
        return tuple((side, _loads(side, every)) for side in self.sides)

    @property
    def reached(self) -> tuple[SidePlan, ...]:
        """The sides whose kernel looks for the slots that its rows reach: for scores and statistics of many slots."""
        summed = {tile.side for statistic in self.statistics for tile in statistic.tiles}
        return tuple(side for side, found in self.scores if (found or side in summed) and not side.has_one_slot)

    @property
    def stored_scores(self) -> tuple[Score, ...]:
        """The scores that the kernel stores: those of many slots, and what the derivatives take."""
        return tuple(
            score
            for side, found in self.scores
            for score in found
            if not side.has_one_slot or score in self.kept_scores
        )

    @property
    def multiplies_one_slot(self) -> bool:
        """Whether a score or the slope of a coefficient belongs to a side with one slot."""
        sloped = self.gradients.sloped if self.gradients else ()
        return any(side.has_one_slot and (found or side in sloped) for side, found in self.scores)

    @property
    def kept_scores(self) -> tuple[Score, ...]:
        """The scores that the derivatives take."""
        kept = self.gradients.kept if self.gradients else ()
        return tuple(score for score in self.all_scores if score.name in kept)

    @property
    def kept_rows(self) -> tuple[str, ...]:
        """The numbers a row that the derivatives take: logarithms of softmaxes' sums (``norm…``), row sums."""
        kept = self.gradients.kept if self.gradients else ()
        return tuple(name for name in kept if name.startswith(("norm", "sum")))


def coefficient_code(group: GroupPlan) -> CoefficientCode:
    """The coefficients of the sides that have entries."""
    return _Layout(group).code()


# -- forward -------------------------------------------------------------------------------------------------


@dataclass
class _Layout:
    group: GroupPlan
    suffix: dict[Softmax, str] = field(default_factory=dict)
    kept: dict[str, None] = field(default_factory=dict)
    gates: set[str] = field(default_factory=set)

    def code(self) -> CoefficientCode:
        order = reductions({side.side: side.weight for side in self.group.sides})
        softmaxes = [node for node in order if isinstance(node, Softmax)]
        self.suffix = {node: f"_{place}" if place else "" for place, node in enumerate(softmaxes)}
        return CoefficientCode(
            sides=self.group.sides,
            scores=tuple((side, scores(side.weight, side.name)) for side in self.group.sides),
            gates=tuple(name for name in _GATES if name in self.group.inputs),
            statistics=tuple(found for found in map(self._statistic, order) if found.tiles),
            weights=tuple(self._forward_tile(side, side.weight, side.name) for side in self.group.sides),
            gradients=self._gradients(),
            halved=tuple(side for side in self.group.sides if is_halved(self.group, side)),
        )

    def bound(self, side: SidePlan) -> dict[Weight, str]:
        """Names of what a tile of ``side`` has at hand."""
        name = side.name
        dots = dict.fromkeys(part for part in walk(side.weight) if isinstance(part, Dot))
        return {
            **dict(zip(dots, (score.name for score in scores(side.weight, name)), strict=True)),
            Gate(): "gate",
            SlotGate(): f"slot_gate_{name}",
            Learned(): f"const_{name}",
            RowSum("A"): "0.0" if self.group.a.is_empty else "sum_a",
            RowSum("B"): "0.0" if self.group.b.is_empty else "sum_b",
            **{node: f"softmax_{name}{suffix}" for node, suffix in self.suffix.items()},
        }

    def _statistic(self, node: Softmax | RowSum) -> Statistic:
        match node:
            case Softmax(score, over):
                tiles = (self._forward_tile(side, score, "score") for side in self._sides(over))
                return Statistic(f"norm{self.suffix[node]}", True, tuple(tiles))
            case RowSum(summed):
                name = f"sum_{summed.lower()}"
                tiles = (self._forward_tile(side, side.weight, name) for side in self._sides(summed))
                return Statistic(name, False, tuple(tiles))

    def _sides(self, over: str) -> tuple[SidePlan, ...]:
        return tuple(side for side in self.group.sides if side.side in over)

    def _forward_tile(self, side: SidePlan, weight: Weight, result: str) -> Tile:
        bound = self.bound(side)
        nodes = set(walk(weight))
        softmaxes = tuple(
            f"{bound[node]} = tl.exp({print_weight(node.score, bound)} - norm{suffix})"
            for node, suffix in self.suffix.items()
            if node in nodes
        )
        loads = tuple(name for node, name in bound.items() if node in nodes and _is_entry(node))
        return Tile(side, loads, softmaxes, ((result, print_weight(weight, bound)),))

    # -- derivatives

    def _gradients(self) -> Gradients | None:
        sloped = tuple(side for side in self.group.sides if self._learns(side.weight))
        if not sloped:
            return None
        sums = (*self._slope_sums(sloped), *self._means(sloped))
        tiles = tuple(_Slopes(self, side).leaves() for side in sloped)
        return Gradients(
            sloped,
            tuple(f"mean{suffix}" for node, suffix in self.suffix.items() if self._comes_with_slopes(node)),
            sums,
            tuple(tile for tile in tiles if tile.results),
            tuple(self.kept),
            tuple(gate for gate in _GATES if gate in self.gates),
            self._covers(),
        )

    def _covers(self) -> bool:
        end = 0
        for side in sorted(self.group.sides, key=lambda side: side.first_logit or 0):
            if side.first_logit is None:
                continue
            if side.first_logit != end or SlotGate() not in walk(side.weight):
                return False
            end += side.slot_count or 0  # one that grows is the last
        return True

    def _slope_sums(self, sloped: tuple[SidePlan, ...]) -> Iterator[Statistic]:
        """The slopes of row sums, from those of the coefficients of the side that takes them."""
        for side in sloped:
            name = f"slope_sum_{side.name}"
            users = (other for other in sloped if self._sums(other, side))
            tiles = tuple(_Slopes(self, user).of(RowSum(side.side), name) for user in users)
            if tiles:
                yield Statistic(name, False, tiles)

    def _means(self, sloped: tuple[SidePlan, ...]) -> Iterator[Statistic]:
        """Σ p g of every softmax p whose slopes are g."""
        for node, suffix in self.suffix.items():
            if self._learns(node.score) and not self._comes_with_slopes(node):
                tiles = tuple(_Slopes(self, side).mean(node) for side in sloped if side.side in node.over)
                yield Statistic(f"mean{suffix}", False, tiles)

    def _comes_with_slopes(self, softmax: Softmax) -> bool:
        """Whether all coefficients are multiples of ``softmax``: then Σ p g is the sum of w_is times its slope."""
        sides = self.group.sides
        return self._learns(softmax.score) and all(multiple(side.weight, softmax) for side in sides)

    def _learns(self, weight: Weight) -> bool:
        """Whether ``weight`` depends on an input."""
        for part in walk(weight):
            match part:
                case Dot() | Gate() | SlotGate() | Learned():
                    return True
                case RowSum(summed) if any(self._learns(side.weight) for side in self._sides(summed)):
                    return True
        return False

    def _sums(self, side: SidePlan, summed: SidePlan) -> bool:
        return derivative(side.weight, RowSum(summed.side)) != ZERO

    def is_summed(self, side: SidePlan) -> bool:
        return any(self._sums(other, side) for other in self.group.sides)

    def learned_softmaxes(self, side: SidePlan) -> Iterator[Softmax]:
        for node in self.suffix:
            if node in walk(side.weight) and self._learns(node.score):
                yield node


@dataclass
class _Slopes:
    """One tile of derivatives of a side: its slopes, the derivatives of its coefficients, times inner ones."""

    layout: _Layout
    side: SidePlan
    loads: dict[str, None] = field(default_factory=dict)
    statements: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bound = self.layout.bound(self.side)
        self.stored = f"slope_{self.side.name}"
        self.slope = f"whole_{self.stored}" if self.layout.is_summed(self.side) else self.stored

    def of(self, node: Weight, result: str) -> Tile:
        """The slope of ``node`` where it is no part of a softmax."""
        return self._tile(((result, self._times(derivative(self.side.weight, node), self.slope)),))

    def mean(self, node: Softmax) -> Tile:
        """A softmax times its slope; the sum along the row is what the slopes of its scores have in common."""
        inner = self._times(derivative(self.side.weight, node), self.slope)
        self._softmax(node)
        suffix = self.layout.suffix[node]
        return self._tile(((f"mean{suffix}", f"{self.bound[node]} * {_factor(inner)}"),))

    def leaves(self) -> Tile:
        """The slopes of the inputs."""
        results = []
        for node, name in self.bound.items():
            if isinstance(node, RowSum | Softmax) or node not in set(walk(self.side.weight)):
                continue
            parts = [(derivative(self.side.weight, node), self.slope)]
            parts += [
                (derivative(softmax.score, node), self._score_slope(softmax))
                for softmax in self.layout.learned_softmaxes(self.side)
                if derivative(softmax.score, node) != ZERO
            ]
            found = [self._times(factor, slope) for factor, slope in parts if factor != ZERO]
            if found:
                results.append((name, " + ".join(found)))
        return self._tile(tuple(results))

    def _tile(self, results: tuple[tuple[str, str], ...]) -> Tile:
        summed = self.stored in self.loads and self.slope != self.stored
        first = (f"{self.slope} = {self.stored} + slope_sum_{self.side.name}",) if summed else ()
        return Tile(self.side, tuple(self.loads), (*first, *self.statements), results)

    def _times(self, factor: Weight, name: str) -> str:
        self._take(factor)
        if name == self.slope:
            self.loads[self.stored] = None
        if factor == ONE:
            return name
        return f"-{name}" if factor == Constant(Fraction(-1)) else f"{print_factor(factor, self.bound)} * {name}"

    def _take(self, weight: Weight) -> None:
        """Have everything at hand that ``weight`` is printed with."""
        match weight:
            case Softmax():
                self._softmax(weight)
            case RowSum():
                if self.bound[weight] != "0.0":
                    self.layout.kept[self.bound[weight]] = None
            case _:
                if _is_entry(weight):
                    self.loads[self.bound[weight]] = None
                if isinstance(weight, Gate | SlotGate | Learned):
                    self.layout.gates |= {gate for gate in _GATES if _is_of(self.bound[weight], gate)}
                if isinstance(weight, Dot):
                    self.layout.kept[self.bound[weight]] = None
                for part in operands(weight):
                    self._take(part)

    def _softmax(self, node: Softmax) -> None:
        """The softmax, from the coefficient where that tells it."""
        number = multiple(self.side.weight, node)
        if number is None:
            self._take(node.score)
            norm = f"norm{self.layout.suffix[node]}"
            self.layout.kept[norm] = None
            value = f"tl.exp({print_weight(node.score, self.bound)} - {norm})"
        else:
            self.loads[self.side.name] = None
            value = self.side.name if number == 1 else f"{self.side.name} / {print_number(number)}"
        self.statements[f"{self.bound[node]} = {value}"] = None

    def _score_slope(self, node: Softmax) -> str:
        """The slope of a softmax's score, s_k = p_k (g_k − Σ p g)."""
        inner = self._times(derivative(self.side.weight, node), self.slope)
        self._softmax(node)
        suffix = self.layout.suffix[node]
        name = f"slope_score_{self.side.name}{suffix}"
        self.statements[f"{name} = {self.bound[node]} * ({inner} - mean{suffix})"] = None
        return name


def _is_entry(node: Weight) -> bool:
    """Whether a value belongs to each entry."""
    return isinstance(node, Dot | SlotGate | Learned)


def _is_of(name: str, gate: str) -> bool:
    """Whether a tile's name is that of ``gate``: `gate`, `slot_gate_b`, `const_a`."""
    return name == gate or name[:-2] == gate


def _loads(side: SidePlan, tiles: Iterable[Tile]) -> tuple[str, ...]:
    """All that a side's tiles load."""
    return tuple(dict.fromkeys(name for tile in tiles if tile.side == side for name in tile.loads))


def _sizes(sides: tuple[SidePlan, ...], gates: set[str]) -> tuple[str, ...]:
    slots = (f"S_{side.side}" for side in sides if not side.has_one_slot)
    return ("T", *slots, *(f"{gate}_slots" for gate in _GATES[1:] if gate in gates))


def _factor(text: str) -> str:
    return f"({text})" if text.startswith("-") else text
