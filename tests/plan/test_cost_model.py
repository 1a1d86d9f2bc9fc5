"""What passes cost, by hand, and that every family that kernels come in has its passes."""

from __future__ import annotations

import pytest

from glmc.backends.triton import family
from glmc.plan import cost_model
from glmc.plan.cost_model import Family, Load, Pass, forward_passes
from glmc.plan.nodes import GroupPlan
from glmc.plan.schedule import schedule
from glmc.plan.solve import channel_block
from glmc.plan.target import DEFAULT, TARGETS
from glmc.resources import resource
from tests.analysis.mixers import EXAMPLES, mixer_text
from tests.emit.built import NO_FACTS, patterns

EVERY = [path.stem for path in EXAMPLES.glob("*.glm")]


def group(text: str) -> GroupPlan:
    return schedule(patterns(text)[-1], NO_FACTS, DEFAULT).groups[0]


def example(name: str) -> GroupPlan:
    return group((EXAMPLES / f"{name}.glm").read_text())


def counts(plan: GroupPlan, load: Load) -> dict[str, tuple[int, int, int]]:
    found = forward_passes(family(plan), plan, load)
    assert all(one.because for one in found)
    return {one.name: (one.bytes, one.operations, one.steps) for one in found}


def test_by_slot_by_hand():
    """Table rows that read every second column: 100 tokens, 16 channels, 3 heads."""
    plan = group(mixer_text("B[i] = { 2*j for j in 0..i if 2*j < i } weights A, B = softmax(dot(q, k))"))
    assert family(plan) is Family.SLOTS
    rows = [set(range(0, i, 2)) for i in range(100)]
    total, widest = sum(map(len, rows)), max(map(len, rows))
    vectors = 100 * 16
    assert counts(plan, Load(3, 16, 100, 132)) == {
        "coefficients": (3 * (2 * 2 * vectors + 4 * 100 * (1 + widest)), 3 * 32 * (100 + total), 0),
        "U = A X": (3 * (2 * vectors + 4 * 100 + 4 * vectors), 3 * 32 * 100, 0),
        "(I - B) Y = U": (3 * (4 * 100 * widest + 4 * vectors + 4 * vectors), 3 * 32 * total, 7),
    }


