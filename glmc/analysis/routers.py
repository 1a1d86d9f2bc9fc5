"""Ways to choose one influence path for each pair x_j → y_{j+n}, so that no position is entered by many."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from glmc.analysis.batches import distances
from glmc.analysis.influence import hops_by_distance
from glmc.analysis.routing import Edges, Route, Routing
from glmc.pattern.evaluate import IntArray
from glmc.pattern.nodes import Group

FloatArray = npt.NDArray[np.float64]

_STEEPNESS = 8.0
"""A position at the best possible load costs e to this times as much as one without any."""

_SWEEPS = 12
_SWEEP_WORK = 1 << 29
_EDGES_A_CALL = 4000
"""How many edges cost as much as one more call of numpy."""

_EDGES_A_ROW = 64
"""Rows with more outputs are thinned out: any of their entries will do for a routing."""

_BATCH = 8
_ROUNDS = 256
_ROUND_WORK = 1 << 32


# -- one hop --------------------------------------------------------------------------------------------------


def direct(edges: dict[int, Edges], length: int) -> Routing:
    """The target reads the input, or the output that reads its own: where one of the groups has such an edge."""
    routes: dict[int, Route] = {}
    for number, edge in edges.items():
        for side, has_own in ((edge.a, False), (edge.b, True)):
            own = set(edge.a[1][edge.a[0] == edge.a[1]].tolist()) if has_own else range(length)
            row, column = side
            for source in column[row - column == length].tolist():
                if source in own:
                    routes[source] = Route(
                        number, np.array([source, source + length] if has_own else [source + length])
                    )
    return tuple(routes[source] for source in range(length))


# -- by distance ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PartialSums:
    """Shortest ways of one group from distance 0 to the copy distance, where A is {i} and B shift-invariant.

    The distances by level, and their successors: a place in the next level; a missing one is the place after the last.
    """

    group: int
    levels: tuple[IntArray, ...]
    successors: tuple[IntArray, ...]

    @classmethod
    def of(cls, number: int, group: Group, length: int) -> PartialSums:
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
        return cls(number, tuple(levels), tuple(successors))

    @property
    def work(self) -> int:
        """That of one source."""
        return sum(successors.size + _EDGES_A_CALL for successors in self.successors)

    def alike(self, length: int) -> Routing:
        """One decomposition for all pairs: a position is entered once a hop."""
        way = self.route(0, np.zeros((self.group + 1, 2 * length))).outputs
        return tuple(Route(self.group, source + way) for source in range(length))

    def route(self, source: int, weights: FloatArray) -> Route:
        """A cheapest path of the source, where entering a position costs its weight."""
        own = weights[self.group]
        costs = np.zeros(1)
        picks = []
        for level, successors in zip(self.levels[:0:-1], self.successors[::-1], strict=True):
            onward = np.append(costs + own[source + level], np.inf)[successors]
            picks.append(onward.argmin(axis=1))
            costs = onward.min(axis=1)
        outputs = [source]
        place = 0
        for level, successors, pick in zip(self.levels[1:], self.successors, picks[::-1], strict=True):
            place = successors[place, pick[place]]
            outputs.append(source + int(level[place]))
        return Route(self.group, np.array(outputs))


# -- nested rows ---------------------------------------------------------------------------------------------


def expiries(edges: Edges, length: int) -> IntArray | None:
    """The last reader of each output, where every output is read from the next row to its last reader."""
    row, column = edges.b
    readers = np.bincount(column, minlength=2 * length)
    last = np.arange(2 * length)
    last[column] = row  # rows ascend
    return last if (readers == last - np.arange(2 * length)).all() else None


def expiring(number: int, expiry: IntArray, length: int, least: int) -> Routing:
    """Paths wait in an output until it is read no more; a new output takes over those that expire first.

    With A = {i}. Of the least capacity at which no path is lost, found by doubling steps from ``least``.
    """
    passed, step = least - 1, 1
    while passed + step < length and _moved(expiry, length, passed + step) is None:
        passed += step
        step *= 2
    found = min(passed + step, length)
    while found - passed > 1:
        middle = (passed + found) // 2
        if _moved(expiry, length, middle) is None:
            passed = middle
        else:
            found = middle
    ways = _moved(expiry, length, found)
    assert ways is not None, "no path is lost where each position has room for all"
    return tuple(Route(number, np.array(way)) for way in ways)


def _moved(expiry: IntArray, length: int, capacity: int) -> list[list[int]] | None:
    """The outputs in which each path waits, None where one is lost."""
    expires = expiry.tolist()
    ways: list[list[int]] = [[] for _ in range(length)]
    waiting: list[tuple[int, int]] = []  # by expiry of the output; those of arrived and moved paths stay behind
    for row in range(2 * length):
        room = capacity
        if row >= length:
            arrived = ways[row - length]
            if expires[arrived[-1]] < row:
                return None
            arrived.append(row)
            room -= 1
        while waiting and room and waiting[0][0] < expires[row]:
            end, path = heapq.heappop(waiting)
            if path + length <= row or expires[ways[path][-1]] != end:
                continue
            if end < row:
                return None
            ways[path].append(row)
            room -= 1
            if expires[row] < path + length:
                heapq.heappush(waiting, (expires[row], path))
        if row < length:
            ways[row].append(row)
            if expires[row] < row + length:
                heapq.heappush(waiting, (expires[row], row))
    return ways


# -- one path after the other ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class FewHops:
    """Ways through any rows of one group of at most so many hops."""

    group: int
    length: int
    hops: int
    columns: IntArray
    starts: IntArray
    readers: tuple[IntArray, ...]

    @classmethod
    def of(cls, number: int, edges: Edges, length: int, hops: int, *, thinned: bool) -> FewHops:
        row, column = _thinned(edges.b) if thinned else edges.b
        starts = np.searchsorted(row, np.arange(2 * length + 1))
        return cls(number, length, hops, column, starts, _readers(edges, length))

    @property
    def work(self) -> int:
        """That of one hop of one source."""
        return len(self.columns) // 2 + _EDGES_A_CALL

    def route(self, source: int, weights: FloatArray) -> Route | None:
        """A cheapest path of the source, where entering a position costs its weight."""
        own = weights[self.group]
        target = source + self.length
        rows = np.arange(source + 1, target + 1)
        rows = rows[self.starts[rows] < self.starts[rows + 1]]
        span = slice(self.starts[source + 1], self.starts[target + 1])
        costs = np.full(2 * self.length, np.inf)
        readers = self.readers[source]
        costs[readers] = np.where(readers == source, 0.0, own[readers])
        levels = [costs]
        for _ in range(self.hops if len(rows) else 0):
            reached = np.minimum.reduceat(costs[self.columns[span]], self.starts[rows] - span.start)
            costs = costs.copy()
            costs[rows] = np.minimum(costs[rows], reached + own[rows])
            levels.append(costs)
        if costs[target] == np.inf:
            return None
        outputs = [target]
        for later, earlier in zip(levels[:0:-1], levels[-2::-1], strict=True):
            at = outputs[-1]
            if later[at] < earlier[at]:
                before = self.columns[self.starts[at] : self.starts[at + 1]]
                outputs.append(int(before[earlier[before].argmin()]))
        return Route(self.group, np.array(outputs[::-1]))


def _thinned(side: tuple[IntArray, IntArray]) -> tuple[IntArray, IntArray]:
    """At most so many entries of each row, evenly chosen at random."""
    row, column = side
    if np.bincount(row).max(initial=0) <= _EDGES_A_ROW:
        return side
    order = np.lexsort((np.random.default_rng(0).random(len(row)), row))
    row, column = row[order], column[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    return row[place < _EDGES_A_ROW], column[place < _EDGES_A_ROW]


def _readers(edges: Edges, length: int) -> tuple[IntArray, ...]:
    """The rows of A that read each of the inputs to be copied."""
    row, column = edges.a
    order = np.argsort(column, kind="stable")
    ends = np.searchsorted(column[order], np.arange(length + 1))
    return tuple(row[order[first:last]] for first, last in pairwise(ends))


def one_by_one(
    route: Callable[[int, FloatArray], Route | None], groups: int, length: int, least: int, work: int
) -> list[Routing]:
    """The best of paths chosen one after the other, and again while they meet more than ``least``.

    Nothing where one is missing, or ``work``, that of choosing each path once, is too much. The cost of a position
    grows exponentially with its load.
    """
    routes: dict[int, Route] = {}
    loads = np.zeros((groups, 2 * length), np.int64)
    order = np.random.default_rng(0)
    sources = list(range(length))
    best: list[Routing] = []
    lowest = length + 1
    for _ in range(min(_SWEEPS, _SWEEP_WORK // work)):
        for source in order.permutation(sources).tolist():
            if source in routes:
                _enter(loads, routes[source], source, -1)
            found = route(source, _weights(loads, least))
            if found is None:
                return []
            routes[source] = found
            _enter(loads, found, source, 1)
        if loads.max() < lowest:
            lowest, best = int(loads.max()), [tuple(routes[source] for source in range(length))]
        sources = [source for source in sources if loads[_entered(routes[source], source)].max(initial=0) > least]
    return best


def cheapest(routers: list[FewHops], source: int, weights: FloatArray) -> Route | None:
    """The cheapest of the groups' paths."""
    found = [route for router in routers if (route := router.route(source, weights)) is not None]
    return min(found, key=lambda route: float(weights[_entered(route, source)].sum()), default=None)


