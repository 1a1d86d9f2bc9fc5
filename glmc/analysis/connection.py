"""The influence paths between one input and one output: a shortest one, and the number of all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import log10

import numpy as np
import numpy.typing as npt

from glmc.analysis.batches import batches, distances
from glmc.analysis.influence import NEVER
from glmc.analysis.recognise import is_shift_invariant
from glmc.pattern.evaluate import IntArray
from glmc.pattern.nodes import Group, Pattern, RowSet

MOST_DIGITS = 4300
"""Exact numbers of paths have at most so many digits, which is what Python converts to text."""

_MOST_EDGES = 1 << 24
"""Paths over more edges are not counted exactly."""


@dataclass(frozen=True)
class Connection:
    """The influence paths x_source → y_target.

    ``outputs`` are the positions m, …, target of the outputs on a shortest path: x_source is read by y_m, every output
    by the next one, inside the heads of ``group``. ``hops`` is its length. ``count`` is the number of all paths of all
    groups, None where it has more than MOST_DIGITS digits or there are too many edges; ``log10_count`` is always known.
    """

    source: int
    target: int
    group: str
    outputs: tuple[int, ...]
    hops: int
    count: int | None
    log10_count: float


def connection(pattern: Pattern, source: int, target: int) -> Connection | None:
    """The paths from x_source to y_target; None where there is none, as where the source comes after the target.

    One pass over the rows from the source up, and one down to count exactly. Raises TooManyEntries, EvaluationError.
    """
    if source > target:
        return None
    found = [ways for group in pattern.groups if (ways := _ways(group, source, target)) is not None]
    if not found:
        return None
    shortest = min(found, key=lambda ways: ways.hops)
    logarithm = float(np.logaddexp2.reduce([ways.log2_count for ways in found])) * log10(2)
    exact = logarithm < MOST_DIGITS and sum(ways.edges for ways in found) <= _MOST_EDGES
    count = sum(map(_count, found)) if exact else None
    outputs = tuple(source + place for place in shortest.places)
    return Connection(source, target, shortest.name, outputs, shortest.hops, count, logarithm)


def influence_paths(pattern: Pattern, length: int) -> int | None:
    """The number of influence paths x_0 → y_{length−1}, 0 without any; None beyond MOST_DIGITS digits."""
    found = connection(pattern, 0, length - 1)
    return 0 if found is None else found.count


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows from the source to the target of one group. Places are positions counted from the source.

    Output p reads the outputs below ``filled[p]`` and the ones at ``others[p]`` beyond; ``readers`` read the source.
    """

    readers: frozenset[int]
    filled: list[int]
    others: list[IntArray]

    def __len__(self) -> int:
        return len(self.filled)


@dataclass(frozen=True, eq=False)
class _Ways:
    """The paths through one group: the places of a shortest one, log2 of their number, and the outputs they reach."""

    name: str
    rows: _Rows
    places: tuple[int, ...]
    hops: int
    log2_count: float
    reached: npt.NDArray[np.bool_]

    @property
    def edges(self) -> int:
        """How many edges are followed one by one."""
        return sum(map(len, self.rows.others))


def _ways(group: Group, source: int, target: int) -> _Ways | None:
    """Row by row: the fewest hops, the output through which they lead, and log2 of the number of paths."""
    rows = _rows(group, source, target)
    size = len(rows)
    hops, through, logs = np.full(size, NEVER), np.full(size, -1), np.full(size, -np.inf)
    # of the outputs before place t, at index t: the one of fewest hops, and log2 of the sum of their paths
    nearest, sums = np.zeros(size + 1, np.int64), np.full(size + 1, -np.inf)
    for place, (filled, others) in enumerate(zip(rows.filled, rows.others, strict=True)):
        logs[place] = np.logaddexp2.reduce(logs[others], initial=sums[filled])
        candidates = [nearest[filled]] if filled else []
        if len(others):
            candidates.append(others[hops[others].argmin()])
        best = min(candidates, key=hops.__getitem__, default=place)
        if hops[best] < NEVER:
            hops[place], through[place] = hops[best] + 1, best
        if place in rows.readers:
            logs[place] = np.logaddexp2(logs[place], 0.0)
            hops[place], through[place] = min(place, 1), -1
        nearest[place + 1] = place if hops[place] < hops[nearest[place]] else nearest[place]
        sums[place + 1] = np.logaddexp2(sums[place], logs[place])
    if hops[-1] == NEVER:
        return None
    places = [size - 1]
    while through[places[-1]] >= 0:
        places.append(int(through[places[-1]]))
    return _Ways(group.name, rows, tuple(reversed(places)), int(hops[-1]), float(logs[-1]), hops < NEVER)


def _count(ways: _Ways) -> int:
    """The exact number of paths, from the target down: an output hands its own number on to all that it reads.

    Outputs without a path from the source are left out, so that no number is larger than the result.
    """
    rows = ways.rows
    onward, to_all_before = [0] * len(rows), [0] * (len(rows) + 1)
    onward[-1] = 1
    total = to_all = 0
    for place in range(len(rows) - 1, -1, -1):
        to_all += to_all_before[place + 1]
        if not ways.reached[place]:
            continue
        number = onward[place] + to_all
        if place in rows.readers:
            total += number
        to_all_before[rows.filled[place]] += number
        for output in rows.others[place].tolist():
            onward[output] += number
    return total


def _rows(group: Group, source: int, target: int) -> _Rows:
    stop = target + 1
    if is_shift_invariant(group.a):
        readers = distances(group.a, stop - source)
    else:
        found = batches(group.a, source, stop)
        readers = np.concatenate([piece.row[piece.column == source] for _, _, piece in found]) - source
    moves = is_shift_invariant(group.b)
    parts = list(_moved_rows(group.b, stop - source) if moves else _written_rows(group.b, source, stop))
    return _Rows(frozenset(readers.tolist()), [filled for filled, _ in parts], [others for _, others in parts])


def _moved_rows(row_set: RowSet, size: int) -> Iterator[tuple[int, IntArray]]:
    """Row p of a shift-invariant set: the places p − d; all below p − e + 1 if every distance from e on is in it."""
    steps = distances(row_set, size)
    lacking = np.flatnonzero(steps[::-1] != np.arange(size - 1, size - 1 - len(steps), -1))
    last = len(steps) - (int(lacking[0]) if len(lacking) else len(steps))
    endless = int(steps[last]) if last < len(steps) else size
    for place, count in enumerate(np.searchsorted(steps[:last], np.arange(size), side="right")):
        yield max(0, place - endless + 1), place - steps[:count]


def _written_rows(row_set: RowSet, source: int, stop: int) -> Iterator[tuple[int, IntArray]]:
    """Rows as written, of the columns from the source on."""
    for start, end, found in batches(row_set, source, stop):
        ends = np.searchsorted(found.row, np.arange(start, end + 1))
        for first, last in pairwise(ends):
            places = np.sort(found.column[first:last]) - source
            places = places[places >= 0]
            lacking = np.flatnonzero(places != np.arange(len(places)))
            filled = int(lacking[0]) if len(lacking) else len(places)
            yield filled, places[filled:]
