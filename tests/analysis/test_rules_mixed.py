"""Rules for paths and congestion of mixed rows: what they prove, that it fits enumeration, and when they refuse."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from glmc.analysis.congestion import congestion
from glmc.analysis.evidence import agrees
from glmc.analysis.growth import Growth
from glmc.analysis.influence import hop_rows
from glmc.analysis.rules.derive import laws
from glmc.analysis.rules.maps import RecurrenceMap, value_at
from glmc.analysis.rules.slots import distinct_slots
from glmc.pattern.nodes import Pattern
from tests.analysis import brute
from tests.analysis.mixers import example, pattern

PELL = "let f(0) = 1 let f(1) = 2 let f(k + 2) = 2 * f(k + 1) + f(k)"
NARAYANA = "let f(0) = 1 let f(1) = 3 let f(2) = 4 let f(k + 3) = f(k + 2) + f(k)"
SQUARES = "let f(k) = k^2 + 1"

# body: growth of path, growth of congestion; a dash where nothing is proved
GROWTHS = {
    f"{SQUARES} B[i] = compact(f)[i] | {{ i - 5 }}": ("log(log(n))", "sqrt(n)"),
    f"{SQUARES} A[i] = window(8)[i] B[i] = compact(f)[i]": ("log(log(n))", "sqrt(n)"),
    f"{SQUARES} A[i] = {{ i }} | {{ j for j in 0..4 if j <= i }} B[i] = compact(f)[i]": ("log(log(n))", "sqrt(n)"),
    f"{SQUARES} let g(k) = 2^k B[i] = compact(f)[i] | compact(g)[i]": ("log(log(n))", "sqrt(n)"),
    "let f(k) = k^3 + 1 B[i] = compact(f)[i] | window(4)[i] - { i }": ("log(log(n))", "n^(2/3)"),
    "let f(k) = 2^k B[i] = compact(f)[i] | { i - 9 }": ("log(n)", "n*log(n)^-1"),
    f"{PELL} B[i] = compact(f)[i]": ("log(n)", "n*log(n)^-1"),
    f"{NARAYANA} B[i] = compact(f)[i]": ("log(n)", "n*log(n)^-1"),
    "let f(0) = 1 let f(k + 1) = 3 * f(k) + 1 B[i] = compact(f)[i]": ("log(n)", "n*log(n)^-1"),
    "let f(k) = 5 * k + 1 B[i] = compact(f)[i]": ("1", "1"),
    "let f(k) = k^2 B[i] = window(5)[i] - { i } | landmarks(f)[i]": ("sqrt(n)", "sqrt(n)"),
    "let f(k) = k^3 A[i] = window(3)[i] B[i] = { i - 1 } | landmarks(f)[i]": ("n^(2/3)", "n^(2/3)"),
    "let f(k) = 3^k B[i] = { i - 1 } | landmarks(f)[i]": ("n", "n"),
    "A[i] = { i } | { k^2 for k in 0.. if k^2 <= i } B[i] = { i - 1 }": ("n", "n"),
    "A[i] = stride(4)[i] B[i] = { i - 1 }": ("1", "1"),
    "B[i] = { i - 1 } | { i - 7 - 4 * k for k in 0.. }": ("1", "1"),
    "B[i] = (past[i] - window(6)[i]) | { i - 1 }": ("1", "1"),
    "B[i] = fenwick[i] - { i } | { i - 1 }": ("log(n)", "-"),
    "B[i] = { i // 2^k * 2^k - 1 for k in 0..bitlen(i) }": ("log(n)", "-"),
    "B[i] = { j for j in i - floor(sqrt(i))..i }": ("sqrt(n)", "-"),
    "B[i] = { j for j in i // 2..i }": ("log(n)", "-"),
    "A[i] = window(3)[i] B[i] = { i - 2^k for k in 0.. }": ("log(n)", "log(n)"),
}


def _shown(growth: Growth | None) -> str:
    return "-" if growth is None else str(growth)


@pytest.mark.parametrize("body", GROWTHS)
def test_growths(body: str) -> None:
    known = laws(pattern(body))
    assert known.path is not None or GROWTHS[body][0] == "-"
    path = "-" if known.path is None else _shown(known.path.growth)
    assert (path, _shown(known.congestion.growth)) == GROWTHS[body]


@pytest.mark.parametrize("body", GROWTHS)
def test_paths_fit_enumeration(body: str) -> None:
    found = pattern(body)
    law = laws(found).path
    if law is None:
        return
    farthest = np.maximum.accumulate([int(hops.max()) for hops in hop_rows(found.groups[0], 1500)])
    values = np.concatenate(([0], farthest))
    assert agrees(law, values)
    if law.growth is not None:
        assert 1 / 3 < values[1500] / values[100] / (_at(law.growth, 1500) / _at(law.growth, 100)) < 3


@pytest.mark.parametrize("body", [body for body, (_, growth) in GROWTHS.items() if growth != "-"])
def test_congestion_fits_measurement(body: str) -> None:
    found = pattern(body)
    law = laws(found).congestion
    assert law.growth is not None
    small, large = (max(_measured(found, n) for n in (4 * m, 4 * m - 1, 5 * m + 2)) for m in (8, 64))
    assert 1 / 3 < large / small / (_at(law.growth, 256) / _at(law.growth, 32)) < 3


def _measured(found: Pattern, length: int) -> float:
    interval = congestion(found, length)
    assert interval.lower is not None and interval.upper is not None
    return (interval.lower + interval.upper) / 2


def _at(growth: Growth, n: int) -> float:
    return float(n**growth.power * math.log(n) ** growth.log * math.log(math.log(n)) ** growth.loglog)


TABLE = {
    "attention": "1",
    "diagonal_ssm": "n",
    "kth_order": "n",
    "dense_recurrence": "1",
    "power_of_two": "log(n)",
    "power_of_two_compact": "n*log(n)^-1",
    "squares": "1",
    "squares_compact": "sqrt(n)",
}


@pytest.mark.parametrize("name", TABLE)
def test_the_paper_s_table_has_its_congestion(name: str) -> None:
    assert _shown(laws(example(name)).congestion.growth) == TABLE[name]


CACHES = {
    "B[i] = { i - 1 } | { i - floor(sqrt(i)) if i > 0 }": "sqrt(n)",
    "B[i] = { i - 1 } | { i - 1 - floor(log(i, 3)) if i > 0 }": "log(n)",
    "B[i] = { i - 1 } | { (i - 1) // 2 if i > 0 }": "n",
    "B[i] = { i - 1 } | { i - 2^k for k in 0.. if (i + k) % 3 == 0 }": "n",
    "B[i] = { j for j in 0..i if (i + j) % 2 == 0 }": "n",
    "B[i] = { 0 if i > 0 } | ({ i - k^2 for k in 1.. } & { i - 2^k for k in 0.. })": "n",
    "A[i] = { 0, i } B[i] = { i - 1 }": "1",
    # not every row has its element, or not every column is met
    "B[i] = { i - 1 } | { i - floor(sqrt(i)) if i % 3 == 1 }": "-",
    "B[i] = { i - 1 } | { 2 * (i // 4) if i > 0 }": "-",
    "B[i] = { i - 1 } | { i - 2^k for k in 0.. if 2 * (i + k) % 4 == 1 }": "-",
}


@pytest.mark.parametrize("body", CACHES)
def test_caches(body: str) -> None:
    found = pattern(body)
    law = laws(found).cache
    assert _shown(law.growth) == CACHES[body]
    small, large = (brute.of(found, 4 * n).cache(n) for n in (40, 320))
    if law.growth is not None:
        assert 1 / 3 < large / small / (_at(law.growth, 320) / _at(law.growth, 40)) < 3


# each rule with one of its conditions broken
REFUSED = [
    # no own input: x_i may not reach y_i
    (f"{SQUARES} A[i] = {{ i - 1 }} B[i] = compact(f)[i]", "path"),
    (f"{SQUARES} A[i] = {{ i - 1 }} B[i] = compact(f)[i]", "congestion"),
    # vectors that shifts read for ever bound nothing from below
    (f"{SQUARES} B[i] = compact(f)[i] | {{ i - 3^k for k in 1.. }}", "path"),
    (f"{SQUARES} B[i] = compact(f)[i] | {{ i - 3^k for k in 1.. }}", "congestion"),
    # landmarks of two maps may leave no long gap
    ("B[i] = { i - 1 } | { k^2 for k in 0.. if k^2 < i } | { k^3 + 1 for k in 0.. if k^3 + 1 < i }", "path"),
    # landmarks, but no way to step to them
    ("B[i] = { i - 2 } | { k^2 for k in 0.. if k^2 < i }", "path"),
    ("B[i] = { i - 2 } | { k^2 for k in 0.. if k^2 < i }", "congestion"),
    # an integer ratio that is reached only in the limit: slots may come close without bound
    ("let f(0) = 1 let f(1) = 3 let f(k + 2) = f(k + 1) + 2 * f(k) B[i] = compact(f)[i]", "path"),
    ("let f(0) = 1 let f(1) = 3 let f(k + 2) = f(k + 1) + 2 * f(k) B[i] = compact(f)[i]", "congestion"),
    # steps that do not reach the distance 1
    ("B[i] = { i - 2 } | { i - 7 - 4 * k for k in 0.. }", "path"),
    ("A[i] = stride(4)[i] B[i] = { i - 2 }", "path"),
    ("B[i] = fenwick[i] - { i } | { i - 2 }", "path"),
    # an interval that ends before the row, or is empty in row 1
    ("B[i] = { j for j in i // 2..i - 1 }", "path"),
    ("B[i] = { j for j in floor(sqrt(i))..i }", "path"),
    # half of all rows end earlier
    ("B[i] = { j for j in i - floor(sqrt(i))..i if i % 2 == 0 } | { i - 2 }", "path"),
]


@pytest.mark.parametrize(("body", "quantity"), REFUSED)
def test_rules_refuse_outside_their_conditions(body: str, quantity: str) -> None:
    law = getattr(laws(pattern(body)), quantity)
    assert law is None or law.infinite or law.growth is None


RECURRENCES = [
    ((1, 2), (1, 2), 0, 0),
    ((1, 2), (1, 1), 0, 0),
    ((1, 3, 4), (1, 0, 1), 0, 0),
    ((1, 2, 4), (1, 1, 1), 0, 0),
    ((1, 2), (1, 2), 5, 0),
    ((2, 3), (1, 1), 0, -1),
    ((1,), (3,), 1, 0),
    ((1, 4), (1, 3), 2, 0),
]


@pytest.mark.parametrize(("first", "weights", "constant", "offset"), RECURRENCES)
def test_slots_of_recurrences_stay_apart(
    first: tuple[int, ...], weights: tuple[int, ...], constant: int, offset: int
) -> None:
    """The inequality of the rule itself, on the units by their definition."""
    index_map = RecurrenceMap(first, weights, constant, offset, 0)
    apart = distinct_slots(index_map)
    assert apart is not None
    f = [value_at(index_map, k) for k in range(120)]
    a = [1]
    for before, after in pairwise(f):
        a.append(a[-1] * -(-(after - before) // a[-1]))
    assert all(f[k + apart] - a[k + apart] >= f[k] for k in range(30, 120 - apart))
