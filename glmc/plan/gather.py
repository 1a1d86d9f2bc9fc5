"""Schedules the solve (I - B) Y = U by gathered columns, where a chunk of rows reads few columns before itself.

Rows S are those that some later chunk reads. Where they are few they are solved first, as a system of the same form,
and then all chunks at once; otherwise a chain goes over the chunks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmc.analysis.batches import TooManyEntries, batches
from glmc.analysis.cost import row_sizes
from glmc.pattern.evaluate import EvaluationError, IntArray
from glmc.plan.nodes import GroupPlan, SidePlan
from glmc.plan.solve import CHANNELS, CHUNKS

REDUCED = CHUNKS[0]  # rows of a chunk where rows S come first
MANY = 128  # chunks: of fewer a chain takes no longer than the system of the rows that they read
_BLOCKS = (16, 64)  # columns that are gathered together, at least and at most
_SHARES = 8  # rows S of a chunk are counted in so many
_LOOKED_AT = 4096  # rows
_FEW = 256  # columns
_FOLLOWED = 8_000_000  # entries, a few seconds


@dataclass(frozen=True)
class GatheredSolve:
    """The solve by the columns that each chunk of rows reads before itself.

    ``channels``: what a chain can have. ``many``: chunks from which on rows S come first.
    """

    channels: tuple[int, ...]
    many: int


@dataclass(frozen=True)
class Level:
    """A system of so many rows, in chunks of so many, each of which reads at most so many columns before itself.

    It is solved by the rows S of its chunks, ``share`` of each, which are the next level; by a chain where that is 0.
    """

    rows: int
    chunk: int
    columns: int
    share: int


def gathered_solve(group: GroupPlan) -> GatheredSolve | None:
    """The schedule, or None where sources lie fixed distances back or a chunk may read many columns before it."""
    if group.b.is_empty or group.is_shifted:
        return None
    chunk = CHUNKS[-1]
    try:
        read = _read_before(group.b, _LOOKED_AT - 8 * chunk, _LOOKED_AT, chunk)
    except (EvaluationError, TooManyEntries):  # so long a row is too large, or has no value
        return None
    return GatheredSolve(CHANNELS, MANY) if max(map(len, read)) <= _FEW else None


def levels(side: SidePlan, length: int) -> tuple[Level, ...]:
    """How ``length`` rows are solved: a system after the other, the last by a chain. Raises TooManyEntries."""
    tabled = max(64, 1 << (length - 1).bit_length())  # tables serve all lengths up to the next power of two
    if row_sizes(side.rows, tabled).sum() > _FOLLOWED:
        raise TooManyEntries
    read = _read_before(side, 0, tabled, REDUCED)
    found: list[Level] = []
    rows = length
    while (share := _share(read)) is not None:
        found.append(Level(rows, REDUCED, _width(read), share))
        rows, read = share * -(-rows // REDUCED), _inner(read, share)
    found.append(Level(rows, CHUNKS[-1], _width(_united(read, CHUNKS[-1] // REDUCED, CHUNKS[-1])), 0))
    return tuple(found)


def _read_before(side: SidePlan, start: int, stop: int, chunk: int) -> list[IntArray]:
    """The columns before itself that each chunk of the rows start … stop - 1 reads, ascending."""
    pieces = []
    for _, _, found in batches(side.rows, start, stop):
        first = found.row // chunk * chunk
        before = found.column < first
        pieces.append(np.unique(first[before] * stop + found.column[before]))
    read = np.unique(np.concatenate(pieces))
    return np.split(read % stop, np.searchsorted(read, stop * np.arange(start + chunk, stop, chunk)))


def _share(read: list[IntArray]) -> int | None:
    """The most rows of one chunk that later chunks read, in whole eights; None where these are no small system."""
    if len(read) < MANY:
        return None
    row = np.unique(np.concatenate(read))
    most = int(np.bincount(row // REDUCED, minlength=1).max())
    share = _SHARES * max(1, -(-most // _SHARES))
    return share if 4 * share <= REDUCED else None


def _inner(read: list[IntArray], share: int) -> list[IntArray]:
    """What the chunks of rows S read, by ranks: those of a chunk of the system around begin at ``share`` times it."""
    row = np.unique(np.concatenate(read))
    chunk = row // REDUCED
    rank = share * chunk + np.arange(len(row)) - np.searchsorted(chunk, chunk)
    ranks = [rank[np.searchsorted(row, columns)] for columns in read]
    return _united(ranks, REDUCED // share, REDUCED)


def _united(read: list[IntArray], together: int, rows: int) -> list[IntArray]:
    """What so many chunks together, of so many ``rows``, read before themselves."""
    united = (np.unique(np.concatenate(read[c : c + together])) for c in range(0, len(read), together))
    return [columns[columns < rows * c] for c, columns in enumerate(united)]


def _width(read: list[IntArray]) -> int:
    """The most columns that a chunk reads, in whole blocks: of 16, 32 or 64."""
    most = max(map(len, read))
    block = min(max(_BLOCKS[0], 1 << max(most - 1, 0).bit_length()), _BLOCKS[1])
    return block * max(1, -(-most // block))
