"""Rows and slots against the oracle, the numbers of THEORY's table, and the numbering by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from glmc.pattern.evaluate import EvaluationError
from glmc.pattern.nodes import (
    Comprehension,
    FloorDivide,
    Generator,
    Listed,
    Number,
    Product,
    Row,
    RowSet,
    Sum,
    Variable,
)
from glmc.pattern.rows import Entries, entries, entry_blocks, row, side_slots, sizes, slot_layout
from tests import oracle, strategies
from tests.pattern.texts import group, pattern

LENGTH = 40


def by_row(found: Entries, length: int) -> list[dict[int, int]]:
    rows: list[dict[int, int]] = [{} for _ in range(length)]
    for i, column, slot in zip(found.row.tolist(), found.column.tolist(), found.slot.tolist(), strict=True):
        assert column not in rows[i]
        rows[i][column] = slot
    return rows


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(strategies.mixers())
def test_rows_and_slots(drawn: strategies.Drawn) -> None:
    meaning = pattern(drawn.text, drawn.name)
    for mine, theirs in zip(meaning.groups, oracle.read(drawn.text)[drawn.name].groups, strict=True):
        layout = slot_layout(mine)
        for side, row_set, expected in (("A", mine.a, theirs.a), ("B", mine.b, theirs.b)):
            found = entries(row_set, 0, LENGTH)
            assert np.all(np.diff(found.row * (1 << 40) + found.slot) > 0)
            for i, columns in enumerate(by_row(found, LENGTH)):
                if found.numbered:
                    assert columns == expected(i), (drawn.text, side, i)
                else:
                    assert columns == {j: rank for rank, j in enumerate(sorted(expected(i)))}
            if side in layout.order:
                assert layout.side(side).slots(LENGTH) == theirs.slots(side, LENGTH)
                assert layout.offset(side, LENGTH) == theirs.offset(side)
            part = entries(row_set, 17, 29)
            chosen = (found.row >= 17) & (found.row < 29)
            assert np.array_equal(part.column, found.column[chosen])
            assert np.array_equal(sizes(row_set, 0, LENGTH), np.bincount(found.row, minlength=LENGTH))


# -- the table of THEORY.md, section 4 -----------------------------------------------------------------------

TABLE = {
    "attention": ("A[i] = causal[i]", 64, 2080, 1024, 524800),
    "local": ("A[i] = window(16)[i]", 16, 904, 16, 16264),
    "ssm": ("B[i] = { i - 1 }", 2, 127, 2, 2047),
    "kth_order": ("B[i] = { i - k for k in 1..17 }", 17, 952, 17, 17272),
    "dense_recurrence": ("B[i] = past[i]", 64, 2080, 1024, 524800),
    "powers": ("let f(k) = 2^k  B[i] = shifts(f)[i]", 7, 385, 11, 10241),
    "powers_compact": ("let f(k) = 2^k  B[i] = compact(f)[i]", 7, 385, 11, 10241),
    "squares": ("let f(k) = k^2 + 1  B[i] = shifts(f)[i]", 9, 428, 33, 23344),
    "squares_compact": ("let f(k) = k^2 + 1  B[i] = compact(f)[i]", 8, 374, 26, 17893),
}


@pytest.mark.parametrize("name", TABLE)
def test_time_and_total_of_the_table(name: str) -> None:
    body, *expected = TABLE[name]
    found = group(body)
    times = sizes(found.a, 0, 1024) + sizes(found.b, 0, 1024)
    assert [times[:64].max(), times[:64].sum(), times.max(), times.sum()] == expected


@pytest.mark.parametrize("name", TABLE)
def test_the_oracle_agrees_with_the_table(name: str) -> None:
    body, time_64, total_64, *_ = TABLE[name]
    mixer = oracle.read(f"glm 1\nmixer tested {{ {body} }}\n")["tested"]
    assert (mixer.time(64), mixer.total(64)) == (time_64, total_64)


@pytest.mark.parametrize(
    ("name", "cache", "path"),
    [
        ("attention", 64, 1),
        ("local", 15, None),
        ("ssm", 1, 63),
        ("kth_order", 16, 4),
        ("powers", 64, 6),
        ("powers_compact", 7, 6),
        ("squares", 64, 4),
        ("squares_compact", 7, 5),
    ],
)
def test_cache_and_path_of_the_oracle(name: str, cache: int, path: int | None) -> None:
    mixer = oracle.read(f"glm 1\nmixer tested {{ {TABLE[name][0]} }}\n")["tested"]
    assert (mixer.cache(64, horizon=200), mixer.path(64)) == (cache, path)


# -- slots ---------------------------------------------------------------------------------------------------

FAR = "let f(k) = 2^k"


@pytest.mark.parametrize(
    ("rows", "i", "slots", "capacity"),
    [
        ("{ i - 3, i - 1, i - 2 }", 5, {2: 0, 4: 1, 3: 2}, 3),
        ("{ i - 3, i - 1, i - 2 }", 1, {0: 1}, 3),
        ("{ i - k for k in 2..6 }", 9, {7: 0, 6: 1, 5: 2, 4: 3}, 4),
        ("{ i - 1, i - 2 } | { i - k for k in 2..5 }", 9, {8: 0, 7: 1, 6: 3, 5: 4}, 5),
        ("{ i - f(k) for k in 1.. }", 9, {7: 0, 5: 1, 1: 2}, None),
        ("{ i - 1 if i % 2 == 1 } | { i - f(k) for k in 0.. }", 8, {7: 1, 6: 2, 4: 3, 0: 4}, None),
        ("({ i - k for k in 1..5 } - { i - 2 }) | { i - 2 }", 9, {8: 0, 6: 2, 5: 3, 7: 4}, 5),
        ("{ i - k for k in 1..9 } & { i - 4, i - 2 }", 9, {7: 1, 5: 3}, 8),
        ("window(3)[i - 1] | { 0 if i > 0 }", 9, {8: 0, 7: 1, 6: 2, 0: 3}, 4),
        ("{ j for j in max(0, i - 4)..i }", 9, {5: 0, 6: 1, 7: 2, 8: 3}, 4),
        ("{ j for j in i // 4 * 4..i } | { i - 4 }", 7, {4: 0, 5: 1, 6: 2, 3: 3}, 4),
        (
            "{ i - k for k in 1.. if k % 3 != 0 and k < 9 } | { i - 9 }",
            9,
            {8: 0, 7: 1, 5: 3, 4: 4, 2: 6, 1: 7, 0: 8},
            9,
        ),
        ("{ i - f(k) for k in 0.. if f(k) <= 20 and i % 2 == 1 }", 9, {8: 0, 7: 1, 5: 2, 1: 3}, 5),
        ("{ i // 2^k * 2^k - 1 for k in 0..bitlen(i) + 1 }", 12, {11: 0, 7: 3}, None),
    ],
)
def test_slot_numbers(rows: str, i: int, slots: dict[int, int], capacity: int | None) -> None:
    b = group(f"{FAR}\nB[i] = {rows}").b
    found = entries(b, i, i + 1)
    assert found.numbered
    assert dict(zip(found.column.tolist(), found.slot.tolist(), strict=True)) == slots
    assert side_slots(b).capacity == capacity


@pytest.mark.parametrize(
    "rows",
    [
        "past[i]",
        "shifts(linear)[i]",
        "{ i - a - 3 * b for a in 1..4 for b in 0..2 }",
        "{ i - f(k) for k in 0.. } | { i - 3 }",
    ],
)
def test_rows_without_slot_numbers(rows: str) -> None:
    b = group(f"{FAR}\nlet linear(k) = k + 1\nB[i] = {rows}").b
    found = entries(b, 20, 21)
    assert not found.numbered
    assert found.slot.tolist() == list(range(len(found)))
    assert np.all(np.diff(found.column) > 0)


def test_logits_of_bounded_sides_come_before_growing_ones() -> None:
    layout = slot_layout(group(f"{FAR}\nA[i] = {{ i - f(k) for k in 0.. }}\nB[i] = {{ i - 1, i - 7 }}"))
    assert layout.order == ("B", "A")
    assert [layout.offset(side, 100) for side in ("A", "B")] == [2, 0]
    assert [layout.slots(length) for length in (1, 2, 3, 100, 129)] == [2, 3, 4, 9, 10]
    plain = slot_layout(group("A[i] = { i, i - 2 }\nB[i] = { i - 1, i - 7 }"))
    assert (plain.order, plain.slots(5), plain.offset("B", 5), plain.grows) == (("A", "B"), 4, 2, False)


def test_a_dense_side_takes_no_logits() -> None:
    layout = slot_layout(group(f"{FAR}\nA[i] = causal[i]\nB[i] = shifts(f)[i]"))
    assert layout.order == ("B",)
    assert layout.offset("B", 64) == 0


def test_of_two_growing_sides_only_the_one_that_asks_takes_logits() -> None:
    growing = f"{FAR}\nA[i] = landmarks(f)[i]\nB[i] = shifts(f)[i]"
    assert slot_layout(group(growing)).order == ()
    layout = slot_layout(group(f"{growing}\nweights A = 1\nweights B = softmax(slot_gate)"))
    assert (layout.order, layout.offset("B", 64), layout.slots(64)) == (("B",), 0, 6)
    assert not layout.ambiguous


# -- size and limits -----------------------------------------------------------------------------------------

SQUARES = "let f(k) = k^2 + 1\nB[i] = shifts(f)[i]"


def test_many_rows_take_little_time() -> None:
    started = time.perf_counter()
    found = sizes(group(SQUARES).b, 0, 65536)
    assert np.array_equal(found, [0, *np.floor(np.sqrt(np.arange(65535))).astype(int) + 1])
    assert sum(sizes(group("B[i] = past[i]").b, 0, 4096)) == 4096 * 4095 // 2
    assert time.perf_counter() - started < 60


def test_blocks_follow_each_other_and_stay_small() -> None:
    end = 0
    for first, stop, block in entry_blocks(group("B[i] = past[i]").b, 0, 6000):
        assert first == end
        assert set(block.row.tolist()) == set(range(max(first, 1), stop))
        assert len(block) < 2 * 6000**2 // 2 // 2
        end = stop
    assert end == 6000


def test_one_far_row() -> None:
    assert row(group(SQUARES).b, 10**7)[:2] == (10**7 - 3162**2 - 1, 10**7 - 3161**2 - 1)
    assert row(group("let f(k) = 2^(2^k)\nB[i] = shifts(f)[i]").b, 70000) == (
        4464,
        69744,
        69984,
        69996,
        69998,
    )


def test_ranges_far_beyond_the_rows_end_with_them() -> None:
    found = group("B[i] = { i - k for k in 1..10^15 }").b
    assert sizes(found, 0, 50).tolist() == list(range(50))


def plain(element: object, *ranges: tuple[int, int | None]) -> RowSet:
    generators = tuple(
        Generator(Variable(f"v{place}"), Number(start), None if stop is None else Number(stop))  # type: ignore[arg-type]
        for place, (start, stop) in enumerate(ranges)
    )
    return Comprehension(element, generators)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row_set", "kind"),
    [
        (plain(Variable("v0"), (0, None)), "endless"),
        (plain(Variable("v0"), (0, 10**9)), "too large"),
        pytest.param(plain(Row(), *[(0, 3000)] * 3), "too large", marks=pytest.mark.slow),
        (Listed((Number(10**30),)), "too large"),  # type: ignore[arg-type]
    ],
)
def test_work_without_bound_is_refused(row_set: RowSet, kind: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        entries(row_set, 0, 2)
    assert raised.value.kind == kind


def test_a_missing_value_has_its_witness() -> None:
    divided = FloorDivide(Number(12), Sum((Number(5), Product((Number(-1), Row())))))  # type: ignore[arg-type]
    with pytest.raises(EvaluationError) as raised:
        entries(plain(divided, (0, 2)), 0, 20)
    assert (raised.value.kind, raised.value.row, raised.value.variables) == ("zero divisor", 5, (("v0", 0),))
