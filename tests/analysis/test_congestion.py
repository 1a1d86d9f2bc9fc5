"""Congestion intervals against exact integer programs, THEORY's table and laws, and the clock."""

from __future__ import annotations

import time as clock
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from glmc.analysis.congestion import congestion
from glmc.analysis.routing import Route, Routing, largest_load
from glmc.diagnostics import InternalError
from tests.analysis import brute
from tests.analysis.mixers import BODIES, HEADS, TABLE, example, mixer_text, pattern, patterns

LENGTHS = (2, 4, 5)

INTERVALS: dict[str, tuple[tuple[int, int] | None, ...]] = {
    "attention": ((1, 1), (1, 1), (1, 1)),
    "local_attention": (None, None, None),
    "diagonal_ssm": ((64, 64), (256, 256), (1024, 1024)),
    "kth_order": ((4, 4), (16, 16), (64, 64)),
    "dense_recurrence": ((1, 1), (1, 1), (1, 1)),
    "power_of_two": ((1, 1), (1, 1), (1, 1)),
    "power_of_two_compact": ((10, 10), (31, 31), (102, 102)),
    "squares": ((2, 2), (2, 2), (2, 2)),
    "squares_compact": ((10, 10), (22, 23), (46, 46)),
}
"""THEORY.md, section 3, at 64, 256 and 1024."""


def exact(mixer: brute.Mixer, length: int) -> int | None:
    """The least largest load by an integer program: one 0-1 flow for each pair, None if infeasible."""
    edges: list[tuple[int, object, tuple[int, int], int]] = []  # pair, tail, (group, head), load
    for pair in range(length):
        for g, (a, b) in enumerate(mixer.groups):
            for i in range(pair, 2 * length):
                if pair in a[i]:
                    edges.append((pair, "input", (g, i), int(i != pair)))
                edges += [(pair, (g, m), (g, i), 1) for m in b[i]]
    positions = [(g, i) for g in range(len(mixer.groups)) for i in range(2 * length)]
    nodes = [(pair, position) for pair in range(length) for position in positions]
    rows: list[dict[int, float]] = []
    lows: list[float] = []
    highs: list[float] = []

    def constrain(row: dict[int, float], low: float, high: float) -> None:
        rows.append(row)
        lows.append(low)
        highs.append(high)

    for pair in range(length):
        constrain({e: 1.0 for e, edge in enumerate(edges) if edge[:2] == (pair, "input")}, 1, 1)
        ends = {e: 1.0 for e, (p, _, (_, i), _) in enumerate(edges) if p == pair and i == pair + length}
        for e, (p, tail, _, _) in enumerate(edges):
            if p == pair and tail != "input" and isinstance(tail, tuple) and tail[1] == pair + length:
                ends[e] = -1.0
        constrain(ends, 1, 1)
    for pair, node in nodes:
        if node[1] != pair + length:
            row = {e: 1.0 for e, (p, _, head, _) in enumerate(edges) if p == pair and head == node}
            row |= {e: -1.0 for e, (p, tail, _, _) in enumerate(edges) if p == pair and tail == node}
            constrain(row, 0, 0)
    most = len(edges)
    for position in positions:
        loads = {e: float(load) for e, (_, _, head, load) in enumerate(edges) if head == position}
        constrain(loads | {most: -1.0}, -np.inf, 0)
    matrix = np.zeros((len(rows), most + 1))
    for place, row in enumerate(rows):
        matrix[place, list(row)] = list(row.values())
    found = milp(
        np.eye(most + 1)[most],
        integrality=np.ones(most + 1),
        bounds=Bounds(0, np.append(np.ones(most), length)),
        constraints=LinearConstraint(matrix, lows, highs),
    )
    return None if found.x is None else round(found.x[most])


def busiest(mixer: brute.Mixer, routing: Routing) -> int:
    """The largest load of a routing whose every edge is in the rows, counted position by position."""
    entered: Counter[tuple[int, int]] = Counter()
    for source, route in enumerate(routing):
        a, b = mixer.groups[route.group]
        first, *rest = outputs = route.outputs.tolist()
        assert source in a[first] and outputs[-1] == source + len(routing)
        assert all(earlier in b[later] for earlier, later in pairwise(outputs))
        entered.update((route.group, output) for output in (rest if first == source else outputs))
    return max(entered.values())


def encloses(name: str, text: str, length: int) -> None:
    mixer = brute.read(text, 2 * max(LENGTHS))[name]
    hops = mixer.hops(2 * length)
    (found,) = (p for p in patterns(text) if p.name == name)
    interval = congestion(found, length)
    missing = [(j, j + length) for j in range(length) if (j, j + length) not in hops]
    assert interval.unroutable == (missing[0] if missing else None)
    true = exact(mixer, length)
    if true is None:
        assert interval.lower is None and interval.upper is None
    else:
        assert interval.lower is not None and interval.upper is not None
        assert interval.lower <= true <= interval.upper <= true + 1
        assert busiest(mixer, interval.routing) == interval.upper


@pytest.mark.parametrize("name", BODIES)
def test_encloses_the_exact_value(name: str) -> None:
    for length in LENGTHS:
        encloses("m", mixer_text(BODIES[name]), length)


def test_groups_enclose_the_exact_value() -> None:
    for found in patterns(HEADS):
        encloses(found.name, HEADS, 4)


@pytest.mark.parametrize("name", TABLE)
def test_table(name: str) -> None:
    for length, interval in zip((64, 256, 1024), INTERVALS[name], strict=True):
        found = congestion(example(name), length)
        if interval is None:
            assert found.unroutable == (0, length)
        else:
            assert found.lower is not None and found.upper is not None
            assert interval[0] <= found.lower <= interval[1] <= found.upper <= interval[1] + 1
            assert busiest(brute.of(example(name), 2 * length), found.routing) == found.upper


@pytest.mark.parametrize(("length", "value"), [(63, 4), (255, 5), (1023, 6)])
def test_shifts_spread_to_half_their_hops(length: int, value: int) -> None:
    found = congestion(example("power_of_two"), length)
    assert (found.lower, found.upper) == (value, value)


WIDEST = {
    "finite shifts": 1.0,
    "moving offset": 1.15,
    "late landmarks": 1.05,
    "landmarks": 1.05,
    "compact and more": 1.15,
    "direct and recurrent": 1.15,
    "no own input": 1.1,
    "stride": 1.0,
    "first token": 1.01,
    "two windows": 1.1,
    "common divisor": 2.0,
    "multiples": 1.05,
}
"""The upper bound over the lower one at 1024, at most."""


@pytest.mark.parametrize("name", WIDEST)
def test_a_thousand_positions_take_seconds(name: str) -> None:
    start = clock.process_time()
    found = congestion(pattern(BODIES[name]), 1024)
    assert clock.process_time() - start < 10
    assert found.lower is not None and found.upper is not None
    assert found.upper <= WIDEST[name] * found.lower


def test_a_false_routing_is_found_out() -> None:
    mixer = pattern("B[i] = { i - 1, i - 3 }")
    good = congestion(mixer, 6).routing
    assert largest_load(mixer, good) == congestion(mixer, 6).upper
    for outputs in ([0, 2, 5, 6], [0, 3], [1, 4, 5, 6]):
        with pytest.raises(InternalError):
            largest_load(mixer, (Route(0, np.array(outputs)), *good[1:]))
