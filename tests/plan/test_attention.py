"""The schedule of attention at fixed distances: who gets it, which distances go by tiles, which columns are sinks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from glmc.plan.attention import COLUMNS, ROWS, Costs, cheapest_near
from glmc.plan.nodes import Attention
from glmc.plan.schedule import schedule
from glmc.plan.target import DEFAULT
from tests.emit.built import NO_FACTS, patterns


def attention_of(rows: str, weight: str = "softmax(dot(q, k))") -> Attention | None:
    (pattern,) = patterns(f"glm 1 mixer m {{ A[i] = {rows} weights A = {weight} }}")
    return schedule(pattern, NO_FACTS, DEFAULT).groups[0].attention


@pytest.mark.parametrize(
    ("rows", "sinks", "far"),
    [
        ("window(64)[i]", (), False),
        ("{ i - 2^k for k in 0.. }", (), True),
        ("{ i - 1, i - 5000 }", (), True),
        ("window(8)[i] | { i - 48*k for k in 0.. }", (), True),
        ("{ i - 2*k for k in 0.. }", (), True),
        ("window(8)[i] | { 0 }", ((0, 0),), False),
        ("window(8)[i] | { 3*j for j in 1..4 if 3*j < i }", ((3, 4), (6, 7), (9, 10)), False),
        ("{ i - 2^k for k in 0.. } | { j for j in 63..64 if j <= i }", ((63, 63),), True),
    ],
)
def test_fixed_distances_and_sinks(rows: str, sinks: tuple[tuple[int, int], ...], far: bool) -> None:
    found = attention_of(rows)
    assert found is not None
    assert (found.sinks, found.far) == (sinks, far)


@pytest.mark.parametrize(
    "rows",
    [
        "{ }",
        "{ i }",
        "causal[i]",
        "fenwick[i]",
        "block(8)[i]",
        "window(8)[i] | { j for j in 64..65 if j <= i }",
        "{ k^2 for k in 0.. if k^2 <= i }",
    ],
)
def test_other_rows_have_none(rows: str) -> None:
    assert attention_of(rows) is None


def test_lifted_values_have_none() -> None:
    (pattern,) = patterns("glm 1 mixer m { A[i] = window(8)[i] weights A = softmax(dot(q, k)) state 4 }")
    assert schedule(pattern, NO_FACTS, DEFAULT).groups[0].attention is None


@pytest.mark.parametrize(
    ("weight", "scale"),
    [
        ("softmax(dot(q, k))", Fraction(1)),
        ("sigmoid(gate) * softmax(3 * dot(q, k) / 2) / 4", Fraction(3, 2)),
        ("softmax(dot(q, k) * gate)", None),
        ("softmax(dot(q, k) + const)", None),
        ("softmax(slot_gate)", None),
        ("softmax(dot(q, k)) + softmax(dot(k, k))", None),
        ("sigmoid(dot(q, k))", None),
        ("const * softmax(dot(q, k))", None),
    ],
)
def test_weights_are_a_factor_and_a_softmax(weight: str, scale: Fraction | None) -> None:
    found = attention_of("window(8)[i]", weight)
    assert (None if found is None else found.scale) == scale


def test_the_cheapest_of_all_splits_is_taken() -> None:
    generator = np.random.default_rng(0)
    for _ in range(50):
        distances = np.unique(generator.integers(0, 400, generator.integers(1, 120)))
        costs = Costs(float(generator.uniform(0.1, 5)), 1.0, 1.2)

        def cost(near: int, distances: np.ndarray = distances, costs: Costs = costs) -> float:
            if not near:
                return len(distances) * costs.vectors
            return (near + ROWS) // COLUMNS * costs.tile + float((distances >= near).sum()) * costs.beside

        best = min(map(cost, range(0, 512, COLUMNS)))
        assert cost(cheapest_near(distances, costs)) == pytest.approx(best)


def test_no_distances_need_no_tiles() -> None:
    assert cheapest_near(np.array([], dtype=np.int64), Costs()) == 0
