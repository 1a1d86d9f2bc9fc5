"""Schedules: the classes that they choose, and that running them in chunks gives the meaning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, note, settings
from hypothesis import strategies as st

from glmc.diagnostics import GlmError
from glmc.pattern.interpret import interpret
from glmc.plan.interpret import interpret_plan
from glmc.plan.nodes import Addressing, RowClass
from glmc.plan.schedule import schedule
from glmc.plan.target import DEFAULT
from tests import strategies
from tests.emit.built import NO_FACTS, patterns

TINY = replace(DEFAULT, chunk=4)


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
@given(strategies.mixers(), st.sampled_from([1, 4, 5, 23]))
def test_running_the_schedule_gives_the_meaning(drawn: strategies.Drawn, length: int) -> None:
    note(drawn.text)
    try:
        (pattern,) = patterns(drawn.text, drawn.name)
    except GlmError:
        assume(False)
    inputs = strategies.inputs(length=length, heads=drawn.heads, slots=80, seed=length)
    want = interpret(pattern, inputs)
    assert np.abs(interpret_plan(schedule(pattern, NO_FACTS, TINY), inputs) - want).max() < 1e-9


BY_SLOT = "weights A, B = softmax(slot_gate)"


@pytest.mark.parametrize(
    ("rows", "row_class", "addressing"),
    [
        ("{ }", RowClass.EMPTY, Addressing.NONE),
        ("{ i - 1 }", RowClass.BAND, Addressing.RING),
        ("{ i - k - 2 for k in 0..5 }", RowClass.BAND, Addressing.RING),
        ("{ j for j in i - 3..i }", RowClass.SHIFTS, Addressing.RING),
        ("{ i - 1, i - 9 }", RowClass.SHIFTS, Addressing.RING),
        ("{ i - 2^k for k in 0.. }", RowClass.SHIFTS, Addressing.HISTORY),
        ("{ i - 1 } | { i - 2^k for k in 0.. }", RowClass.SHIFTS, Addressing.HISTORY),
        ("past[i]", RowClass.DENSE, Addressing.HISTORY),
        ("{ i - k - 1 for k in 0.. }", RowClass.DENSE, Addressing.HISTORY),
        ("{ k^2 for k in 0.. if k^2 < i }", RowClass.TABLE, Addressing.TABLE),
        ("{ i - 1 if i % 2 == 0 }", RowClass.TABLE, Addressing.TABLE),
    ],
)
def test_classes(rows: str, row_class: RowClass, addressing: Addressing) -> None:
    (pattern,) = patterns(f"glm 1 mixer m {{ B[i] = {rows} }}")
    plan = schedule(pattern, NO_FACTS, TINY)
    side = plan.groups[0].b
    assert (side.row_class, side.addressing) == (row_class, addressing)
    assert plan.groups[0].a.row_class is RowClass.SELF


def test_compact_rows_move_at_most_one_slot_on() -> None:
    (pattern,) = patterns("glm 1 mixer m { let f(k) = 2^k B[i] = compact(f)[i] }")
    side = schedule(pattern, NO_FACTS, TINY).groups[0].b
    assert (side.row_class, side.addressing) == (RowClass.NESTED, Addressing.NESTED)
    assert side.index_map is not None and side.unit_map is not None


@pytest.mark.parametrize(
    ("a", "b", "first"),
    [
        ("{ i }", "{ i - 2^k for k in 0.. }", (0, 1)),
        ("{ i - 2^k + 1 for k in 0.. }", "{ i - 1, i - 3 }", (2, 0)),
        ("{ i, i - 4 }", "{ i - 1 }", (0, 2)),
    ],
)
def test_logits_of_a_bounded_side_come_first(a: str, b: str, first: tuple[int, int]) -> None:
    (pattern,) = patterns(f"glm 1 mixer m {{ A[i] = {a} B[i] = {b} {BY_SLOT} }}")
    group = schedule(pattern, NO_FACTS, TINY).groups[0]
    assert (group.a.first_logit, group.b.first_logit) == first
    assert group.inputs == ("slot_gate",)


def test_groups_that_compute_the_same_are_one() -> None:
    text = (
        "glm 1 mixer p(w: int = 2) { A[i] = window(w)[i] weights A = softmax(dot(q, k)) }"
        "mixer m { heads 1/4: p heads 1/2: p(w = 3) heads 1/4: p(w = 2) }"
    )
    (pattern,) = patterns(text, "m")
    plan = schedule(pattern, NO_FACTS, TINY)
    assert [group.package for group in plan.groups] == ["heads_p", "heads_p_2"]
    assert [share.group for share in plan.shares] == [0, 1, 0]
