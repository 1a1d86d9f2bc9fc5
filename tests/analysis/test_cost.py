"""time and total against their definitions, THEORY's table, and the clock."""

from __future__ import annotations

import time as clock

import pytest

from glmc.analysis import cost
from glmc.analysis.batches import TooManyEntries
from glmc.pattern.rows import sizes
from tests.analysis import brute
from tests.analysis.mixers import BODIES, HEADS, TABLE, example, mixer_text, pattern, patterns

LENGTH = 48


def agrees(found: cost.IntArray, mixer: brute.Mixer) -> None:
    times, totals = cost.time(found), cost.total(found)
    for n in (1, 2, 3, 17, 40, LENGTH):
        assert times[n] == mixer.time(n), n
        assert totals[n] == mixer.total(n), n


@pytest.mark.parametrize("name", BODIES)
def test_definition(name: str) -> None:
    mixer = brute.read(mixer_text(BODIES[name]), LENGTH)["m"]
    agrees(cost.token_times(pattern(BODIES[name]), LENGTH), mixer)


def test_groups_add() -> None:
    mixers = brute.read(HEADS, LENGTH)
    for found in patterns(HEADS):
        agrees(cost.token_times(found, LENGTH), mixers[found.name])


@pytest.mark.parametrize("name", TABLE)
def test_table(name: str) -> None:
    for n, (time, total, _, _) in zip((64, 1024), TABLE[name], strict=True):
        tokens = cost.token_times(example(name), n)
        assert (cost.time(tokens)[n], cost.total(tokens)[n]) == (time, total)


@pytest.mark.parametrize("name", ["compact fibonacci", "compact, late", "compact by hand"])
def test_compact_sizes_are_those_of_the_rows(name: str) -> None:
    """The reader lemma counts what enumeration counts."""
    rows = pattern(BODIES[name]).groups[0].b
    assert cost.row_sizes(rows, 1500).tolist() == sizes(rows, 0, 1500).tolist()


def test_empty_sequence() -> None:
    tokens = cost.token_times(pattern("B[i] = { i - 1 }"), 0)
    assert cost.time(tokens).tolist() == cost.total(tokens).tolist() == [0]


@pytest.mark.parametrize("name", TABLE)
def test_long_sequences_are_quick(name: str) -> None:
    start = clock.process_time()
    assert len(cost.token_times(example(name), 65536)) == 65536
    assert clock.process_time() - start < 8


def test_unaffordable_rows_say_so() -> None:
    with pytest.raises(TooManyEntries):
        cost.token_times(pattern(BODIES["common divisor"]), 1 << 17)
