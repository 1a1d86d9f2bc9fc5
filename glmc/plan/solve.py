"""Schedules the solve (I - B) Y = U where few slots are near: fixed distances, or compact rows.

A chain over chunks of rows, with one dense operator a chunk, is bound by the latency of its steps: so the operators are
as large as pays (128 rows; 64 in float32, whose products cost more), and everything that need not wait is done beside
the chain. Terms of the few slots that the step before can still touch are gathered last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from glmc.pattern.evaluate import map_value
from glmc.pattern.nodes import IndexMap
from glmc.pattern.reals import Real
from glmc.pattern.rows import entries
from glmc.plan.nodes import GroupPlan, RowClass, SidePlan

CHUNKS = (64, 128)  # rows of a chunk in float32, and in 16 bits
GROUP = 8  # slots whose loads are in flight together
_SMALLEST = 16  # rows whose inverse is found by substitution
_SPAN = 2048
_MANY = 16
_SHIFTED = (RowClass.SELF, RowClass.BAND, RowClass.SHIFTS)


@dataclass(frozen=True)
class ChunkSolve:
    """How the chain of chunks is fed.

    ``nearest``: the distances below 16, of shifts. ``slots``: how many read a distance below the largest chunk.
    ``near``: by chunk length, how many read one below two chunks, rounded up to whole groups. ``distant``: a chain
    solves ``span`` rows, and the terms from before them are summed beforehand by all multiprocessors, since they are
    many.
    """

    nearest: tuple[int, ...]
    slots: int
    near: dict[int, int]
    distant: bool
    span: int


def chunk_solve(group: GroupPlan) -> ChunkSolve | None:
    """The schedule, or None where slots are not known to be the further back the larger."""
    side = group.b
    if side.is_empty:
        return None
    if all(other.row_class in _SHIFTED for other in group.sides):
        return _schedule(lambda limit: len(_distances(side, limit)), _distances(side, _SMALLEST))
    if False and side.index_map is not None and side.unit_map is not None:
        return _schedule(partial(_compact_slots, side.index_map, side.unit_map), ())
    return None


def _schedule(within: Callable[[int], int], nearest: tuple[int, ...]) -> ChunkSolve:
    """``within``: how many slots read a distance below a limit."""
    return ChunkSolve(
        nearest=nearest,
        slots=within(CHUNKS[-1]),
        near={chunk: max(GROUP, -(-within(2 * chunk) // GROUP) * GROUP) for chunk in CHUNKS},
        distant=within(8 * _SPAN) - within(_SPAN) > _MANY,
        span=_SPAN,
    )


def _compact_slots(index_map: IndexMap, unit_map: IndexMap, limit: int) -> int:
    """How many slots of compact(f) read a distance below ``limit``.

    Slot k reads distances f(k) − a_k + 1 … f(k). The least ones ascend: a_k < f(k) − f(k−1) + a_(k−1).
    """
    slot = 0
    while _integer(index_map, slot) - _integer(unit_map, slot) + 1 < limit:
        slot += 1
    return slot


def _integer(map_: IndexMap, argument: int) -> int:
    value = map_value(map_, argument)
    assert not isinstance(value, Real)
    return int(value)


def _distances(side: SidePlan, limit: int) -> tuple[int, ...]:
    """The distances below ``limit``, ascending."""
    return tuple(sorted(limit - 1 - int(column) for column in entries(side.rows, limit - 1, limit).column))
