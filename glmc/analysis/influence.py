"""Exact path lengths: the fewest position-changing edges from an input to an output (THEORY, section 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from glmc.analysis.batches import batches, columns, distances
from glmc.analysis.compact import compact_slots
from glmc.analysis.cost import row_sizes
from glmc.analysis.forms import Band, Compact
from glmc.analysis.recognise import is_shift_invariant, recognise
from glmc.pattern.evaluate import IntArray
from glmc.pattern.nodes import Group, Pattern, RowSet

LONGEST_DENSE = 4096
"""The greatest length at which hops between all pairs are tabled."""

NEVER = np.iinfo(np.int64).max
"""The number of hops where there is no path."""

HopTable = npt.NDArray[np.unsignedinteger]

_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class Paths:
    """path(n) at index n for 0 <= n < len(values).

    ``unreachable`` is the first pair (j, i) without a path, least i, then least j: path(n) is infinite
    for every n > i, and ``values`` ends there. Otherwise ``values`` ends where enumeration does.
    """

    values: IntArray
    unreachable: tuple[int, int] | None

    def at(self, length: int) -> int | None:
        """path(length), None where infinite or not enumerated."""
        return int(self.values[length]) if length < len(self.values) else None


def paths(pattern: Pattern, length: int) -> Paths:
    """path(n) for every n <= length as far as enumeration reaches.

    Shift-invariant patterns, patterns without recurrence and compact recurrences (A = {i}) are exact at any
    length, others up to LONGEST_DENSE. Raises TooManyEntries, EvaluationError.
    """
    groups = pattern.groups
    if all(is_shift_invariant(g.a) and is_shift_invariant(g.b) for g in groups):
        return _by_distance([hops_by_distance(g, length) for g in groups])
    if len(groups) == 1:
        (group,) = groups
        if not recognise(group.b):
            return _direct(group, length)
        if recognise(group.a) == (Band(0, 1),):
            match recognise(group.b):
                case (Compact() as form,) if (found := _compact(form, length)) is not None:
                    return found
    return _tabled(groups, min(length, LONGEST_DENSE))


# -- shift-invariant patterns ---------------------------------------------------------------------------


def hops_by_distance(group: Group, length: int) -> IntArray:
    """Fewest hops at index d for 0 <= d < length, −1 where there are none: breadth first, a level a hop.

    Sets of distances are the bits of an integer; each level shifts the new ones by the steps or the steps by
    the new ones, whichever are fewer, so there are at most ``length`` shifts of ``length`` bits in all.
    """
    hops = np.full(length, -1)
    if length == 0:
        return hops
    everything = (1 << length) - 1
    steps = [int(step) for step in distances(group.b, length)]
    step_bits = _bits(steps)
    direct = _bits([int(step) for step in distances(group.a, length)])
    seen, new = 0, direct & 1
    direct -= new
    hop = 0
    while new or direct:
        hops[list(_positions(new))] = hop
        seen |= new
        reached, direct = direct, 0
        if seen == everything:
            break
        if new.bit_count() < len(steps):
            for position in _positions(new):
                reached |= step_bits << position
        else:
            for step in steps:
                reached |= new << step
        new = reached & everything & ~seen
        hop += 1
    return hops


def _bits(positions: list[int]) -> int:
    if not positions:
        return 0
    flags = np.zeros(max(positions) + 1, bool)
    flags[positions] = True
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")


def _positions(bits: int) -> Iterator[int]:
    if bits.bit_count() < 16:
        while bits:
            lowest = bits & -bits
            yield lowest.bit_length() - 1
            bits ^= lowest
        return
    raw = bits.to_bytes(bits.bit_length() // 8 + 1, "little")
    flags = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")
    yield from np.flatnonzero(flags).tolist()


def _by_distance(groups: list[IntArray]) -> Paths:
    hops = np.minimum.reduce([np.where(h < 0, NEVER, h) for h in groups])
    lacking = np.flatnonzero(hops == NEVER)
    return _paths(hops, (0, int(lacking[0])) if len(lacking) else None)


def _paths(farthest: IntArray, unreachable: tuple[int, int] | None) -> Paths:
    """From the greatest hops to each output, of which those before the first unreachable pair count."""
    rows = len(farthest) if unreachable is None else unreachable[1]
    return Paths(np.concatenate(([0], np.maximum.accumulate(farthest[:rows]))), unreachable)


# -- no recurrence --------------------------------------------------------------------------------------


def _direct(group: Group, length: int) -> Paths:
    """Every pair is one edge or nothing."""
    rows = np.arange(length)
    lacking = np.flatnonzero(row_sizes(group.a, length) <= rows)
    unreachable = None
    if len(lacking):
        row = int(lacking[0])
        unread = np.setdiff1d(rows[: row + 1], columns(group.a, row))
        unreachable = (int(unread[0]), row)
    return _paths(np.minimum(rows, 1), unreachable)


# -- compact recurrences --------------------------------------------------------------------------------


def _compact(form: Compact, length: int) -> Paths | None:
    """path(n) is the least t with r_t >= n, r_0 = 1, r_{t+1} = max over Q <= r_t of Q + L(Q).

    This is the path theorem of THEORY, section 3. Among the multiples of a_k the last one up to r_t reaches
    furthest, at least f(k) on. None where f is not strictly increasing so far, which the theorem needs.
    """
    slots = compact_slots(form, length)
    if slots is None:
        return None
    offsets, units = slots
    reached = [1]
    while reached[-1] < length:
        last = reached[-1] // units * units
        reached.append(int((last + offsets)[last > 0].max()))
    return Paths(np.searchsorted(reached, np.arange(length + 1)), None)


# -- any pattern ------------------------------------------------------------------------------------------


def _tabled(groups: tuple[Group, ...], length: int) -> Paths:
    farthest = np.zeros(length, np.int64)
    for row, found in enumerate(zip(*(hop_rows(group, length) for group in groups), strict=True)):
        hops = np.minimum.reduce(found)
        farthest[row] = hops.max()
        if farthest[row] == NEVER:
            return _paths(farthest, (int(np.argmax(hops)), row))
    return _paths(farthest, None)


def hop_rows(group: Group, length: int) -> Iterator[IntArray]:
    """For every output i < length, the fewest hops from the inputs 0 … i, ``NEVER`` where there is no path.

    Row by row: 1 where A reads, 0 for the own input, else one more than the least over B's rows.
    """
    hops = np.full((length, length), _absent(np.uint8), np.uint8)
    reads_itself = np.zeros(length, bool)
    sides = zip(_rows(group.a, length), _rows(group.b, length), strict=True)
    for row, (inputs, outputs) in enumerate(sides):
        if len(outputs):
            least = _least_hops(hops, row, outputs, outputs[reads_itself[outputs]])
            if hops.dtype == np.uint8 and (least == _absent(np.uint8) - 1).any():
                hops, least = _widened(hops), _widened(least)
            hops[row, :row] = least + (least < _absent(hops.dtype))
        hops[row, inputs] = 1
        if len(inputs) and inputs[-1] == row:
            reads_itself[row] = True
            hops[row, row] = 0
        found = hops[row, : row + 1]
        yield np.where(found == _absent(hops.dtype), NEVER, found.astype(np.int64))


def _absent(dtype: npt.DTypeLike) -> int:
    return int(np.iinfo(dtype).max)


def _widened(hops: HopTable) -> HopTable:
    return np.where(hops == _absent(np.uint8), np.uint16(_absent(np.uint16)), hops.astype(np.uint16))


def _least_hops(hops: HopTable, row: int, outputs: IntArray, own: IntArray) -> HopTable:
    """The columnwise least of the rows ``outputs``, which is 0 exactly at the columns ``own``."""
    least = np.full(row, np.iinfo(hops.dtype).max, hops.dtype)
    least[own] = 0
    contiguous = outputs[-1] - outputs[0] + 1 == len(outputs)
    for start in range(0, len(outputs), _ROWS_AT_ONCE):
        some = outputs[start : start + _ROWS_AT_ONCE]
        block = hops[some[0] : some[-1] + 1, :row] if contiguous else hops[some, :row]
        np.minimum(least, block.min(axis=0), out=least)
        if least.max() <= 1:
            break
    return least


def _rows(row_set: RowSet, length: int) -> Iterator[IntArray]:
    """The columns of each row, ascending."""
    for start, stop, found in batches(row_set, 0, length):
        ends = np.searchsorted(found.row, np.arange(start, stop + 1))
        for first, last in pairwise(ends):
            yield np.sort(found.column[first:last])