def test_by_gathering_by_hand():
    """Landmarks 0, 1, 4, 9, … and the output before: 30 landmarks before row 896, 1000 tokens, 16 channels, 3 heads."""
    plan = group(mixer_text("B[i] = { i - 1 } | { k^2 for k in 0.. if k^2 < i } weights A, B = softmax(dot(q, k))"))
    assert family(plan) is Family.SLOTS
    widest = len({998, *(k * k for k in range(999) if k * k < 999)})
    vectors = 1000 * 16
    read, stored = 2 * vectors + 4 * 1000, 4 * 1000 * widest
    operators, factors = stored + 2 * 96 * 1000, 2 * 32 * 1000
    found = counts(plan, Load(3, 16, 1000, 132))
    assert [found[name] for name in ("operators", "F = W E, Z = W U", "Y = Z + F Y")] == [
        (3 * operators, 3 * (2 * 128 * 128 * 1000 // 3), 0),
        (3 * (operators + read + factors + 4 * vectors), 3 * 2 * 128 * (32 + 16) * 1000, 0),
        (3 * (factors + 6 * vectors), 3 * 2 * 32 * 16 * 1000, 8),
    ]


def test_by_the_rows_that_later_chunks_read_by_hand():
    """Row i reads i - 1 and the last of the 64 rows before its own: one column of a chunk, and one row S of each."""
    plan = group(mixer_text("B[i] = { i - 1, 64 * (i // 64) - 1 } - { i } weights A, B = softmax(slot_gate)"))
    length, values = 9000, 16
    vectors, chunks = length * values, 141
    total = sum(len({j for j in (i - 1, 64 * (i // 64) - 1) if j >= 0}) for i in range(length))
    stored, read = 2 * 2 * length, 2 * vectors + 4 * length
    found = counts(plan, Load(3, values, length, 132))
    operators = stored + 2 * 64 * length
    ranks = 8 * chunks
    factors, right = 2 * 16 * ranks, 4 * values * ranks
    assert found["rows S of F = W E, Z = W U"] == (
        3 * (operators + read + factors + right),
        3 * 2 * 64 * (16 + values) * length,
        0,
    )
    assert found["S: Y = Z + F Y"] == (3 * (factors + 8 * values * ranks), 3 * 2 * 16 * values * ranks, 9)
    assert found["Y = W (U + E Y[S])"] == (
        3 * (operators + read + right + 2 * vectors),
        3 * 2 * (64 + 16) * values * length,
        0,
    )
    assert found["coefficients"][0] == 3 * (2 * (total + length) + stored + 4 * length), "float16 of many slots"
    assert "S: operators" in found and "(I - B) Y = U" not in found


def test_by_tiles_by_hand():
    """A dense side: 5050 entries, each a score and a value of 8 channels; q, k and x are read, y written."""
    plan = example("attention")
    assert family(plan) is Family.TILES
    assert counts(plan, Load(2, 8, 100, 132)) == {"U = A X": (2 * 4 * 2 * 100 * 8, 2 * 5050 * 4 * 8, 0)}
    assert counts(example("dense_recurrence"), Load(1, 8, 1000, 132))["(I - B) Y = A X"][2] == 8


def test_by_a_scan_by_hand():
    plan = example("gated_linear_recurrence")
    assert family(plan) is Family.SCAN
    states = 4 * 9 * 16
    assert counts(plan, Load(1, 8, 1024, 132)) == {
        "chunks from zero": (2 * 1024 + 2 * 8192 + states, 3 * 8192, 0),
        "states between chunks": (2 * states, 3 * 8 * 16, 1),
        "chunks from states": (2 * 1024 + 4 * 8192 + states, 3 * 8192, 0),
    }


def test_the_kernels_have_the_sizes_that_are_counted():
    """The numbers of the templates that the cost model speaks of."""
    scan, by_table = ((resource("templates/triton") / name).read_text() for name in ("scan.py.jinja", "solve.py.jinja"))
    assert f"CHUNK = {cost_model._SCANNED_TOKENS} " in scan and f"= {cost_model._SCANNED_CHUNKS}, " in scan
    assert f"C={cost_model._SOLVED_ROWS}," in by_table


def test_chains_run_side_by_side_where_they_can():
    """As few channels as leave no chain waiting for a multiprocessor."""
    assert [channel_block(channels, 132) for channels in (1, 8 * 132, 8 * 132 + 1, 16 * 132 + 1, 10**6)] == [
        8,
        8,
        16,
        32,
        32,
    ]
    (chain,) = (p for p in forward_passes(Family.SLOTS, example("power_of_two"), Load(64, 64, 8192, 132)) if p.steps)
    assert chain.because.startswith("128 chains of 32 channels")


def test_every_family_is_met():
    made = {family(g) for g in [*map(example, EVERY), group(mixer_text("A[i] = { } B[i] = { i - 1 }"))]}
    assert made == set(Family)


@pytest.mark.parametrize("name", EVERY)
def test_every_example_has_passes(name):
    found = counts(example(name), Load(1, 16, 300, 132))
    assert found and all(size >= 2 * 300 * 16 for size, _, _ in [*found.values()][-1:]), "the last writes y"


def test_what_binds():
    h200 = TARGETS["h200"]
    memory, compute, steps = (Pass("", *numbers, "") for numbers in ((4_240_000, 0, 0), (0, 790_000_000, 0), (0, 0, 1)))
    assert [p.binds(h200) for p in (memory, compute, steps)] == ["memory", "compute", "steps"]
    assert memory.seconds(h200) == pytest.approx(1e-6) and steps.seconds(h200) == h200.step
