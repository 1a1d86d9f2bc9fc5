"""path against its definition, THEORY's table and theorems, and the clock."""

from __future__ import annotations

import time as clock

import numpy as np
import pytest

from glmc.analysis import influence
from glmc.analysis.influence import Paths, paths
from tests.analysis import brute
from tests.analysis.mixers import BODIES, HEADS, TABLE, example, mixer_text, pattern, patterns

LENGTH = 32


def agrees(found: Paths, mixer: brute.Mixer) -> None:
    hops = mixer.hops(LENGTH)
    assert found.unreachable == brute.unreachable(hops, LENGTH)
    assert len(found.values) == (LENGTH if found.unreachable is None else found.unreachable[1]) + 1
    for n in (1, 2, 3, 17, LENGTH):
        assert found.at(n) == brute.path(hops, n), n


@pytest.mark.parametrize("name", BODIES)
def test_definition(name: str) -> None:
    agrees(paths(pattern(BODIES[name]), LENGTH), brute.read(mixer_text(BODIES[name]), LENGTH)["m"])


def test_least_over_groups() -> None:
    mixers = brute.read(HEADS, LENGTH)
    for found in patterns(HEADS):
        agrees(paths(found, LENGTH), mixers[found.name])


@pytest.mark.parametrize("name", TABLE)
def test_table(name: str) -> None:
    found = paths(example(name), 1024)
    assert [found.at(n) for n in (64, 1024)] == [row[3] for row in TABLE[name]]


def test_the_unreachable_pair() -> None:
    assert paths(example("local_attention"), 1024).unreachable == (0, 16)
    assert paths(pattern("B[i] = { i - 2 }"), 9).unreachable == (0, 1)
    assert paths(pattern("A[i] = { i - 1 }"), 9).unreachable == (0, 0)


@pytest.mark.parametrize("name", ["shifts", "fibonacci", "compact fibonacci", "compact, late", "compact by hand"])
def test_theorems_agree_with_the_table_of_all_pairs(name: str) -> None:
    """Hops by distance and the path theorem of compact forms, for every n to 600."""
    found = pattern(BODIES[name])
    farthest = np.maximum.accumulate([hops.max() for hops in influence.hop_rows(found.groups[0], 600)])
    assert paths(found, 600).values[1:].tolist() == farthest.tolist()


def test_many_hops_do_not_overflow() -> None:
    found = pattern("A[i] = { i } B[i] = { i - 1 if i > 0 } | { j for j in 0..1 if j > i }")
    *_, hops = influence.hop_rows(found.groups[0], 400)
    assert hops.tolist() == list(range(399, -1, -1))


@pytest.mark.parametrize("name", TABLE)
def test_long_sequences_are_quick(name: str) -> None:
    start = clock.process_time()
    found = paths(example(name), 65536)
    assert found.unreachable is not None or len(found.values) == 65537
    assert clock.process_time() - start < 6


@pytest.mark.parametrize("name", ["common divisor", "past without powers", "residue of the column", "half"])
def test_dense_rows_are_quick(name: str) -> None:
    start = clock.process_time()
    paths(pattern(BODIES[name]), 4096)
    assert clock.process_time() - start < 10
