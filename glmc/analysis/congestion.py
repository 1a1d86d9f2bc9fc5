"""Congestion of copying n tokens by n positions, as an interval (THEORY, sections 2 and 3).

For the pairs x_j → y_{j+n}, 0 <= j < n, one influence path each; a path loads every position that it enters.
The least possible largest load lies between what a flow needs and what an explicit routing reaches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import islice

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from glmc.analysis import routers
from glmc.analysis.forms import Band
from glmc.analysis.influence import NEVER, hop_rows, hops_by_distance
from glmc.analysis.recognise import is_shift_invariant, recognise
from glmc.analysis.routing import Edges, Routing, largest_load
from glmc.pattern.evaluate import IntArray
from glmc.pattern.nodes import Group, Pattern

_FLOW_WORK = 1 << 31
"""Edges times the square of hops of all flows together: some seconds."""
_EDGE_WORK = 2500
"""What an edge costs whatever the hops."""

_FEW = 16
"""So many hops, or routes through one position, are few."""


@dataclass(frozen=True)
class Congestion:
    """lower <= congestion(length) <= upper, None if ``unroutable``, a pair (j, j + length) without a path.

    ``routing`` reaches ``upper``.
    """

    length: int
    lower: int | None
    upper: int | None
    unroutable: tuple[int, int] | None
    routing: Routing = field(default=(), repr=False, compare=False)


def congestion(pattern: Pattern, length: int) -> Congestion:
    """An interval for congestion(length); a few seconds at length 1024.

    Raises TooManyEntries, EvaluationError.
    """
    hops = [_copy_hops(group, length) for group in pattern.groups]
    fewest = np.minimum.reduce(hops)
    lacking = np.flatnonzero(fewest == NEVER)
    if len(lacking):
        return Congestion(length, None, None, (int(lacking[0]), int(lacking[0]) + length))
    edges = {
        number: Edges.of(group, 2 * length)
        for number, group in enumerate(pattern.groups)
        if (hops[number] < NEVER).any()
    }
    if fewest.max() == 1:
        routing = routers.direct(edges, length)
        return Congestion(length, 1, largest_load(pattern, routing), None, routing)
    # all entries fall on 2·length − 1 positions of each group
    spread = -(-int(fewest.sum()) // ((2 * length - 1) * len(edges)))
    least = max(spread, _cut_bound(list(edges.values()), length))
    found, is_good = _structured(pattern, edges, hops, least)
    upper = length if found is None else routers.load(found, len(hops))
    least = _lower(list(edges.values()), fewest, least, upper)
    if found is None or (upper > least and not (is_good and len(edges) == 1)):
        found = _rerouted(edges, len(hops), fewest, least, found)
    return Congestion(length, least, largest_load(pattern, found), None, found)


def _copy_hops(group: Group, length: int) -> IntArray:
    """The fewest hops from x_j to y_{j+length}, for 0 <= j < length."""
    if is_shift_invariant(group.a) and is_shift_invariant(group.b):
        hops = int(hops_by_distance(group, length + 1)[length])
        return np.full(length, NEVER if hops < 0 else hops)
    targets = islice(hop_rows(group, 2 * length), length, None)
    return np.array([hops[source] for source, hops in enumerate(targets)])


# -- lower bounds -------------------------------------------------------------------------------------------


def _lower(edges: list[Edges], fewest: IntArray, least: int, upper: int) -> int:
    """The least capacity of every position, in [least, upper], at which all units flow, as far as that is affordable.

    Routings are often best possible, so the first flow has a capacity of one less.
    """
    lowest, highest = least, upper
    middle = highest - 1
    work = sum(map(len, edges)) * (int(fewest.max()) ** 2 + _EDGE_WORK)
    for _ in range(_FLOW_WORK // work):
        if lowest >= highest:
            break
        if _flows(edges, len(fewest), middle):
            highest = middle
        else:
            lowest = middle + 1
        middle = (lowest + highest) // 2
    return lowest


def _cut_bound(edges: list[Edges], length: int) -> int:
    """What the paths from positions below n to positions from n on need, by the entries that cross.

    The tokens s … e have e − s + 1 paths, which see only crossing entries with a column >= s and a row <= n + e. With X
    inputs and Y outputs among their columns, and R rows: e − s + 1 <= X + Y·(c + 1), as an output carries its own path
    and the c that entered it; and e − s + 1 <= c·R. For all s <= e; the first is THEORY's bound by the live set for 0
    and n − 1.
    """
    tokens = np.arange(length) - np.arange(length)[:, None] + 1
    inputs, outputs, readers = (np.zeros_like(tokens) for _ in range(3))
    for edge in edges:
        (a_rows, a_columns), (b_rows, b_columns) = _crossing(edge.a, length), _crossing(edge.b, length)
        inputs += _pairs(*_first_rows(a_columns, a_rows), length)
        outputs += _pairs(*_first_rows(b_columns, b_rows), length)
        readers += _pairs(*_last_columns(np.append(a_columns, b_columns), np.append(a_rows, b_rows)), length)
    by_outputs = -(-(tokens - inputs) // np.maximum(outputs, 1)) - 1
    by_readers = -(-tokens // np.maximum(readers, 1))
    return max(1, int(by_outputs[outputs > 0].max(initial=1)), int(by_readers[readers > 0].max(initial=1)))


def _crossing(side: tuple[IntArray, IntArray], length: int) -> tuple[IntArray, IntArray]:
    """Rows from n on, counted from n, and columns below n."""
    row, column = side
    crossing = (row >= length) & (column < length)
    return row[crossing] - length, column[crossing]


def _first_rows(column: IntArray, row: IntArray) -> tuple[IntArray, IntArray]:
    """Each column with its first row."""
    order = np.lexsort((row, column))
    found, first = np.unique(column[order], return_index=True)
    return found, row[order][first]


def _last_columns(column: IntArray, row: IntArray) -> tuple[IntArray, IntArray]:
    """The last column of each row, with that row."""
    found, last = _first_rows(row, -column)
    return -last, found


def _pairs(column: IntArray, row: IntArray, length: int) -> IntArray:
    """How many of the pairs have a column >= s and a row <= e, at [s, e]."""
    table = np.zeros((length, length), np.int64)
    np.add.at(table, (column, row), 1)
    return table[::-1].cumsum(axis=0)[::-1].cumsum(axis=1)


def _flows(edges: list[Edges], length: int, capacity: int) -> bool:
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


# -- routings -------------------------------------------------------------------------------------------------


def _structured(
    pattern: Pattern, edges: dict[int, Edges], hops: list[IntArray], least: int
) -> tuple[Routing | None, bool]:
    """The best routing that one group's structure gives, if any has A = {i} and one, and whether it spreads loads."""
    length = len(hops[0])
    found: list[Routing] = []
    is_good = False
    for number, edge in edges.items():
        group = pattern.groups[number]
        if recognise(group.a) != (Band(0, 1),) or (hops[number] == NEVER).any():
            continue
        sums = routers.PartialSums.of(number, group, length) if is_shift_invariant(group.b) else None
        if sums is not None:
            found.append(sums.alike(length))
            if routers.load(found[-1], len(hops)) <= least:
                continue
        expiry = routers.expiries(edge, length)
        spread: list[Routing] = []
        if expiry is not None:
            spread = [routers.expiring(number, expiry, length, least)]
        elif sums is not None:
            spread = routers.one_by_one(sums.route, len(hops), length, least, sums.work * length)
        is_good = is_good or bool(spread)
        found += spread
    return min(found, key=lambda routing: routers.load(routing, len(hops)), default=None), is_good


def _rerouted(edges: dict[int, Edges], groups: int, fewest: IntArray, least: int, start: Routing | None) -> Routing:
    """The best of rerouting one by one, which suits small loads and few hops, and of many at once.

    Thinned rows may lack the only way.
    """
    length, most = len(fewest), int(fewest.max())
    found = [] if start is None else [start]
    for thinned in (True, False):
        if most <= _FEW and least <= _FEW:
            few = [routers.FewHops.of(n, edge, length, most + thinned, thinned=thinned) for n, edge in edges.items()]
            work = sum(router.work for router in few) * int(fewest.sum())
            found += routers.one_by_one(partial(routers.cheapest, few), groups, length, least, work)
        if not found or min(routers.load(routing, groups) for routing in found) > least:
            many = [routers.ManyHops.of(n, edge, length, thinned=thinned) for n, edge in edges.items()]
            found += routers.many_at_once(many, groups, length, least, found[-1] if found else None)
        if found:
            break
    return min(found, key=lambda routing: routers.load(routing, groups))
