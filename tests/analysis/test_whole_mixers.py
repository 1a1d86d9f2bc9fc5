"""Mixers put together at random from all kinds of rows: what is proved about them against enumeration."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from glmc.analysis.analyze import analyze
from glmc.analysis.congestion import congestion
from glmc.analysis.evidence import agrees, evidence
from glmc.analysis.growth import Growth
from glmc.analysis.influence import NEVER, hop_rows
from glmc.analysis.rules.derive import laws
from glmc.analysis.rules.laws import Law
from glmc.diagnostics import Sink
from glmc.pattern.elaborate import elaborate
from glmc.pattern.nodes import Pattern
from glmc.source import Source
from glmc.syntax.parser import parse
from tests.analysis import brute, closed

MAPS = """glm 1
let sq(k) = k^2 + 1
let od(k) = 3 * k + 2
let cu(k) = k^3 + 1
let pw(k) = 2^k
let te(k) = 3^k
let kk(k) = k^2
let pell(0) = 1 let pell(1) = 2 let pell(k+2) = 2 * pell(k+1) + pell(k)
"""

OUTPUTS = [
    "{ i - 1 }",
    "(window(5)[i] - { i })",
    "{ i - 3, i - 11 }",
    "shifts(sq)[i]",
    "shifts(pw)[i]",
    "shifts(pell)[i]",
    "compact(sq)[i]",
    "compact(cu)[i]",
    "compact(pw)[i]",
    "compact(pell)[i]",
    "landmarks(kk)[i]",
    "landmarks(te)[i]",
    "(fenwick[i] - { i })",
    "{ i // 2^k * 2^k - 1 for k in 0..bitlen(i) }",
    "{ j for j in i // 2..i }",
    "{ j for j in i - floor(sqrt(i))..i }",
    "(stride(3)[i] - { i })",
    "(block(6)[i] - { i })",
    "{ i // 6 * 6 - 1 }",
    "{ i - 1 - floor(log(i, 3)) if i > 0 }",
    "{ (i - 1) // 2 if i > 0 }",
    "(past[i] - window(7)[i])",
    "{ i - sq(k) for k in 0.. if k % 2 == 0 }",
    "{ i - pw(k) for k in 0.. if (i + k) % 3 == 0 }",
    "{ 0 if i > 0 }",
    "(shifts(sq)[i] & shifts(od)[i])",
    "{ j for j in 0..i if (i - j) % 4 == 1 }",
    "{ j for j in 0..i if j % 5 == 2 }",
]
INPUTS = [
    "{ i }",
    "{ i }",
    "window(4)[i]",
    "{ i } | { kk(k) for k in 0.. if kk(k) <= i }",
    "block(9)[i]",
    "stride(4)[i]",
    "{ i } | (causal[i] - window(5)[i])",
    "{ i } | { j for j in 0..3 if j <= i }",
    "{ i } | compact(pw)[i]",
    "{ i - 2 }",
]

SETS = st.one_of(
    st.sampled_from(OUTPUTS),
    st.lists(st.sampled_from(OUTPUTS), min_size=2, max_size=3, unique=True).map(" | ".join),
    st.tuples(*[st.sampled_from(OUTPUTS)] * 2).map(" & ".join),
    st.tuples(*[st.sampled_from(OUTPUTS)] * 2).map(" - ".join),
)
BODIES = st.tuples(st.sampled_from(INPUTS), SETS).map(lambda sides: f"A[i] = {sides[0]} B[i] = {sides[1]}")

SMALL, LARGE = 48, 640


def mixer(body: str) -> Pattern:
    report = Sink(Source("whole.glm", f"{MAPS}mixer m {{ {body} }}"))
    module = parse(report.source, report)
    assert module is not None
    (found,) = elaborate(module, report)
    assert not report.has_errors, report.diagnostics
    return found


def fits(law: Law, values: np.ndarray, because: str) -> None:
    """Closed bounds at every length, and the growth within a factor, but for one element, from one to the other."""
    assert agrees(law, values), because
    small, large = float(values[SMALL]), float(values[LARGE])
    if small:
        if law.upper is not None:
            assert large / (small + 1) < 4 * at(law.upper, LARGE) / at(law.upper, SMALL), because
        if law.lower is not None:
            assert large / small > at(law.lower, LARGE) / at(law.lower, SMALL) / 4, because


def at(growth: Growth, n: int) -> float:
    return float(n**growth.power * math.log(n) ** growth.log * math.log(math.log(n)) ** growth.loglog)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(BODIES)
@example("A[i] = { i } B[i] = { j for j in i - floor(sqrt(i))..i } & (past[i] - window(7)[i])")
def test_laws_hold(body: str) -> None:
    pattern = mixer(body)
    known, found = laws(pattern), evidence(pattern, LARGE)
    fits(known.time, found.time.values, "time")
    fits(known.total, found.total.values, "total")
    if not found.cache.is_lower_bound:
        fits(known.cache, found.cache.values, "cache")
    farthest = [int(hops.max()) for hops in hop_rows(pattern.groups[0], LARGE)]
    if known.path is not None and not known.path.infinite:
        assert NEVER not in farthest
        fits(known.path, np.maximum.accumulate([0, *farthest]), "path")


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(BODIES)
def test_laws_of_congestion_hold(body: str) -> None:
    pattern = mixer(body)
    law = laws(pattern).congestion
    intervals = [congestion(pattern, n) for n in (SMALL // 2, SMALL, 4 * SMALL)]
    if any(interval.lower is None or interval.upper is None for interval in intervals):
        return
    lows, highs = [interval.lower or 0 for interval in intervals], [interval.upper or 0 for interval in intervals]
    if law.upper is not None:
        assert lows[2] < 5 * max(highs[:2]) * at(law.upper, 4 * SMALL) / at(law.upper, SMALL)
    if law.lower is not None:
        assert max(highs) > max(lows[:2]) * at(law.lower, 4 * SMALL) / at(law.lower, SMALL) / 5
    if law.at_most is not None:
        assert agrees(Law("", at_most=law.at_most), np.array([0, 0, 0, *[0] * (SMALL - 3), lows[1]]))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(BODIES, st.integers(20, 61), st.integers(62, 97))
def test_proved_expressions_hold_by_definition(body: str, analysed: int, other: int) -> None:
    """At a length that was not analysed, over rows as plain sets."""
    pattern = mixer(body)
    known = analyze(pattern, analysed)
    rows = brute.of(pattern, 8 * other)
    hops = rows.hops(other)
    for name in ("time", "total", "cache", "path"):
        fact = getattr(known, name)
        if fact.status == "proved" and fact.expression is not None:
            value = closed.value(fact.expression, other)
            if name == "path":
                assert value == brute.path(hops, other)
            elif name == "cache":
                assert value >= rows.cache(other)  # later readers may exist
            else:
                assert value == getattr(rows, name)(other)
    if known.path.unreachable is not None and known.path.unreachable[1] < other:
        assert known.path.unreachable not in hops