def load(routing: Routing, groups: int) -> int:
    """The most routes that enter one position."""
    loads = np.zeros((groups, 2 * len(routing)), np.int64)
    for source, route in enumerate(routing):
        _enter(loads, route, source, 1)
    return int(loads.max())


def _entered(route: Route, source: int) -> tuple[int, IntArray]:
    return route.group, route.outputs[1:] if route.outputs[0] == source else route.outputs


def _enter(loads: IntArray, route: Route, source: int, change: int) -> None:
    loads[_entered(route, source)] += change


def _weights(loads: IntArray, least: int, steepness: float = _STEEPNESS) -> FloatArray:
    weights: FloatArray = np.exp((loads - loads.max()) * (steepness / least))
    return weights


# -- many paths at once --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ManyHops:
    """Cheapest ways through one group for many sources at once, row by row, of any number of hops."""

    group: int
    length: int
    rows: tuple[IntArray, ...]
    readers: tuple[IntArray, ...]

    @classmethod
    def of(cls, number: int, edges: Edges, length: int, *, thinned: bool) -> ManyHops:
        row, column = _thinned(edges.b) if thinned else edges.b
        ends = np.searchsorted(row, np.arange(2 * length + 1))
        rows = tuple(column[first:last] for first, last in pairwise(ends))
        return cls(number, length, rows, _readers(edges, length))

    @property
    def work(self) -> int:
        """That of one batch."""
        return sum(map(len, self.rows)) * _BATCH + 2 * self.length * _EDGES_A_CALL

    def routes(self, sources: IntArray, weights: FloatArray, blur: FloatArray) -> list[tuple[float, Route]]:
        """The cost (infinite without any) and the path of each of the ascending sources.

        ``blur`` is a factor for each position and source.
        """
        count = len(sources)
        places = np.arange(count)
        costs = np.full((2 * self.length, count), np.inf)
        through = np.full((2 * self.length, count), -1, np.int32)
        starts = self._starts(sources)
        for row in range(int(sources[0]), int(sources[-1]) + self.length + 1):
            outputs = self.rows[row]
            if len(outputs):
                before = costs[outputs]
                picks = before.argmin(axis=0)
                costs[row] = before[picks, places] + weights[self.group, row] * blur[row]
                through[row] = outputs[picks]
            if row in starts:
                reading = starts[row]
                costs[row, reading] = np.where(sources[reading] == row, 0.0, weights[self.group, row])
                through[row, reading] = -1
        ends = costs[sources + self.length, places].tolist()
        at = sources + self.length
        steps = [at]
        while (at >= 0).any():
            at = np.where(at >= 0, through[at, places], -1)
            steps.append(at)
        ways = np.array(steps[::-1])
        return [(cost, Route(self.group, way[way >= 0])) for cost, way in zip(ends, ways.T, strict=True)]

    def _starts(self, sources: IntArray) -> dict[int, IntArray]:
        """For each row that reads sources: their places."""
        readers = [self.readers[source] for source in sources.tolist()]
        row = np.concatenate(readers)
        place = np.repeat(np.arange(len(sources)), list(map(len, readers)))
        order = np.argsort(row, kind="stable")
        found, first, count = np.unique(row[order], return_index=True, return_counts=True)
        return {
            at: place[order[start : start + size]] for at, start, size in zip(found.tolist(), first, count, strict=True)
        }


