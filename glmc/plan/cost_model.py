"""What the kernels of a group cost on a machine: bytes, operations and dependent steps of each pass, and what binds.

A pass is a kernel or a few of them. Its bytes are those that have to come from memory, or go there, at least once:
vectors that are read again come from the caches. So its time is a floor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from glmc.analysis.cost import row_sizes
from glmc.pattern.nodes import Constant, Dot, SlotGate, Softmax, Weight
from glmc.pattern.rows import side_slots
from glmc.pattern.weights import subweights
from glmc.plan.coefficients import is_halved
from glmc.plan.gather import Level, gathered_solve, levels
from glmc.plan.nodes import Addressing, GroupPlan, Plan, RowClass, SidePlan
from glmc.plan.roofline import FULL, HALF, Cost, Sizes
from glmc.plan.solve import CHUNKS, DIAGONAL, ChunkSolve, channel_block, chunk_solve
from glmc.plan.target import Target


class Family(Enum):
    """How the kernels of a group go about its rows."""

    NOTHING = "nothing"
    SCAN = "by a scan"
    DISTANCES = "by distance"
    TILES = "by tiles of scores"
    SLOTS = "by slot"


@dataclass(frozen=True)
class Pass:
    """One pass over all tokens of all heads and sequences.

    ``steps`` follow one another, each on the results of the one before; ``because`` says why it is done so.
    """

    name: str
    bytes: int
    operations: int
    steps: int
    because: str

    def seconds(self, target: Target) -> float:
        return max(self._seconds(target).values())

    def binds(self, target: Target) -> str:
        """`memory`, `compute` or `steps`: what takes the longest."""
        seconds = self._seconds(target)
        return max(seconds, key=lambda kind: seconds[kind])

    def _seconds(self, target: Target) -> dict[str, float]:
        return {
            "memory": self.bytes / target.bandwidth,
            "compute": self.operations / target.throughput,
            "steps": self.steps * target.step,
        }


@dataclass(frozen=True)
class GroupPasses:
    """The forward passes of ``heads`` heads that share a pattern, in order."""

    name: str
    heads: int
    family: Family
    passes: tuple[Pass, ...]


@dataclass(frozen=True)
class Explained:
    """A plan, what the passes of its groups cost in one forward call of a layer, and the floor of any schedule."""

    plan: Plan
    passes: tuple[GroupPasses, ...]
    floor: Cost
    sizes: Sizes
    target: Target


@dataclass(frozen=True)
class Load:
    """``heads`` of a group, of all sequences together, of ``channels`` each, over ``length`` tokens, on a machine."""

    heads: int
    channels: int
    length: int
    multiprocessors: int


def forward_passes(family: Family, group: GroupPlan, load: Load) -> tuple[Pass, ...]:
    """The passes of a forward call, in order. Raises TooManyEntries."""
    one_head = {
        Family.NOTHING: _nothing,
        Family.SCAN: _by_scan,
        Family.DISTANCES: _by_distance,
        Family.TILES: _by_tiles,
        Family.SLOTS: _by_slot,
    }[family]
    return tuple(
        Pass(p.name, load.heads * p.bytes, load.heads * p.operations, p.steps, p.because)
        for p in one_head(group, _Head(group, load))
    )


class _Head:
    """Counts of one head."""

    def __init__(self, group: GroupPlan, load: Load) -> None:
        self.load = load
        self.length = load.length
        self.keys = load.channels
        self.values = load.channels * (group.state or 1)
        self.sizes = {side.side: row_sizes(side.rows, load.length) for side in group.sides}
        vectors = [name for name in group.core_inputs if name in ("q", "k")]
        self.inputs = HALF * load.length * (len(vectors) * load.channels + ("gate" in group.inputs))  # of the weights
        asking = (side for side in group.sides if any(isinstance(part, SlotGate) for part in subweights(side.weight)))
        self.inputs += HALF * sum(self.entries(side) for side in asking)

    def entries(self, side: SidePlan) -> int:
        return int(self.sizes[side.side].sum())

    def slots(self, side: SidePlan) -> int:
        """Coefficients that are stored of a row."""
        if side.is_prefix:
            return self.length
        if side.slot_count is not None:
            return side.slot_count
        return side_slots(side.rows).slots(self.length) if side.numbered else int(self.sizes[side.side].max())

    def scores(self, side: SidePlan) -> int:
        """Operations of the products of vectors in the weights of one element."""
        return 2 * self.keys * len({part for part in subweights(side.weight) if isinstance(part, Dot)})


def _nothing(_group: GroupPlan, head: _Head) -> Iterator[Pass]:
    yield Pass("zeros", HALF * head.values * head.length, 0, 0, "no row of A has an element, so every output is 0")


_SCANNED_TOKENS, _SCANNED_CHUNKS = 64, 256


def _by_scan(_group: GroupPlan, head: _Head) -> Iterator[Pass]:
    """Chunks from zero, the states between them, chunks from their states."""
    chunks = -(-head.length // _SCANNED_TOKENS)
    vectors = head.values * head.length
    states = FULL * (head.values + 1) * chunks
    yield Pass(
        "chunks from zero",
        head.inputs + HALF * vectors + states,
        3 * vectors,
        0,
        f"row i reads y_(i-1) alone: runs of {_SCANNED_TOKENS} tokens compose, whatever comes before them",
    )
    yield Pass(
        "states between chunks",
        2 * states,
        3 * head.values * chunks,
        -(-chunks // _SCANNED_CHUNKS),
        f"{_SCANNED_CHUNKS} chunks at once, each composed with those before it",
    )
    yield Pass(
        "chunks from states",
        head.inputs + 2 * HALF * vectors + states,
        3 * vectors,
        0,
        "all chunks at once again, each from its state: y is written here",
    )


_SOLVED_ROWS = 16
_BY_DISTANCE = "a slot is one distance in every row: a block of rows takes slot after slot, its sources side by side"
_BY_TABLE = "a table tells the sources of each row: a block of rows takes slot after slot"
_READ_ONCE = "each output is one sum over the slots of its row, owned by one program"
_BY_ROW = "row i of A is {i} alone: a product by row"


def _by_slot(group: GroupPlan, head: _Head) -> Iterator[Pass]:
    """Coefficients by slot, then the product with A, then the solve."""
    stored = {
        side.side: (HALF if is_halved(group, side) else FULL) * head.slots(side) * head.length for side in group.sides
    }
    yield Pass(
        "coefficients",
        head.inputs + sum(stored.values()),
        sum(head.scores(side) * head.entries(side) for side in group.sides),
        0,
        _BY_DISTANCE if group.is_shifted else _BY_TABLE,
    )
    vectors = head.values * head.length
    read = vectors * HALF + stored["A"]
    if group.b.is_empty:
        yield Pass("A X", read + vectors * HALF, 2 * head.values * head.entries(group.a), 0, _READ_ONCE)
        return
    chunks, gathered = chunk_solve(group), gathered_solve(group)
    if group.a.row_class is not RowClass.SELF or not (chunks or gathered):  # else the solve reads X
        because = _BY_ROW if group.a.row_class is RowClass.SELF else _READ_ONCE
        yield Pass("U = A X", read + vectors * FULL, 2 * head.values * head.entries(group.a), 0, because)
        read = vectors * FULL
    if chunks is not None:
        yield from _by_chunks(group, chunks, head, read, stored["B"])
    elif gathered is not None:
        yield from _by_gathering(group, head, read, stored["B"])
    else:
        history = HALF if group.b.addressing is Addressing.HISTORY else FULL
        yield Pass(
            "(I - B) Y = U",
            stored["B"] + read + vectors * history,
            2 * head.values * head.entries(group.b),
            -(-head.length // _SOLVED_ROWS),
            f"chunks of {_SOLVED_ROWS} rows, one after the other: outputs inside a chunk by substitution",
        )


def _by_distance(group: GroupPlan, head: _Head) -> Iterator[Pass]:
    """One pass with a softmax that goes along."""
    assert group.attention is not None
    near, far = group.attention.near, group.attention.far
    ways = [f"distances below {near} by tiles of scores"] if near else []
    ways += [f"each {'further' if near else 'distance'} by vectors that are so far apart"] if far else []
    vectors = head.values * head.length
    yield Pass(
        "Y = softmax(Q K) X",
        head.inputs + 2 * HALF * vectors + FULL * head.length,
        (head.scores(group.a) + 2 * head.values) * head.entries(group.a),
        0,
        f"{', '.join(ways)}; a softmax goes along, no coefficient is stored",
    )


def _by_chunks(group: GroupPlan, schedule: ChunkSolve, head: _Head, read: int, coefficients: int) -> Iterator[Pass]:
    """The solve where sources lie fixed distances back; ``read``: the bytes of its right-hand side."""
    vectors, chunk = head.values * head.length, CHUNKS[-1]
    operators = _operators(coefficients, head.length, chunk)
    yield operators
    yield Pass(
        "(I - B) Y = U",
        read + operators.bytes + 2 * HALF * vectors,
        2 * head.values * (head.entries(group.b) + chunk * head.length),
        -(-head.length // chunk),
        f"{_chains(head)}, by a product each"
        + (f"; terms from before each {schedule.span} rows by all multiprocessors" if schedule.distant else ""),
    )


def _by_gathering(group: GroupPlan, head: _Head, read: int, coefficients: int) -> Iterator[Pass]:
    """The solve where a chunk reads few columns; ``read``: the bytes of its right-hand side."""
    *reduced, last = levels(group.b, head.length)
    within = ""
    expansions = []
    for level in reduced:
        operators = _operators(coefficients, level.rows, level.chunk, within)
        ranks = level.share * -(-level.rows // level.chunk)
        factors, right = HALF * level.columns * ranks, FULL * head.values * ranks
        given, solved = operators.bytes + read, FULL if within else HALF
        yield operators
        yield Pass(
            f"{within}rows S of F = W E, Z = W U",
            given + factors + right,
            2 * level.chunk * (level.columns + head.values) * level.rows,
            0,
            f"later chunks read at most {level.share} of {level.chunk} rows, S: a system of its own, solved first",
        )
        expansions.append(
            Pass(
                f"{within}Y = W (U + E Y[S])",
                given + right + solved * head.values * level.rows,
                2 * (level.chunk + level.columns) * head.values * level.rows,
                0,
                f"with Y[S] all chunks at once: each reads {level.columns} rows of S at most",
            )
        )
        read, coefficients, within = right, factors, f"{within}S: "
    yield from _by_chain(head, last, read, coefficients, within)
    yield from reversed(expansions)


def _by_chain(head: _Head, level: Level, read: int, coefficients: int, within: str) -> Iterator[Pass]:
    """A chain over chunks, which gather; ``within``: before the names of passes, `S: ` in a system of rows S."""
    vectors = head.values * level.rows
    operators = _operators(coefficients, level.rows, level.chunk, within)
    factors = HALF * level.columns * level.rows
    yield operators
    yield Pass(
        f"{within}F = W E, Z = W U",
        operators.bytes + read + factors + vectors * FULL,
        2 * level.chunk * (level.columns + head.values) * level.rows,
        0,
        f"a chunk reads {level.columns} columns before it at most: what depends on no output, all chunks at once",
    )
    yield Pass(
        f"{within}Y = Z + F Y",
        factors + vectors * (FULL + (FULL if within else HALF)),
        2 * level.columns * vectors,
        -(-level.rows // level.chunk),
        f"{_chains(head)}, which gather the columns that a chunk reads",
    )


def _operators(coefficients: int, rows: int, chunk: int, within: str = "") -> Pass:
    return Pass(
        f"{within}operators",
        coefficients + HALF * (chunk + DIAGONAL) // 2 * rows,
        2 * chunk * chunk * rows // 3,
        0,
        f"(I - B)^-1 of the {chunk} rows of a chunk, all chunks at once: 16 by substitution, more by products",
    )


def _chains(head: _Head) -> str:
    block = channel_block(head.load.heads * head.values, head.load.multiprocessors)
    chains = head.load.heads * -(-head.values // block)
    return f"{chains} chains of {block} channels take chunks of {CHUNKS[-1]} rows one after the other"


_IN_TILES = "long intervals: tiles of scores on the tensor cores, never stored"
_TILED_ROWS = 128


def _by_tiles(group: GroupPlan, head: _Head) -> Iterator[Pass]:
    """Tiles of scores that are computed as they are needed."""
    vectors = head.values * head.length
    within = group.a.row_class is RowClass.SELF and _is_within_the_solve(group.a.weight)
    for side in group.sides:
        if side.side == "A" and not within:
            yield Pass(
                "U = A X",
                head.inputs + vectors * (HALF + (HALF if group.b.is_empty else FULL)),
                (head.scores(side) + 2 * head.values) * head.entries(side),
                0,
                _BY_ROW if side.row_class is RowClass.SELF else _IN_TILES,
            )
        elif side.side == "B":
            yield Pass(
                "(I - B) Y = A X" if within else "(I - B) Y = U",
                head.inputs + vectors * ((HALF if within else FULL) + HALF),
                (head.scores(side) + 2 * head.values) * head.entries(side),
                -(-head.length // _TILED_ROWS),
                f"long intervals: a wavefront of chunks of {_TILED_ROWS} rows that take earlier ones as they come",
            )


def _is_within_the_solve(weight: Weight) -> bool:
    """Whether the weight of {i} is 1 or shares B's softmax, so that the solve reads x itself."""
    return weight == Constant(Fraction(1)) or (isinstance(weight, Softmax) and weight.over == "AB")
