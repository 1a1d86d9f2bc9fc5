"""What a layer's mixing costs on a machine at least: bytes and operations, and the time in which it can do them.

Everything is counted from the rows themselves: the entries that they hold (time and total), and the vectors that the
emitted decode state keeps. A head's values have D channels, D·N with `state N`, its keys and queries D. Tensors are
bfloat16, bounded states float32, as the package allocates them. The projections of the layer are left out, and so are
the logits of const, which all tokens share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

import numpy as np

from glmc.analysis.batches import TooManyEntries
from glmc.analysis.cache import last_readers, live_counts
from glmc.analysis.compact import compact_slots
from glmc.analysis.cost import row_sizes
from glmc.analysis.forms import Compact
from glmc.analysis.recognise import recognise
from glmc.analysis.rules.paths import reads_itself
from glmc.pattern.evaluate import IntArray
from glmc.pattern.nodes import Dot, RowSet, SlotGate
from glmc.pattern.weights import subweights
from glmc.plan.nodes import Addressing, GroupPlan, Plan, SidePlan
from glmc.plan.target import Target

_AFFORDABLE = 4096

HALF, FULL = 2, 4
"""Bytes of a bfloat16 and of a float32."""


@dataclass(frozen=True)
class Sizes:
    """A layer: sequences at once, heads, channels of a head's values and keys."""

    batch: int
    heads: int
    channels: int


@dataclass(frozen=True)
class Work:
    """Bytes moved to and from memory, and operations; a multiplication and an addition are two."""

    bytes: int
    operations: int

    def times(self, count: int) -> Work:
        return Work(count * self.bytes, count * self.operations)

    def seconds(self, target: Target) -> float:
        """The roofline: the longer of moving the bytes and computing."""
        return max(self.bytes / target.bandwidth, self.operations / target.throughput)

    def binds(self, target: Target) -> str:
        memory = self.bytes / target.bandwidth >= self.operations / target.throughput
        return "memory" if memory else "compute"


@dataclass(frozen=True)
class Cost:
    """At one length: the bytes of one sequence's decode state, the dearest step of any token below it, and a prefill of
    that many tokens; steps and prefills for all sequences of the batch.
    """

    length: int
    state: int
    decode: Work
    prefill: Work


def costs(plan: Plan, sizes: Sizes, lengths: tuple[int, ...]) -> tuple[Cost, ...]:
    """The costs at each of ``lengths``, up to the length that enumeration can afford.

    Raises ValueError if the heads do not divide into the groups.
    """
    for share in plan.shares:
        if (share.fraction * sizes.heads).denominator != 1:
            raise ValueError(f"{share.fraction} of {sizes.heads} heads is no integer")
    try:
        tokens = _tokens(plan, sizes, max(lengths))
    except TooManyEntries:
        lengths = tuple(length for length in lengths if length <= _AFFORDABLE) or (_AFFORDABLE,)
        tokens = _tokens(plan, sizes, max(lengths))
    return tuple(_cost(plan, sizes, tokens, length) for length in lengths)


@dataclass(frozen=True, eq=False)
class _Tokens:
    """Of each token: the bytes of its inputs and output, those that its decode step moves, and its operations."""

    tensors: IntArray
    step: IntArray
    operations: IntArray


def _cost(plan: Plan, sizes: Sizes, tokens: _Tokens, length: int) -> Cost:
    dearest = int(tokens.step[:length].argmax())
    state = sum(
        int(share.fraction * sizes.heads) * state_bytes(plan.groups[share.group], sizes.channels, length)
        for share in plan.shares
    )
    decode = Work(int(tokens.step[dearest]), int(tokens.operations[dearest]))
    prefill = Work(int(tokens.tensors[:length].sum()), int(tokens.operations[:length].sum()))
    return Cost(length, state, decode.times(sizes.batch), prefill.times(sizes.batch))


def _tokens(plan: Plan, sizes: Sizes, length: int) -> _Tokens:
    heads = [_head(group, sizes.channels, length) for group in plan.groups]
    parts = [(int(share.fraction * sizes.heads), heads[share.group]) for share in plan.shares]
    nothing = np.zeros(length, np.int64)
    return _Tokens(
        sum((count * head.tensors for count, head in parts), nothing),
        sum((count * head.step for count, head in parts), nothing),
        sum((count * head.operations for count, head in parts), nothing),
    )


def _head(group: GroupPlan, channels: int, length: int) -> _Tokens:
    """One head. An entry is one product and one sum for each channel of the value and of each product of vectors in its
    weight; a step reads the entries of its row but x_i, and keeps the token's own vectors.
    """
    values = channels * (group.state or 1)
    widths = {"q": channels, "k": channels, "gate": 1, "write": group.state or 0, "read": group.state or 0}
    token = 2 * channels + sum(widths.get(name, 0) for name in group.inputs)
    tensors = np.full(length, HALF * token, np.int64)
    operations = np.full(length, 3 * values if group.state else 0, np.int64)  # lifted and read out
    stored = np.zeros(length, np.int64)
    for side in group.sides:
        entries = row_sizes(side.rows, length)
        products = {part for part in subweights(side.weight) if isinstance(part, Dot)}
        operations += 2 * (values + channels * len(products)) * entries
        if any(isinstance(part, SlotGate) for part in subweights(side.weight)):
            tensors += HALF * entries
        if side.addressing is not Addressing.NONE:
            own = side.side == "A" and reads_itself(side.rows)
            stored += (entries - own + 1) * _vector_bytes(side, group, channels)
    return _Tokens(tensors, tensors + stored, operations)


def state_bytes(group: GroupPlan, channels: int, length: int) -> int:
    """The vectors of the decode state that one head allocates for ``length`` tokens of one sequence."""
    stored = [side for side in group.sides if side.addressing is not Addressing.NONE]
    if [side.addressing for side in stored] == [Addressing.TABLE] * 2:  # in one pool
        live = sum(
            (live_counts(last_readers(side.rows, length).rows) for side in stored), np.zeros(length + 1, np.int64)
        )
        keys = {key for side in stored for key in _keys(side)}
        return int(live.max()) * FULL * channels * ((group.state or 1) + len(keys))
    return sum(_places(side, length) * _vector_bytes(side, group, channels) for side in stored)


def _places(side: SidePlan, length: int) -> int:
    match side.addressing:
        case Addressing.NONE:
            return 0
        case Addressing.HISTORY:
            return length
        case Addressing.RING:
            assert side.reach is not None
            return min(side.reach, length)
        case Addressing.NESTED:
            return _slots(side.rows, length)
        case Addressing.TABLE:
            return int(live_counts(last_readers(side.rows, length).rows).max())
        case _:
            assert_never(side.addressing)


def _slots(rows: RowSet, length: int) -> int:
    """Slots of compact rows below ``length``: #{k : f(k) < length}, more than their elements where slots coincide."""
    (form,) = recognise(rows)
    assert isinstance(form, Compact)
    found = compact_slots(form, length)
    assert found is not None
    return int((found[0] < length).sum())


def _vector_bytes(side: SidePlan, group: GroupPlan, channels: int) -> int:
    """A stored value and its keys. Histories have the dtype of x, bounded states are float32."""
    element = HALF if side.addressing is Addressing.HISTORY else FULL
    return element * channels * ((group.state or 1) + len(_keys(side)))


def _keys(side: SidePlan) -> frozenset[str]:
    """The vectors of token j that the weights of ``side`` need."""
    return frozenset(part.right for part in subweights(side.weight) if isinstance(part, Dot))
