"""Congestion of copying n tokens by n positions, as an interval (THEORY, sections 2 and 3).

For the pairs x_j → y_{j+n}, 0 <= j < n, one influence path each; a path loads every position that it enters.
The least possible largest load lies between what a flow needs and what an explicit routing reaches.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from glmc.analysis.batches import batches, distances
from glmc.analysis.forms import Band
from glmc.analysis.influence import NEVER, hop_rows, hops_by_distance
from glmc.analysis.recognise import is_shift_invariant, recognise
from glmc.pattern.evaluate import IntArray
from glmc.pattern.nodes import Group, Pattern, RowSet

FloatArray = npt.NDArray[np.float64]

_FLOW_WORK = 1 << 23
"""Edges times the square of hops up to which a flow takes a second or so."""

_ROUTING_WORK = 1 << 30
_EDGES_A_CALL = 4000
"""How many edges cost as much as one more call of numpy."""
_SWEEPS = 12
_STEEPNESS = 8.0


@dataclass(frozen=True)
class Congestion:
    """lower <= congestion(length) <= upper, None if ``unroutable``, a pair (j, j + length) without a path."""

    length: int
    lower: int | None
    upper: int | None
    unroutable: tuple[int, int] | None


def congestion(pattern: Pattern, length: int) -> Congestion:
    """An interval for congestion(length); a few seconds at length 1024.

    Raises TooManyEntries, EvaluationError.
    """
    hops = [_copy_hops(group, length) for group in pattern.groups]
    fewest = np.minimum.reduce(hops)
    lacking = np.flatnonzero(fewest == NEVER)
    if len(lacking):
        return Congestion(length, None, None, (int(lacking[0]), int(lacking[0]) + length))
    if fewest.max() == 1:
        return Congestion(length, 1, 1, None)
    edges = [_Edges.of(group, 2 * length) for group in pattern.groups]
    # all entries fall on 2·length − 1 positions of each group
    spread = -(-int(fewest.sum()) // ((2 * length - 1) * len(edges)))
    least = max(spread, _cut_bound(edges, length))
    upper = min(_upper(*each, length, least) for each in zip(pattern.groups, edges, hops, strict=True))
    if sum(map(len, edges)) * int(fewest.max()) ** 2 <= _FLOW_WORK:
        least = _lower(edges, length, least, upper)
    return Congestion(length, least, upper, None)


def _copy_hops(group: Group, length: int) -> IntArray:
    """The fewest hops from x_j to y_{j+length}, for 0 <= j < length."""
    if is_shift_invariant(group.a) and is_shift_invariant(group.b):
        hops = int(hops_by_distance(group, length + 1)[length])
        return np.full(length, NEVER if hops < 0 else hops)
    targets = islice(hop_rows(group, 2 * length), length, None)
    return np.array([hops[source] for source, hops in enumerate(targets)])


@dataclass(frozen=True, eq=False)
class _Edges:
    """Entries (row, column) of A and of B below a length, by ascending rows."""

    a: tuple[IntArray, IntArray]
    b: tuple[IntArray, IntArray]

    @classmethod
    def of(cls, group: Group, length: int) -> _Edges:
        return cls(_entries(group.a, length), _entries(group.b, length))

    def __len__(self) -> int:
        return len(self.a[0]) + len(self.b[0])


def _entries(row_set: RowSet, length: int) -> tuple[IntArray, IntArray]:
    found = [piece for _, _, piece in batches(row_set, 0, length)]
    return np.concatenate([f.row for f in found]), np.concatenate([f.column for f in found])


# -- lower bounds -------------------------------------------------------------------------------------------


def _lower(edges: list[_Edges], length: int, least: int, upper: int) -> int:
    """The least capacity of every position, in [least, upper], at which ``length`` units flow."""
    lowest, highest = least, upper
    middle = highest - 1  # routings are often best possible
    while lowest < highest:
        if _flows(edges, length, middle):
            highest = middle
        else:
            lowest = middle + 1
        middle = (lowest + highest) // 2
    return highest


def _cut_bound(edges: list[_Edges], length: int) -> int:
    """What n paths from positions below n to positions from n on need, by the entries that cross.

    n <= |live_x(n)| + |live_y(n)|·(c + 1), as a live output carries its own path and the c that entered it;
    and n <= c · (the positions from n on that read one below n).
    """
    live_inputs = live_outputs = readers = 0
    for edge in edges:
        (a_rows, a_columns), (b_rows, b_columns) = _crossing(edge.a, length), _crossing(edge.b, length)
        live_inputs += len(np.unique(a_columns))
        live_outputs += len(np.unique(b_columns))
        readers += len(np.union1d(a_rows, b_rows))
    by_live = -(-(length - live_inputs) // live_outputs) - 1 if live_outputs else 1
    return max(1, by_live, -(-length // readers))


def _crossing(side: tuple[IntArray, IntArray], length: int) -> tuple[IntArray, IntArray]:
    row, column = side
    crossing = (row >= length) & (column < length)
    return row[crossing], column[crossing]


def _flows(edges: list[_Edges], length: int, capacity: int) -> bool:
    """Whether one unit from each x_j and one into each y_{j+n} can flow, ``capacity`` into each position.

    Positions are split into an entrance and an exit; an own start goes straight to the exit.
    """
    source, sink = 0, 1
    inputs, targets = 2 + np.arange(length), 2 + length + np.arange(length)
    arcs: list[tuple[IntArray, IntArray, int]] = [
        (np.full(length, source), inputs, 1),
        (targets, np.full(length, sink), 1),
    ]
    for number, edge in enumerate(edges):
        entrances = 2 + 2 * length * (2 * number + 1) + np.arange(2 * length)
        exits = entrances + 2 * length
        row, column = (x[edge.a[1] < length] for x in edge.a)
        arcs += [
            (inputs[column], np.where(row == column, exits[row], entrances[row]), 1),
            (entrances, exits, capacity),
            (exits[edge.b[1]], entrances[edge.b[0]], length),
            (exits[length:], targets, 1),
        ]
    tails, heads = (np.concatenate([arc[end] for arc in arcs]) for end in (0, 1))
    limits = np.concatenate([np.full(len(arc[0]), arc[2], np.int32) for arc in arcs])
    nodes = 2 + 2 * length * (2 * len(edges) + 1)
    network = csr_array((limits, (tails, heads)), shape=(nodes, nodes))
    return bool(maximum_flow(network, source, sink).flow_value == length)


# -- explicit routings --------------------------------------------------------------------------------------


def _upper(group: Group, edges: _Edges, hops: IntArray, length: int, least: int) -> int:
    """The largest load of a routing through this group; ``length`` at most, as no path enters twice."""
    if (hops == NEVER).any():
        return length
    reads_itself = recognise(group.a) == (Band(0, 1),)
    by_distance = reads_itself and is_shift_invariant(group.b)
    # by distance, one decomposition serves all pairs and enters a position once a hop
    found = min(length, int(hops[0])) if by_distance else length
    if found <= least:
        return found
    expiry = _expiries(edges, length) if reads_itself else None
    if expiry is not None:
        return min(found, _expiring(expiry, length, least))
    sweeps = min(_SWEEPS, _ROUTING_WORK // ((len(edges) + _EDGES_A_CALL) * int(hops.sum())))
    router = _PartialSums.of(group, length) if by_distance else _FewHops.of(edges, length, int(hops.max()))
    return min(found, _rerouted(router, length, least, sweeps))


def _expiries(edges: _Edges, length: int) -> IntArray | None:
    """The last reader of each output, where every output is read from the next row to its last reader."""
    row, column = edges.b
    readers = np.bincount(column, minlength=2 * length)
    last = np.arange(2 * length)
    last[column] = row  # rows ascend
    return last if (readers == last - np.arange(2 * length)).all() else None


def _expiring(expiry: IntArray, length: int, least: int) -> int:
    """The least capacity at which moving the paths of earliest expiry into each new output loses none.

    Found by doubling steps from ``least``; ``length`` where none is smaller.
    """
    passed, step = least - 1, 1
    while passed + step < length and not _survives(expiry, length, passed + step):
        passed += step
        step *= 2
    found = min(passed + step, length)
    while found - passed > 1:
        middle = (passed + found) // 2
        if _survives(expiry, length, middle):
            found = middle
        else:
            passed = middle
    return found


def _survives(expiry: IntArray, length: int, capacity: int) -> bool:
    """Whether every path reaches its target. A path waits in an output until that is read no more."""
    expires = expiry.tolist()
    held = [0] * length  # the expiry of the output in which path j waits
    waiting: list[tuple[int, int]] = []
    for row in range(2 * length):
        room = capacity
        if row >= length:
            if held[row - length] < row:
                return False
            held[row - length] = -1  # arrived
            room -= 1
        while waiting and room and waiting[0][0] < expires[row]:
            end, path = heapq.heappop(waiting)
            if held[path] != end:
                continue
            if end < row:
                return False
            held[path] = expires[row]
            room -= 1
            if expires[row] < path + length:
                heapq.heappush(waiting, (expires[row], path))
        if row < length:
            held[row] = expires[row]
            if expires[row] < row + length:
                heapq.heappush(waiting, (expires[row], row))
    return True


class _Router(Protocol):
    def route(self, source: int, weights: FloatArray) -> IntArray:
        """The positions that a cheapest path of the source enters, each at the cost of its weight."""


def _rerouted(router: _Router, length: int, least: int, sweeps: int) -> int:
    """The largest load once paths have been chosen one by one, and again while they meet more than ``least``.

    The cost of a position grows exponentially with its load.
    """
    paths: dict[int, IntArray] = {}
    loads = np.zeros(2 * length, np.int64)
    order = np.random.default_rng(0)
    sources = list(range(length))
    best = length
    for _ in range(sweeps):
        for source in order.permutation(sources).tolist():
            if source in paths:
                loads[paths[source]] -= 1
            weights = np.exp((loads - loads.max()) * (_STEEPNESS / least))
            paths[source] = router.route(source, weights)
            loads[paths[source]] += 1
        best = min(best, int(loads.max()))
        sources = [source for source in sources if (loads[paths[source]] > least).any()]
    return best


@dataclass(frozen=True, eq=False)
class _PartialSums:
    """Shortest ways from distance 0 to the copy distance: the distances by level, and their successors.

    A successor is a place in the next level; a missing one is the place after the last.
    """

    levels: tuple[IntArray, ...]
    successors: tuple[IntArray, ...]

    @classmethod
    def of(cls, group: Group, length: int) -> _PartialSums:
        hops = hops_by_distance(group, length + 1)
        steps = distances(group.b, length + 1)
        most = int(hops[length])
        levels = [np.flatnonzero((hops == t) & (hops[::-1] == most - t)) for t in range(most + 1)]
        successors = []
        for here, there in pairwise(levels):
            onward = here[:, None] + steps
            places = np.searchsorted(there, onward)
            known = there[np.minimum(places, len(there) - 1)] == onward
            successors.append(np.where(known, places, len(there)))
        return cls(tuple(levels), tuple(successors))

    def route(self, source: int, weights: FloatArray) -> IntArray:
        costs = np.zeros(1)
        picks = []
        for level, successors in zip(self.levels[:0:-1], self.successors[::-1], strict=True):
            onward = np.append(costs + weights[source + level], np.inf)[successors]
            picks.append(onward.argmin(axis=1))
            costs = onward.min(axis=1)
        entered = []
        place = 0
        for level, successors, pick in zip(self.levels[1:], self.successors, picks[::-1], strict=True):
            place = successors[place, pick[place]]
            entered.append(source + level[place])
        return np.array(entered)


@dataclass(frozen=True, eq=False)
class _FewHops:
    """Ways through any rows of at most so many hops; ``starts`` are the places of the rows' first entries."""

    length: int
    hops: int
    edges: _Edges
    starts: IntArray

    @classmethod
    def of(cls, edges: _Edges, length: int, hops: int) -> _FewHops:
        return cls(length, hops, edges, np.searchsorted(edges.b[0], np.arange(2 * length + 1)))

    def route(self, source: int, weights: FloatArray) -> IntArray:
        column = self.edges.b[1]
        target = source + self.length
        rows = np.arange(source + 1, target + 1)
        rows = rows[self.starts[rows] < self.starts[rows + 1]]
        span = slice(self.starts[source + 1], self.starts[target + 1])
        costs = np.full(2 * self.length, np.inf)
        readers = self.edges.a[0][self.edges.a[1] == source]
        costs[readers] = np.where(readers == source, 0.0, weights[readers])
        levels = [costs]
        for _ in range(self.hops if len(rows) else 0):
            reached = np.minimum.reduceat(costs[column[span]], self.starts[rows] - span.start)
            costs = costs.copy()
            costs[rows] = np.minimum(costs[rows], reached + weights[rows])
            levels.append(costs)
        entered = []
        at = target
        for later, earlier in zip(levels[:0:-1], levels[-2::-1], strict=True):
            if later[at] < earlier[at]:
                entered.append(at)
                outputs = column[self.starts[at] : self.starts[at + 1]]
                at = int(outputs[earlier[outputs].argmin()])
        return np.array([at, *entered] if at != source else entered)
