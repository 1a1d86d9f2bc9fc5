"""Schedules the solve (I - B) Y = U by chunks, where sources lie fixed distances back.

A chain over chunks of rows, with one dense operator a chunk, is bound by the latency of its steps: so the operators are
as large as pays (128 rows; 64 in float32, whose products cost more), and everything that need not wait is done beside
the chain.
"""

from __future__ import annotations

from dataclasses import dataclass

from glmc.pattern.rows import entries
from glmc.plan.nodes import GroupPlan, SidePlan

CHUNKS = (64, 128)  # rows of a chunk in float32, and in 16 bits
DIAGONAL = 64  # columns of an operator that are kept together, from their diagonal block on
CHANNELS = (8, 16, 32)  # of a chain
GROUP = 8  # slots whose loads are in flight together
_SMALLEST = 16  # rows whose inverse is found by substitution
_SPAN = 2048
_MANY = 16


@dataclass(frozen=True)
class ChunkSolve:
    """How the chain of chunks is fed.

    ``nearest``: the distances below 16. ``near``: by chunk length, how many are below two chunks, rounded up to whole
    groups. ``channels``: what a chain can have. ``distant``: a chain solves ``span`` rows, and the terms from before
    them are summed beforehand by all multiprocessors, since they are many.
    """

    nearest: tuple[int, ...]
    near: dict[int, int]
    channels: tuple[int, ...]
    distant: bool
    span: int


def chunk_solve(group: GroupPlan) -> ChunkSolve | None:
    """The schedule, or None where sources do not lie fixed distances back."""
    if group.b.is_empty or not group.is_shifted:
        return None
    return ChunkSolve(
        nearest=_distances(group.b, _SMALLEST),
        near={chunk: max(GROUP, -(-len(_distances(group.b, 2 * chunk)) // GROUP) * GROUP) for chunk in CHUNKS},
        channels=CHANNELS,
        distant=len(_distances(group.b, 8 * _SPAN)) - len(_distances(group.b, _SPAN)) > _MANY,
        span=_SPAN,
    )


def channel_block(channels: int, multiprocessors: int) -> int:
    """The channels of a chain, of so many in all heads.

    A step takes the longer the more channels it has, though less than in proportion: so they are as few as let all
    chains run side by side.
    """
    return next((block for block in CHANNELS if channels <= block * multiprocessors), CHANNELS[-1])


def _distances(side: SidePlan, limit: int) -> tuple[int, ...]:
    """The distances below ``limit``, ascending."""
    return tuple(sorted(limit - 1 - int(column) for column in entries(side.rows, limit - 1, limit).column))
