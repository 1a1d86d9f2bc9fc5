"""Shortest influence paths and their numbers against every path written out, closed forms, and the clock."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator

import pytest

from glmc.analysis.connection import MOST_DIGITS, connection, influence_paths
from glmc.pattern.nodes import Pattern
from tests.analysis import brute
from tests.analysis.mixers import BODIES, HEADS, example, mixer_text, pattern, patterns

LENGTH = 12


def walks(mixer: brute.Mixer, source: int, target: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Every influence path, as its group and the outputs on it."""
    for number, (a, b) in enumerate(mixer.groups):
        unfinished = [(m,) for m in range(source, target + 1) if source in a[m]]
        while unfinished:
            walk = unfinished.pop()
            if walk[-1] == target:
                yield number, walk
            unfinished += [(*walk, later) for later in range(walk[-1] + 1, target + 1) if walk[-1] in b[later]]


def agrees(found: Pattern, mixer: brute.Mixer) -> None:
    for target in range(LENGTH):
        for source in range(target + 1):
            known, all_walks = connection(found, source, target), list(walks(mixer, source, target))
            assert (known is None) == (not all_walks)
            if known is not None:
                assert known.count == len(all_walks)
                assert known.hops == min(len(walk) - (walk[0] == source) for _, walk in all_walks)
                assert known.hops == len(known.outputs) - (known.outputs[0] == source)
                groups = {number for number, walk in all_walks if walk == known.outputs}
                assert known.group in {found.groups[number].name for number in groups}
                assert 10**known.log10_count == pytest.approx(known.count)


@pytest.mark.parametrize("name", BODIES)
def test_every_pair(name: str) -> None:
    agrees(pattern(BODIES[name]), brute.read(mixer_text(BODIES[name]), LENGTH)["m"])


def test_groups_add_and_the_shortest_counts() -> None:
    mixers = brute.read(HEADS, LENGTH)
    for found in patterns(HEADS):
        agrees(found, mixers[found.name])


def test_nothing_reaches_back() -> None:
    assert connection(example("attention"), 5, 4) is None


def fibonacci(n: int) -> int:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


@pytest.mark.parametrize("length", [2, 3, 100, 4096, 14000])
def test_closed_forms(length: int) -> None:
    """Compositions of n − 1 into ones and twos, and into any parts."""
    assert influence_paths(pattern("B[i] = { i - 1, i - 2 }"), length) == fibonacci(length)
    assert influence_paths(pattern("B[i] = past[i]"), length) == 2 ** (length - 2)
    assert influence_paths(pattern("A[i] = causal[i] B[i] = { i - 1 }"), length) == length
    assert influence_paths(example("local_attention"), length) == int(length <= 16)


def test_what_cannot_be_printed_has_a_logarithm() -> None:
    found = connection(pattern("B[i] = past[i]"), 0, 65535)
    assert found is not None and found.count is None
    assert found.log10_count == pytest.approx(65534 * 0.30102999566398, abs=1e-6)
    assert found.log10_count > MOST_DIGITS


@pytest.mark.parametrize(
    ("body", "length"),
    [
        ("B[i] = { i - 2^k for k in 0.. }", 65536),
        ("B[i] = { i - (k^2 + 1) for k in 0.. }", 65536),
        ("B[i] = past[i]", 65536),
        ("let f(k) = k^2 + 1 B[i] = compact(f)[i]", 4096),
        (BODIES["common divisor"], 4096),
        (BODIES["past without powers"], 4096),
    ],
)
def test_long_ways_are_quick(body: str, length: int) -> None:
    start = clock.process_time()
    connection(pattern(body), 0, length - 1)
    assert clock.process_time() - start < 12