def many_at_once(routers: list[ManyHops], groups: int, length: int, least: int, start: Routing | None) -> list[Routing]:
    """The best of paths chosen in batches, and those through the fullest positions again.

    Nothing where one is missing. The cost of a position grows exponentially with its load, blurred so that a batch
    spreads.
    """
    routes: dict[int, Route] = dict(enumerate(start or ()))
    loads = np.zeros((groups, 2 * length), np.int64)
    for source, route in routes.items():
        _enter(loads, route, source, 1)
    order = np.random.default_rng(0)
    work = sum(router.work for router in routers)
    rounds = max(-(-length // _BATCH), min(_ROUNDS, length, _ROUND_WORK // work))
    fresh = [] if start else order.permutation(length).tolist()
    best, lowest = [start] if start else [], int(loads.max()) if start else length + 1
    for _ in range(rounds):
        if fresh:
            batch, fresh = fresh[:_BATCH], fresh[_BATCH:]
        else:
            batch = _fullest(routes, loads, order)
        for source in batch:
            if source in routes:
                _enter(loads, routes[source], source, -1)
        batch.sort()
        weights, blur = _weights(loads, least, 2 * _STEEPNESS), order.uniform(0.5, 1.5, (2 * length, len(batch)))
        found = [router.routes(np.array(batch), weights, blur) for router in routers]
        for source, choices in zip(batch, zip(*found, strict=True), strict=True):
            cost, routes[source] = min(choices, key=lambda choice: choice[0])
            if cost == np.inf:
                return []
            _enter(loads, routes[source], source, 1)
        if not fresh and loads.max() < lowest:
            lowest, best = int(loads.max()), [tuple(routes[source] for source in range(length))]
            if lowest <= least:
                break
    return best


def _fullest(routes: dict[int, Route], loads: IntArray, order: np.random.Generator) -> list[int]:
    """Sources to be routed anew: at random among those whose paths meet the largest loads."""
    met = np.array([loads[_entered(routes[source], source)].max() for source in range(len(routes))])
    full = np.sort(met)[-2 * _BATCH :][0]
    chosen: list[int] = order.permutation(np.flatnonzero(met >= full))[: _BATCH // 2].tolist()
    return chosen
