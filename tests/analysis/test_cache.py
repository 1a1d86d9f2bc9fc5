"""cache against its definition, THEORY's table, and the clock; what is called exact is exact."""

from __future__ import annotations

import time as clock

import pytest

from glmc.analysis.cache import Cache, cache, last_readers, settling
from glmc.pattern.nodes import Pattern
from tests.analysis import brute
from tests.analysis.mixers import BODIES, HEADS, TABLE, example, pattern, patterns

LENGTH = 40
HORIZON = 400
"""Far enough for every last reader below LENGTH of the mixers here."""

INEXACT = {"moving offset", "common divisor"}
"""No fact bounds their last readers; enumeration finds them all the same."""


def agrees(found: Cache, mixer: brute.Mixer) -> None:
    for n in (1, 2, 3, 17, LENGTH):
        assert found.values[n] == mixer.cache(n), n


@pytest.mark.parametrize("name", BODIES)
def test_definition(name: str) -> None:
    found = cache(pattern(BODIES[name]), LENGTH)
    agrees(found, brute.of(pattern(BODIES[name]), HORIZON))
    assert (found.horizon is not None) == (name in INEXACT)


def test_groups_add() -> None:
    for found in patterns(HEADS):
        agrees(cache(found, LENGTH), brute.of(found, HORIZON))


@pytest.mark.parametrize("name", TABLE)
def test_table(name: str) -> None:
    found = cache(example(name), 1024)
    assert found.horizon is None
    assert [int(found.values[n]) for n in (64, 1024)] == [row[2] for row in TABLE[name]]


def test_the_future_is_not_cut() -> None:
    """Token 63 of a window is read by tokens that come after a length of 64."""
    found = cache(pattern("A[i] = { i } | { i - 40 }"), 64)
    assert found.values[64] == 40


def test_what_no_fact_bounds_is_looked_for_up_to_a_horizon() -> None:
    assert cache(pattern(BODIES["common divisor"]), 300).horizon == 1200


def test_short_sequences_look_far_ahead() -> None:
    """Input 2 is read by row 500 alone."""
    found = cache(pattern("A[i] = { i } | { 2 if i == 500 }"), 3)
    assert (found.values[3], found.horizon) == (1, 1024)


@pytest.mark.parametrize("name", ["landmarks", "late landmarks", "fenwick", "block", "past without a window"])
def test_settling_is_true(name: str) -> None:
    """No vector is read again after the delay has passed without a reader."""
    group = pattern(BODIES[name]).groups[0]
    rows = brute.of(pattern(BODIES[name]), HORIZON).groups[0]
    for row_set, found in zip((group.a, group.b), rows, strict=True):
        delay = settling(row_set)
        assert delay is not None
        for j in range(LENGTH):
            readers = [i for i in range(j + 1, HORIZON) if j in found[i]]
            assert all(late - early <= delay + 1 for early, late in zip([j, *readers], readers, strict=False))


def test_last_readers_of_the_compact_form() -> None:
    """The reader lemma against the rows themselves."""
    body = BODIES["compact fibonacci"]
    (_, rows) = brute.of(pattern(body), HORIZON).groups[0]
    found = last_readers(pattern(body).groups[0].b, LENGTH)
    for j in range(LENGTH):
        assert min(found.rows[j], LENGTH) == min(max(i for i in range(HORIZON) if j in rows[i]), LENGTH)


def test_long_sequences_are_quick() -> None:
    patterns_: list[Pattern] = [example(name) for name in TABLE]
    start = clock.process_time()
    for found in patterns_:
        assert cache(found, 65536).horizon is None
    assert clock.process_time() - start < 8
